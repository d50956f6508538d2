#!/usr/bin/python
"""Find what a deleted instance left in a cluster and on its nodes. Reads only; refuses one that lives.

The first look (`listings` not given) says which Jobs can look into the nodes' folders; with the logs of those
Jobs the plan is complete.
"""

from dataclasses import replace
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from heddle.errors import RunbookError
from heddle.kube.jobs import date_of_name
from heddle.runbooks.modules import Scene, run_module
from heddle.runbooks.residue import (
    Facts,
    Target,
    deleted_instances,
    directories_left,
    living_data,
    node_folders,
    plan_for,
)
from heddle.runbooks.residuefacts import gather, nodes_of, pod_logs_of
from heddle.runbooks.residuejobs import NAMESPACE, clear_job, image_on, listed, look_job
from heddle.versions import ORDERER_IMAGE, PEER_IMAGE, STANDIN_IMAGE


async def look(scene: Scene) -> dict[str, Any]:
    """Return `jobs` that look, and the `plan` with its `lines` and the Jobs `removals` that act on nodes."""
    given = scene.parameters
    facts = await gather(scene.cluster, scene.context.namespaces)
    target = _target(given, facts)
    if target is None:
        lines = ["no deleted instance left anything"]
        return {"jobs": [], "removals": [], "plan": {}, "living": {}, "lines": lines}
    plan = plan_for(facts, target)
    nodes = await nodes_of(scene.cluster, given["node"])
    images = [given["image"]] if given["image"] else [PEER_IMAGE, STANDIN_IMAGE, ORDERER_IMAGE]
    logs = await pod_logs_of(scene.cluster, nodes)
    date = date_of_name(given["date"])
    jobs, removals, found = [], [], {}
    for node in nodes:
        name = node["metadata"]["name"]
        folders = node_folders(facts, pod_logs=logs[name], more=given["volume_folders"])
        job = look_job(name, image_on(node, images), folders, date=date)
        jobs.append(job)
        if not given["looked"]:
            continue
        listing = listed(await scene.cluster.log_of_job(NAMESPACE, job["metadata"]["name"]))
        left = directories_left(facts, target, logs[name], listing)
        paths = sorted({*left, *(path for path in plan.directories.get(name, ()) if path in listing)})
        if paths:
            found[name] = tuple(paths)
            removals.append(clear_job(name, image_on(node, images), paths, date=date))
    complete = replace(plan, directories=found)
    return {
        "jobs": jobs,
        "removals": removals,
        "plan": {
            "volumes": list(complete.volumes),
            "objects": list(complete.objects),
            "directories": {node: list(paths) for node, paths in complete.directories.items()},
        },
        "living": living_data(facts, target),
        "lines": complete.lines(),
    }


def _target(given: Any, facts: Facts) -> Target | None:  # noqa: ANN401 - a module's parameters
    """Return the instance that is meant; None when none is named and nothing is left of any."""
    if given["instance"]:
        namespace = given["namespace"] or f"fabric-{given['instance']}"
        return Target(instance=given["instance"], namespace=namespace)
    deleted = deleted_instances(facts)
    if not deleted:
        return None
    names = "\n  ".join(f"instance={each.instance} instance_namespace={each.namespace}" for each in deleted)
    raise RunbookError(
        f"name the deleted instance to clean up after; these left something:\n  {names}",
        hint="-e instance=NAME, and -e instance_namespace=… where it is not fabric-NAME.",
    )


if __name__ == "__main__":
    options = {
        "instance": {"type": "str", "default": ""},
        "namespace": {"type": "str", "default": ""},
        "node": {"type": "str", "default": ""},
        "image": {"type": "str", "default": ""},
        "volume_folders": {"type": "list", "elements": "str", "default": []},
        "date": {"type": "str", "required": True},
        "looked": {"type": "bool", "default": False},
    }
    run_module(AnsibleModule(argument_spec=options, supports_check_mode=True), look)
