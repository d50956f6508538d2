"""Jobs that work on a stopped node's volume, made from the node's own StatefulSet. Pure.

Same image, user, files and restrictions as the node, so they fit the namespace's pod security and are placed
where the volume can be mounted. No labels of the node: no Service may send them clients.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from heddle.errors import RunbookError

__all__ = ["ASIDE", "FOR_NODE", "aside_job", "blocks_aside_job", "command_job", "date_of_name"]

ASIDE = "set-aside-"
"""What the folders with a former content begin with; such a folder is never moved again."""
RUNBOOK = "heddle.dev/runbook"
FOR_NODE = "heddle.dev/works-for"
"""On a Job's pod, the node's name: where a network enforces policies, its state database lets the pod in."""

_SECONDS = 600
_LEDGERS = "ledgersData"
_PRIVATE = "pvtdataStore"
_SPARED = (f"{ASIDE}*", "lost+found")
_DROPPED = ("ports", "startupProbe", "readinessProbe", "livenessProbe", "lifecycle", "command", "args")


def aside_job(statefulset: Mapping[str, Any], *, runbook: str, date: str) -> dict[str, Any]:
    """A Job that moves all that is on the node's volume into a folder `set-aside-DATE` of the same volume.

    Moving within a volume only renames, and `find` moves what is still there: a Job that is killed half-way
    and runs again ends the same.

    Args:
        statefulset: the node's, as the API server gives it.
        runbook: whose Job it is, for its label.
        date: without characters that a name cannot have, as `20261121t130000z`.
    """
    path = _volume_path(statefulset)
    aside = f"{path}/{ASIDE}{date}"
    steps = [["/usr/bin/mkdir", "-p", aside], _move(path, aside, *_SPARED)]
    return _job(statefulset, f"aside-{date}", steps, runbook=runbook)


def blocks_aside_job(statefulset: Mapping[str, Any], *, runbook: str, date: str) -> dict[str, Any]:
    """As `aside_job`, but the peer's store of private data stays where it is.

    A peer takes private data from there for blocks that it commits once more, as after `peer node reset`.
    Source: commitToPvtAndBlockStore in core/ledger/kvledger/kv_ledger.go, StoreBlock in
    gossip/privdata/coordinator.go (Fabric 3.1.5).
    """
    path = _volume_path(statefulset)
    ledgers, aside = f"{path}/{_LEDGERS}", f"{path}/{ASIDE}{date}-blocks"
    steps = [
        ["/usr/bin/mkdir", "-p", ledgers, f"{aside}/{_LEDGERS}"],
        _move(path, aside, *_SPARED, _LEDGERS),
        _move(ledgers, f"{aside}/{_LEDGERS}", _PRIVATE),
    ]
    return _job(statefulset, f"blocks-{date}", steps, runbook=runbook)


def _move(folder: str, to: str, *spared: str) -> list[str]:
    """A command that moves what is in a folder, but for names like these."""
    names = [part for name in spared for part in ("!", "-name", name)]
    move = ["-exec", "/usr/bin/mv", "-t", to, "{}", "+"]
    return ["/usr/bin/find", folder, "-mindepth", "1", "-maxdepth", "1", *names, *move]


def command_job(
    statefulset: Mapping[str, Any], command: Sequence[str], *, runbook: str, purpose: str, date: str
) -> dict[str, Any]:
    """A Job that runs one command of the node's image with the node's files, environment and volume."""
    return _job(statefulset, f"{purpose}-{date}", [list(command)], runbook=runbook)


def _job(
    statefulset: Mapping[str, Any], suffix: str, commands: Sequence[list[str]], *, runbook: str
) -> dict[str, Any]:
    name, namespace = statefulset["metadata"]["name"], statefulset["metadata"]["namespace"]
    pod = deepcopy(statefulset["spec"]["template"]["spec"])
    # It shall run where the volume is, whoever else is there.
    pod.pop("affinity", None)
    pod["restartPolicy"] = "Never"
    base = {key: value for key, value in pod["containers"][0].items() if key not in _DROPPED}
    steps = [
        {**base, "name": f"step-{number}", "command": command} for number, command in enumerate(commands)
    ]
    pod["initContainers"], pod["containers"] = steps[:-1], steps[-1:]
    labels = {RUNBOOK: runbook, FOR_NODE: name, "app.kubernetes.io/managed-by": "heddle"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": f"{name}-{suffix}"[:63], "namespace": namespace, "labels": labels},
        "spec": {
            "backoffLimit": 2,
            "activeDeadlineSeconds": _SECONDS,
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def _volume_path(statefulset: Mapping[str, Any]) -> str:
    """Where the node's claim is mounted."""
    pod = statefulset["spec"]["template"]["spec"]
    claims = [volume["name"] for volume in pod.get("volumes", []) if "persistentVolumeClaim" in volume]
    for mount in pod["containers"][0].get("volumeMounts", []):
        if mount["name"] in claims:
            return str(mount["mountPath"]).rstrip("/")
    raise RunbookError(
        f"StatefulSet {statefulset['metadata']['name']}: it mounts no claim",
        hint="Its volume is not one that this runbook knows how to set aside.",
    )


def date_of_name(text: str) -> str:
    """A time in RFC 3339 as part of a name: `2026-11-21T13:00:00Z` → `20261121t130000z`."""
    return "".join(character for character in text.split(".")[0].lower() if character.isalnum())
