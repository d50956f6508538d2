"""Make the Jobs that look into, or clear, folders of a Kubernetes node. Pure.

They may what no other pod of Heddle may: use folders of the node, as root. So they run in a namespace of
their own that is removed afterwards, with the folders they are about and nothing else, read-only for looking.
Their names have the date of their run: what an earlier run saw is not taken for what is there now.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from heddle.errors import RunbookError
from heddle.kube.jobs import LONGEST_NAME, folders_job

__all__ = ["NAMESPACE", "clear_job", "image_on", "listed", "look_job"]

NAMESPACE = "heddle-clean-residue"
_MOUNT = "/node"
_PATH = re.compile(r"/[A-Za-z0-9/._-]+")
_LEAST_PARTS = 3
_RUNBOOK = "clean-residue"


def image_on(node: Mapping[str, Any], wanted: Sequence[str]) -> str:
    """Return the first of these images that a node has already, or the first when it has none of them."""
    images = node.get("status", {}).get("images") or []
    present = {name for image in images for name in image.get("names") or []}
    return next((name for name in wanted if name in present), wanted[0])


def look_job(node: str, image: str, folders: Sequence[str], *, date: str) -> dict[str, Any]:
    """Return a Job that prints the folders in these folders of a node, one a line, as `listed` reads them.

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
    return _job("look", date, node, image, command, {_MOUNT: "/"})


def listed(log: str) -> list[str]:
    """Return the node's paths that a Job which looked has printed."""
    lines = (line.strip() for line in log.splitlines())
    return [line.removeprefix(_MOUNT) for line in lines if line.startswith(f"{_MOUNT}/")]


def clear_job(node: str, image: str, paths: Sequence[str], *, date: str) -> dict[str, Any]:
    """Return a Job that removes folders of a node with all that is in them, and nothing beside them."""
    for path in paths:
        _refuse_unsafe(node, path)
    parents = sorted({str(PurePosixPath(path).parent) for path in paths})
    folders = {f"{_MOUNT}/{number}": parent for number, parent in enumerate(parents)}
    mounted = {parent: mount for mount, parent in folders.items()}
    places = [f"{mounted[str(PurePosixPath(path).parent)]}/{PurePosixPath(path).name}" for path in paths]
    command = ["/usr/bin/rm", "-rf", "--one-file-system", "--", *places]
    return _job("clear", date, node, image, command, folders)


def _job(
    purpose: str, date: str, node: str, image: str, command: Sequence[str], folders: Mapping[str, str]
) -> dict[str, Any]:
    """Return a Job with a name unlike that of any other node's: clouds give long ones that begin alike."""
    name = f"{purpose}-{date}-{node}"
    if len(name) > LONGEST_NAME:
        name = f"{purpose}-{date}-{hashlib.sha256(node.encode()).hexdigest()[:12]}"
    read_only = purpose == "look"
    return folders_job(name, NAMESPACE, node, image, command, folders, runbook=_RUNBOOK, read_only=read_only)


def _refuse_unsafe(node: str, path: str) -> None:
    """Raise RunbookError for a path, which comes from the cluster, that is not a folder within a folder."""
    parts = PurePosixPath(path).parts
    if not _PATH.fullmatch(path) or ".." in parts or len(parts) < _LEAST_PARTS:
        raise RunbookError(
            f"node {node}: {path!r} is not the path of a folder within another",
            hint="Remove it by hand, if it is what it seems to be.",
        )
