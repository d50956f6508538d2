"""Make the cluster's control group `/heddle-NAME`: `node` for components, `kubepods` for the kubelet's pods.

It limits nothing: it is how every process of a cluster is found again, whatever became of its parent.
Control groups v1 (one tree per controller), v2 and the hybrid of both.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from heddle.embedded.kubernetes.layout import Layout

__all__ = ["add_process", "groups", "make_groups", "processes", "remove_groups", "writable"]

_V2_CONTROLLERS = ("cpu", "cpuset", "io", "memory", "hugetlb", "pids")


def writable() -> bool:
    """Tell whether control groups can be made here; in an unprivileged container there are none."""
    roots = [root for root, _ in _hierarchies()]
    return bool(roots) and all(os.access(root, os.W_OK) for root in roots)


def make_groups(layout: Layout) -> None:
    """Make `/heddle-NAME` and `/heddle-NAME/node` in every hierarchy; idempotent."""
    for root, kind in _hierarchies():
        for folder in (root / layout.mark, root / layout.mark / "node"):
            folder.mkdir(exist_ok=True)
            if kind == "cgroup":
                _fill_cpuset(folder)
        if kind == "cgroup2":
            _delegate(root)
            _delegate(root / layout.mark)


def add_process(layout: Layout, pid: int) -> None:
    """Put a process into the group of the components; it may have ended meanwhile."""
    for root, _ in _hierarchies():
        with contextlib.suppress(ProcessLookupError):
            (root / layout.mark / "node" / "cgroup.procs").write_text(str(pid))


def groups(layout: Layout) -> list[Path]:
    """Return every folder of the cluster's control groups, the innermost first."""
    found = []
    for root, _ in _hierarchies():
        top = root / layout.mark
        found += [Path(folder) for folder, _, _ in os.walk(top, topdown=False)]
    return found


def processes(layout: Layout, *, below: str = "") -> set[int]:
    """Process ids in the cluster's groups; `below` = "kubepods" for those of pods."""
    found: set[int] = set()
    for folder in groups(layout):
        if below and below not in folder.parts:
            continue
        with contextlib.suppress(OSError):  # removed meanwhile
            found.update(map(int, (folder / "cgroup.procs").read_text().split()))
    return found - {0}


def remove_groups(layout: Layout) -> list[Path]:
    """Remove the cluster's groups and return those that are still busy."""
    for folder in groups(layout):
        with contextlib.suppress(OSError):
            folder.rmdir()
    return groups(layout)


def _hierarchies() -> Iterator[tuple[Path, str]]:
    """Mount point and kind ('cgroup', 'cgroup2') of each hierarchy; those of containers are not ours."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        point, kind = Path(left.split()[4]), right.split()[0]
        if kind in ("cgroup", "cgroup2") and point.is_relative_to("/sys/fs/cgroup"):
            yield point, kind


def _fill_cpuset(folder: Path) -> None:
    """Take processors and memory nodes from the parent: without them a v1 cpuset takes no process."""
    for file in ("cpuset.cpus", "cpuset.mems"):
        if (folder / file).exists() and not (folder / file).read_text().strip():
            (folder / file).write_text((folder.parent / file).read_text())


def _delegate(folder: Path) -> None:
    """Let groups below use what the machine has; the kubelet says which one it misses, if any."""
    available = (folder / "cgroup.controllers").read_text().split()
    for controller in (name for name in _V2_CONTROLLERS if name in available):
        with contextlib.suppress(OSError):
            (folder / "cgroup.subtree_control").write_text(f"+{controller}")
