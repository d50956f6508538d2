#!/usr/bin/python
"""Find what a deleted instance left in a cluster and on its nodes. Reads only; refuses one that lives.

The first look (`listings` not given) says which Jobs can look into the nodes' folders; with the logs of those
Jobs the plan is complete.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from heddle.errors import RunbookError
from heddle.kube.jobs import date_of_name
from heddle.runbooks.leftovers import leftover_claims, plan_leftovers
from heddle.runbooks.machinejobs import image_on
from heddle.runbooks.modules import Scene, run_module
from heddle.runbooks.nodefolders import announced_folders, folders_left, looked_at, notes_on_folders
from heddle.runbooks.residue import Plan, deleted_instances, living_data, plan_for
from heddle.runbooks.residuefacts import gather, nodes_of, pod_logs_of
from heddle.runbooks.residuejobs import NAMESPACE, clear_job, listed, look_job
from heddle.runbooks.residueobjects import Facts, Target
from heddle.versions import ORDERER_IMAGE, PEER_IMAGE, STANDIN_IMAGE


async def look(scene: Scene) -> dict[str, Any]:
    """Return `jobs` that look, and the `plan` with its `lines` and the Jobs `removals` that act on nodes."""
    given = scene.parameters
    facts = await gather(scene.cluster, scene.context.namespaces)
    target = _target(scene, facts)
    if target is None:
        lines = ["no deleted instance left anything"]
        return {"jobs": [], "removals": [], "plan": {}, "living": {}, "lines": lines, "empty": True}
    only: frozenset[str] | None = None
    if given["leftovers"]:
        leftovers = plan_leftovers(facts, target, given["leftovers"], scene.context.claims)
        plan, facts, only = leftovers.plan, leftovers.facts, leftovers.volumes
    else:
        plan = plan_for(facts, target)
    look = await _nodes(scene, facts, plan, only)
    complete = replace(plan, directories=look.found, notes=(*plan.notes, *look.notes))
    return {
        "jobs": look.jobs,
        "removals": look.removals,
        "plan": {
            "volumes": list(complete.volumes),
            "objects": list(complete.objects),
            "directories": {node: list(paths) for node, paths in complete.directories.items()},
        },
        "living": living_data(facts, plan),
        "lines": complete.lines(),
        "empty": complete.empty,
    }


@dataclass(kw_only=True)
class _Nodes:
    """Collect what is to be done on the nodes."""

    jobs: list[Any] = field(default_factory=list)
    removals: list[Any] = field(default_factory=list)
    found: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


async def _nodes(scene: Scene, facts: Facts, plan: Plan, only: frozenset[str] | None) -> _Nodes:
    """Return the Jobs that look; once they have, the folders that go, and the Jobs that remove them."""
    given, result = scene.parameters, _Nodes()
    if plan.lives and not plan.volumes:
        return result  # what goes with its claim is removed by its provisioner
    nodes = await nodes_of(scene.cluster, given["node"])
    images = [given["image"]] if given["image"] else [PEER_IMAGE, STANDIN_IMAGE, ORDERER_IMAGE]
    logs = await pod_logs_of(scene.cluster, nodes)
    date = date_of_name(given["date"])
    folders, listings = announced_folders(facts, more=given["volume_folders"]), {}
    for node in nodes:
        name, image = node["metadata"]["name"], image_on(node, images)
        pod_logs = "" if plan.lives else logs[name]
        places = tuple(dict.fromkeys(filter(None, (pod_logs, *folders))))
        positions = looked_at(facts, places)
        if not places:
            continue
        job = look_job(name, image, places, date=date, positions=positions)
        result.jobs.append(job)
        if not given["looked"]:
            continue
        log = await scene.cluster.log_of_job(NAMESPACE, job["metadata"]["name"])
        listings[name] = listed(log, places, positions)
        paths = folders_left(facts, plan.target, folders, listings[name], pod_logs=pod_logs, only=only)
        if paths:
            result.found[name] = tuple(paths)
            result.removals.append(clear_job(name, image, paths, date=date))
    if given["looked"]:
        result.notes = notes_on_folders(facts, plan.target, listings, result.found)
    return result


def _target(scene: Scene, facts: Facts) -> Target | None:
    """Return the instance that is meant; None when none is named and nothing is left of any."""
    given, deployed = scene.parameters, scene.context.deployed
    own = Target(instance=deployed.instance.name, namespace=deployed.instance.namespace) if deployed else None
    if given["leftovers"]:
        if own is None or given["instance"] not in ("", own.instance):
            raise RunbookError(
                "leftovers are claims of an instance that lives, the one of --stack",
                hint="Without `leftovers`, all that a deleted instance left is removed.",
            )
        return own
    if given["instance"]:
        namespace = given["namespace"] or f"fabric-{given['instance']}"
        return Target(instance=given["instance"], namespace=namespace)
    lines = [
        f"instance={each.instance} instance_namespace={each.namespace}" for each in deleted_instances(facts)
    ]
    if own and (claims := leftover_claims(facts, own, scene.context.claims)):
        lines.append(f"leftovers={','.join(claims)}  (nodes that left {own.instance}, which lives)")
    if not lines:
        return None
    raise RunbookError(
        "name what to clean up after; these left something:\n  " + "\n  ".join(lines),
        hint="-e instance=NAME, and -e instance_namespace=… where it is not fabric-NAME; or -e leftovers=….",
    )


if __name__ == "__main__":
    options = {
        "instance": {"type": "str", "default": ""},
        "namespace": {"type": "str", "default": ""},
        "leftovers": {"type": "list", "elements": "str", "default": []},
        "node": {"type": "str", "default": ""},
        "image": {"type": "str", "default": ""},
        "volume_folders": {"type": "list", "elements": "str", "default": []},
        "date": {"type": "str", "required": True},
        "looked": {"type": "bool", "default": False},
    }
    run_module(AnsibleModule(argument_spec=options, supports_check_mode=True), look)
