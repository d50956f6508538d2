"""A folder in place of a machine's disk, on which the commands of Jobs run as they are."""

import hashlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any


def execute(job: Mapping[str, Any], disk: Path) -> str:
    """Run a Job's only command on a disk; what it printed, with the paths that it has there.

    A kubelet starts no Job that mounts a folder which is not there.
    """
    pod = job["spec"]["template"]["spec"]
    [container] = pod["containers"]
    folders = {volume["name"]: volume["hostPath"]["path"] for volume in pod["volumes"]}
    mounts = {mount["mountPath"]: folders[mount["name"]] for mount in container["volumeMounts"]}
    places = {mount: f"{disk}{path.rstrip('/')}" for mount, path in mounts.items()}
    assert all(Path(place or "/").is_dir() for place in places.values()), places
    before = fingerprints(disk) if all(each["readOnly"] for each in container["volumeMounts"]) else None
    said = run_there(container["command"], places)
    assert before is None or fingerprints(disk) == before, "it was to be read-only"
    return said


def run_there(command: Sequence[str], places: Mapping[str, str]) -> str:
    """Run a command that finds folders of this machine at other paths; what it printed, with those paths."""
    arguments = [_there(each, places) for each in command]
    done = subprocess.run(arguments, check=True, capture_output=True, text=True)
    assert done.stderr == ""
    return "\n".join(_back(line, places) for line in done.stdout.splitlines())


def _there(argument: str, places: Mapping[str, str]) -> str:
    for mount in sorted(places, key=len, reverse=True):
        if argument == mount or argument.startswith(f"{mount}/"):
            return places[mount] + argument.removeprefix(mount)
    return argument


def _back(line: str, places: Mapping[str, str]) -> str:
    for mount, place in places.items():
        line = line.replace(place, mount)
    return line


def fingerprints(disk: Path) -> dict[str, str]:
    """What is on a disk: by path, the target of a link, the hash of a file, or that it is a folder."""
    found = {}
    for path in disk.rglob("*"):
        name = f"/{path.relative_to(disk)}"
        if path.is_symlink():
            found[name] = f"→ {path.readlink()}"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            found[name] = "folder"
    return found


def write(disk: Path, path: str, content: bytes = b"x") -> None:
    """Make a file with the folders above it."""
    file = disk / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def link(disk: Path, path: str, target: str) -> None:
    """Make a link whose target, from the root, is on the same disk: relative, so the disk may be anywhere."""
    place = disk / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(os.path.relpath(target, PurePosixPath(path).parent))
