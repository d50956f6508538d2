"""Make the Jobs that look at, and trim, the logs of an instance's pods on a Kubernetes node. Pure.

A kubelet keeps them as NAMESPACE_POD_UID/CONTAINER/NUMBER.log, and rotated ones beside with a date behind.
A pod is known by all three parts of its folder's name, so a folder of anybody else is neither listed nor
mounted where anything is deleted. The Jobs run in a namespace of their own: they mount folders of nodes, as
root.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from heddle.errors import RunbookError
from heddle.kube.jobs import LONGEST_NAME, folders_job
from heddle.planner.responses.model import LogFile
from heddle.runbooks.machinejobs import NODE, job_name, literal

__all__ = ["listed", "look_job", "place_of", "trim_job"]

_RUNBOOK = "node-logs"
_PLACE = "heddle-logs-"
_FILE = re.compile(r"[0-9]+\.log(\.[0-9]{8}-[0-9]{6}(\.gz)?)?")
"""Names of the files of a container's log: the current one of each of its runs, and rotated ones.

A name with `.tmp` is one that the kubelet compresses just now. Source: rotateLatestLog, compressLog in
pkg/kubelet/logs/container_log_manager.go (Kubernetes 1.34).
"""
_PATH = re.compile(r"/[A-Za-z0-9/._-]+")


def place_of(namespace: str) -> str:
    """Return the namespace of the Jobs for an instance; two of them may be at work in one cluster."""
    name = f"{_PLACE}{namespace}"
    if len(name) <= LONGEST_NAME:
        return name
    return f"{_PLACE}{hashlib.sha256(namespace.encode()).hexdigest()[:12]}"


def look_job(
    node: str, image: str, root: str, pods: Sequence[Mapping[str, Any]], *, date: str, place: str
) -> dict[str, Any]:
    """Return a Job that prints the files of these pods' logs on a node, as `listed` reads them.

    root: the kubelet's folder of pods' logs, which is mounted read-only. `find` goes into the folders of
    these pods alone; one that is not there is no error, nor one that goes meanwhile.
    """
    _refuse_unsafe(node, root)
    own = [f"{NODE}/{literal(_folder(each))}" for each in pods]
    within = [part for each in own for part in ("-o", "-path", each, "-o", "-path", f"{each}/*")][1:]
    found = ["(", "-type", "d", "-o", "-printf", "%y\\t%s\\t%p\\n", ")"]
    command = ["/usr/bin/find", NODE, "-ignore_readdir_race", "-mindepth", "1", "-maxdepth", "3"]
    command += ["(", *within, ")", *found, "-o", "-prune"]
    return _job("look", date, node, image, command, {NODE: root}, place)


def listed(
    log: str, root: str, pods: Sequence[Mapping[str, Any]]
) -> tuple[tuple[LogFile, ...], tuple[str, ...]]:
    """Return what a Job which looked has printed: files, and pods whose files are links to another place."""
    names = {_folder(each): str(each["metadata"]["name"]) for each in pods}
    files, elsewhere = list[LogFile](), dict[str, None]()
    for kind, size, path in _printed(log):
        parts = PurePosixPath(path).parts
        if len(parts) != 3 or parts[0] not in names or not _FILE.fullmatch(parts[2]):
            continue
        pod = names[parts[0]]
        if kind == "l":
            elsewhere[pod] = None
        elif kind == "f":
            rotated = not parts[2].endswith(".log")
            files.append(LogFile(pod=pod, path=f"{root}/{path}", size=size, rotated=rotated))
    return tuple(sorted(files, key=lambda each: each.path)), tuple(elsewhere)


def _printed(log: str) -> Iterator[tuple[str, int, str]]:
    """Yield kind, size and path below the root of each line that `find` printed."""
    for line in log.splitlines():
        kind, _, rest = line.partition("\t")
        size, _, path = rest.partition("\t")
        if size.isdecimal() and path.startswith(f"{NODE}/"):
            yield kind, int(size), path.removeprefix(f"{NODE}/")


def trim_job(
    node: str, image: str, files: Sequence[str], emptied: Sequence[str], *, date: str, place: str
) -> dict[str, Any]:
    """Return a Job that deletes these files of logs on a node, and empties those.

    Only the folders of their pods are mounted. `find` takes nothing but regular files, so neither a link nor
    what is gone meanwhile; `dd` empties a file as it opens it, and makes none.
    """
    for path in (*files, *emptied):
        _refuse_unsafe(node, path)
    folders = sorted({str(PurePosixPath(path).parents[1]) for path in (*files, *emptied)})
    places = {folder: f"{NODE}/{number}" for number, folder in enumerate(folders)}

    def each_of(paths: Sequence[str]) -> list[str]:
        tests = [part for path in paths for part in ("-o", "-path", _mounted(path, places))]
        return ["(", *(tests[1:] or ["-false"]), ")"]

    empty = ["/usr/bin/dd", "if=/dev/null", "of={}", "conv=nocreat", "status=none"]
    command = ["/usr/bin/find", *places.values(), "-ignore_readdir_race", "-mindepth", "2", "-maxdepth", "2"]
    command += ["-type", "f", "(", *each_of(files), "-delete", "-o"]
    command += [*each_of(emptied), "-exec", *empty, ";", ")"]
    mounts = {place: folder for folder, place in places.items()}
    return _job("trim", date, node, image, command, mounts, place)


def _mounted(path: str, places: Mapping[str, str]) -> str:
    """Return the pattern of a file where the Job has it."""
    pure = PurePosixPath(path)
    return literal(f"{places[str(pure.parents[1])]}/{pure.parent.name}/{pure.name}")


def _folder(pod: Mapping[str, Any]) -> str:
    """Return the name of the folder of a pod's logs."""
    metadata = pod["metadata"]
    return f"{metadata['namespace']}_{metadata['name']}_{metadata['uid']}"


def _job(
    purpose: str,
    date: str,
    node: str,
    image: str,
    command: Sequence[str],
    folders: Mapping[str, str],
    place: str,
) -> dict[str, Any]:
    name, read_only = job_name(purpose, date, node), purpose == "look"
    return folders_job(name, place, node, image, command, folders, runbook=_RUNBOOK, read_only=read_only)


def _refuse_unsafe(node: str, path: str) -> None:
    """Raise RunbookError for a path that is not one from the root, of plain letters."""
    if not _PATH.fullmatch(path) or ".." in PurePosixPath(path).parts:
        raise RunbookError(
            f"node {node}: {path!r} is no path of logs", hint="See podLogsDir of its kubelet's settings."
        )
