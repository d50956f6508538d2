"""Make the Jobs that look into, or clear, folders of a Kubernetes node. Pure.

They may what no other pod of Heddle may: use folders of the node, as root. So they run in a namespace of
their own that is removed afterwards, with the folders they are about and nothing else, read-only for looking.
Their names have the date of their run: what an earlier run saw is not taken for what is there now.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from heddle.errors import RunbookError
from heddle.kube.jobs import folders_job
from heddle.runbooks.machinejobs import NODE, job_name, literal
from heddle.runbooks.nodefolders import Listing

__all__ = ["NAMESPACE", "clear_job", "listed", "look_job"]

NAMESPACE = "heddle-clean-residue"
_PATH = re.compile(r"/[A-Za-z0-9/._-]+")
_LEAST_PARTS = 3
_RUNBOOK = "clean-residue"


def look_job(
    node: str, image: str, folders: Sequence[str], *, date: str, positions: Sequence[str] = ()
) -> dict[str, Any]:
    """Return a Job that prints what is in these folders of a node, and what is on the way to them.

    Folders and symbolic links are printed, one a line, as `listed` reads them. `positions` are more paths of
    which the kind must be known. The node's whole disk is mounted, read-only: a folder that is not there must
    neither be made nor be an error. `find` descends only where it is told to, and follows no link.
    """
    for folder in folders:
        _refuse_unsafe(node, folder)
    ways = {str(step) for each in folders for step in (PurePosixPath(each), *PurePosixPath(each).parents)}
    way = _any_of(sorted({*ways, *positions} - {"/"}))
    within = [part for folder in folders for part in ("-o", "-path", f"{NODE}{literal(folder)}/*")]
    printed = ["(", "-type", "l", "-printf", "%p\\t%l\\n", "-o", "-type", "d", "-printf", "%p\\n", ")"]
    command = [
        "/usr/bin/find",
        NODE,
        "-mindepth",
        "1",
        "(",
        "(",
        *way,
        *within,
        ")",
        *printed,
        "-false",
        ")",
    ]
    command += ["-o", "(", *way, ")", "-o", "-prune"]
    return _job("look", date, node, image, command, {NODE: "/"})


def _any_of(paths: Sequence[str]) -> list[str]:
    """Return a test of `find` for these very paths."""
    return [part for path in paths for part in ("-o", "-path", f"{NODE}{literal(path)}")][1:]


def listed(log: str, folders: Sequence[str], positions: Sequence[str]) -> Listing:
    """Return what a Job which looked has printed; it was told of these folders and positions."""
    found: set[str] = set()
    links: dict[str, str] = {}
    for line in log.splitlines():
        path, tab, target = line.partition("\t")
        if not path.startswith(f"{NODE}/"):
            continue
        path = path.removeprefix(NODE)
        if tab:
            links[path] = target
        else:
            found.add(path)
    return Listing(
        folders=frozenset(found),
        links=links,
        looked_at=frozenset(positions),
        contents=frozenset(folders),
    )


def clear_job(node: str, image: str, paths: Sequence[str], *, date: str) -> dict[str, Any]:
    """Return a Job that removes folders of a node with all that is in them, and nothing beside them."""
    for path in paths:
        _refuse_unsafe(node, path)
    parents = sorted({str(PurePosixPath(path).parent) for path in paths})
    folders = {f"{NODE}/{number}": parent for number, parent in enumerate(parents)}
    mounted = {parent: mount for mount, parent in folders.items()}
    places = [f"{mounted[str(PurePosixPath(path).parent)]}/{PurePosixPath(path).name}" for path in paths]
    command = ["/usr/bin/rm", "-rf", "--one-file-system", "--", *places]
    return _job("clear", date, node, image, command, folders)


def _job(
    purpose: str, date: str, node: str, image: str, command: Sequence[str], folders: Mapping[str, str]
) -> dict[str, Any]:
    name = job_name(purpose, date, node)
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
