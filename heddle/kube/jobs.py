"""Make manifests of Jobs: in place of a stopped node, or with folders of a Kubernetes node. Pure."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from heddle.errors import KubeError

__all__ = [
    "FOR_NODE",
    "LONGEST_NAME",
    "RUNBOOK",
    "claim_path",
    "date_of_name",
    "folders_job",
    "node_job",
    "volume_job",
]

RUNBOOK = "heddle.dev/runbook"
"""Label of a Job: the runbook that made it."""
FOR_NODE = "heddle.dev/works-for"
"""Label of a Job's pod, the node's name: where policies are enforced, its state database lets the pod in."""
LONGEST_NAME = 63
"""Characters of a Job's name: a label of its pods has it as value."""

_SECONDS = 600
_KEPT_SECONDS = 600
"""Seconds that a Job on a node's claim stays when it has ended and its run was killed: it keeps the claim."""
_APART = ("app.kubernetes.io/instance", "app.kubernetes.io/name")
_DROPPED = ("ports", "startupProbe", "readinessProbe", "livenessProbe", "lifecycle", "command", "args")


def node_job(
    statefulset: Mapping[str, Any], commands: Sequence[Sequence[str]], *, runbook: str, suffix: str
) -> dict[str, Any]:
    """Return a Job that runs commands, one after the other, in place of a node that is stopped.

    It has the node's image, user, files and restrictions, so it fits the namespace's pod security and is
    placed where the volume can be mounted. It has no labels of the node: no Service may send it clients.
    Each command, an argument list, starts when the one before has succeeded. `statefulset` is the node's, as
    the API server gives it; `suffix` is what the Job's name has after the node's.
    """
    name, namespace = statefulset["metadata"]["name"], statefulset["metadata"]["namespace"]
    pod = deepcopy(statefulset["spec"]["template"]["spec"])
    # The Job shall run where the volume is, whoever else is there.
    pod.pop("affinity", None)
    base = {key: value for key, value in pod["containers"][0].items() if key not in _DROPPED}
    steps = [
        {**base, "name": f"step-{number}", "command": list(command)}
        for number, command in enumerate(commands)
    ]
    pod["initContainers"], pod["containers"] = steps[:-1], steps[-1:]
    labels = {RUNBOOK: runbook, FOR_NODE: name}
    job = _job(f"{name}-{suffix}"[:LONGEST_NAME], namespace, pod, labels, retries=2)
    job["spec"]["ttlSecondsAfterFinished"] = _KEPT_SECONDS
    if uid := statefulset["metadata"].get("uid"):
        # A Job that a run left goes with its node: on a claim of its own it would hold that for ever.
        owner = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": name, "uid": uid}
        job["metadata"]["ownerReferences"] = [owner]
    return job


def volume_job(statefulset: Mapping[str, Any], *, suffix: str, seconds: int) -> dict[str, Any]:
    """Return a Job that keeps a node's claim mounted for others' commands, and does nothing by itself.

    It needs no file of the node, which may not exist yet, and stands on another machine than the other
    nodes of its kind if it can: where a volume is made for it, the node has to be later.
    """
    name, namespace = statefulset["metadata"]["name"], statefulset["metadata"]["namespace"]
    template = statefulset["spec"]["template"]
    pod = deepcopy(template["spec"])
    pod["volumes"] = [each for each in pod.get("volumes", []) if "persistentVolumeClaim" in each]
    claims = {each["name"] for each in pod["volumes"]}
    own = pod["containers"][0]
    mounts = [each for each in own.get("volumeMounts", []) if each["name"] in claims]
    kept = {
        key: own[key] for key in ("image", "imagePullPolicy", "resources", "securityContext") if key in own
    }
    command = ["/usr/bin/sleep", str(seconds)]
    pod["containers"] = [{**kept, "name": "volume", "command": command, "volumeMounts": mounts}]
    # `sleep` is the first process of its container, which no signal but SIGKILL ends.
    pod["terminationGracePeriodSeconds"] = 0
    said = template["metadata"].get("labels", {})
    # Those by which nodes of a kind keep apart; without the node's name no Service sends it clients.
    labels = {key: said[key] for key in _APART if key in said} | {FOR_NODE: name}
    job = _job(f"{name}-{suffix}"[:LONGEST_NAME], namespace, pod, labels, retries=6)
    job["spec"]["activeDeadlineSeconds"] = seconds
    job["spec"]["ttlSecondsAfterFinished"] = _KEPT_SECONDS
    return job


def claim_path(statefulset: Mapping[str, Any]) -> str:
    """Return where a node's container mounts its claim. Raises KubeError when it mounts none."""
    pod = statefulset["spec"]["template"]["spec"]
    claims = [volume["name"] for volume in pod.get("volumes", []) if "persistentVolumeClaim" in volume]
    for mount in pod["containers"][0].get("volumeMounts", []):
        if mount["name"] in claims:
            return str(mount["mountPath"]).rstrip("/")
    raise KubeError(
        f"StatefulSet {statefulset['metadata']['name']}: it mounts no claim",
        hint="Its volume is not one that can be worked on.",
    )


def folders_job(
    name: str,
    namespace: str,
    machine: str,
    image: str,
    command: Sequence[str],
    folders: Mapping[str, str],
    *,
    runbook: str,
    read_only: bool,
) -> dict[str, Any]:
    """Return a Job that runs one command as root with folders of a Kubernetes node.

    The namespace must admit privileged pods. `machine` is the Kubernetes node, `folders` are its folders by
    the path where the command, an argument list, finds them.
    """
    mounts, volumes = [], []
    for number, (mount, path) in enumerate(folders.items()):
        volume = f"folder-{number}"
        mounts.append({"name": volume, "mountPath": mount, "readOnly": read_only})
        volumes.append({"name": volume, "hostPath": {"path": path, "type": "Directory"}})
    container = {
        "name": "files",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": list(command),
        "securityContext": {
            "runAsUser": 0,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            # The files belong to others: reading and removing them is all that root may here.
            "capabilities": {"drop": ["ALL"], "add": ["DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER"]},
        },
        "volumeMounts": mounts,
    }
    pod = {
        "nodeName": machine,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "tolerations": [{"operator": "Exists"}],
        "containers": [container],
        "volumes": volumes,
    }
    return _job(name, namespace, pod, {RUNBOOK: runbook}, retries=1)


def _job(
    name: str, namespace: str, pod: dict[str, Any], labels: Mapping[str, str], *, retries: int
) -> dict[str, Any]:
    every = {**labels, "app.kubernetes.io/managed-by": "heddle"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": namespace, "labels": every},
        "spec": {
            "backoffLimit": retries,
            "activeDeadlineSeconds": _SECONDS,
            "template": {"metadata": {"labels": every}, "spec": {**pod, "restartPolicy": "Never"}},
        },
    }


def date_of_name(text: str) -> str:
    """Return a time in RFC 3339 as part of a name: `2026-11-21T13:00:00Z` → `20261121t130000z`."""
    return "".join(character for character in text.split(".")[0].lower() if character.isalnum())
