"""Jobs that look into, or clear, folders of a Kubernetes node. Pure.

They need what no other pod of Heddle may: folders of the node, as root. So they run in a namespace of their
own that is removed afterwards, with the folders they are about and nothing else, read-only for looking. Their
names have the date of their run: what an earlier run saw is not taken for what is there now.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from heddle.errors import RunbookError

__all__ = ["NAMESPACE", "clear_job", "image_on", "listed", "look_job"]

NAMESPACE = "heddle-clean-residue"
_MOUNT = "/node"
_SECONDS = 600
_PATH = re.compile(r"/[A-Za-z0-9/._-]+")
_LEAST_PARTS = 3
_LONGEST_NAME = 63
"""Of a Job: a label of its pods has its name."""


def image_on(node: Mapping[str, Any], wanted: Sequence[str]) -> str:
    """The first of some images that a node has already; the first at all if it has none of them."""
    there = {
        name for image in node.get("status", {}).get("images") or [] for name in image.get("names") or []
    }
    return next((name for name in wanted if name in there), wanted[0])


def look_job(node: str, image: str, folders: Sequence[str], *, date: str) -> dict[str, Any]:
    """A Job that prints the folders in these folders of a node, one a line, as `listed` reads them.

    The node's whole disk is mounted, read-only: a folder that is not there must neither be made nor be an
    error. `find` descends only where it is told to.
    """
    above: list[str] = []
    within: list[str] = []
    for folder in folders:
        _refuse_unsafe(node, folder)
        for path in (*reversed(PurePosixPath(folder).parents), PurePosixPath(folder)):
            above += ["-o", "-path", f"{_MOUNT}{path}"] if str(path) != "/" else []
        within += ["-o", "-path", f"{_MOUNT}{folder}/*"]
    command = ["/usr/bin/find", _MOUNT, "-mindepth", "1", "(", *above[1:], ")"]
    command += ["-o", "(", *within[1:], ")", "-type", "d", "-prune", "-printf", "%p\\n", "-o", "-prune"]
    return _job(_name("look", date, node), node, image, command, {_MOUNT: "/"}, read_only=True)


def listed(log: str) -> list[str]:
    """The node's paths that a look printed."""
    lines = (line.strip() for line in log.splitlines())
    return [line.removeprefix(_MOUNT) for line in lines if line.startswith(f"{_MOUNT}/")]


def clear_job(node: str, image: str, paths: Sequence[str], *, date: str) -> dict[str, Any]:
    """A Job that removes folders of a node with all that is in them, and nothing beside them."""
    for path in paths:
        _refuse_unsafe(node, path)
    parents = sorted({str(PurePosixPath(path).parent) for path in paths})
    folders = {f"{_MOUNT}/{number}": parent for number, parent in enumerate(parents)}
    mounted = {parent: mount for mount, parent in folders.items()}
    places = [f"{mounted[str(PurePosixPath(path).parent)]}/{PurePosixPath(path).name}" for path in paths]
    command = ["/usr/bin/rm", "-rf", "--one-file-system", "--", *places]
    return _job(_name("clear", date, node), node, image, command, folders, read_only=False)


def _name(purpose: str, date: str, node: str) -> str:
    """Unlike that of any other node's Job: clouds give long names that begin alike and differ at the end."""
    name = f"{purpose}-{date}-{node}"
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{purpose}-{date}-{hashlib.sha256(node.encode()).hexdigest()[:12]}"


def _refuse_unsafe(node: str, path: str) -> None:
    """Paths come from the cluster: one that is not plainly a folder two levels down is not touched."""
    parts = PurePosixPath(path).parts
    if not _PATH.fullmatch(path) or ".." in parts or len(parts) < _LEAST_PARTS:
        raise RunbookError(
            f"node {node}: {path!r} is not the path of a folder within another",
            hint="Remove it by hand, if it is what it seems to be.",
        )


def _job(
    name: str, node: str, image: str, command: Sequence[str], folders: Mapping[str, str], *, read_only: bool
) -> dict[str, Any]:
    mounts = [
        {"name": f"folder-{number}", "mountPath": mount, "readOnly": read_only}
        for number, mount in enumerate(folders)
    ]
    security = {
        "runAsUser": 0,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        # What is there belongs to others: reading and removing it is all that root may here.
        "capabilities": {"drop": ["ALL"], "add": ["DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER"]},
    }
    pod = {
        "nodeName": node,
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "tolerations": [{"operator": "Exists"}],
        "containers": [
            {
                "name": "files",
                "image": image,
                "imagePullPolicy": "IfNotPresent",
                "command": list(command),
                "securityContext": security,
                "volumeMounts": mounts,
            }
        ],
        "volumes": [
            {"name": f"folder-{number}", "hostPath": {"path": path, "type": "Directory"}}
            for number, path in enumerate(folders.values())
        ],
    }
    labels = {"heddle.dev/runbook": "clean-residue", "app.kubernetes.io/managed-by": "heddle"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "backoffLimit": 1,
            "activeDeadlineSeconds": _SECONDS,
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
