"""Take a cluster down: from whatever an `up` left, also one that was killed half-way."""

import contextlib
import shutil
from dataclasses import replace
from pathlib import Path

from heddle.embedded.kubernetes import cgroups
from heddle.embedded.kubernetes.commands import run
from heddle.embedded.kubernetes.components import HOLDER
from heddle.embedded.kubernetes.layout import Layout
from heddle.embedded.kubernetes.network import disconnect, network_leftovers
from heddle.embedded.kubernetes.prerequisites import ensure_root
from heddle.embedded.kubernetes.processes import end, find_all, running
from heddle.embedded.kubernetes.record import Record, exclusive, read_record, write_record
from heddle.embedded.kubernetes.reporter import Reporter, step
from heddle.embedded.kubernetes.shared import restore_machine
from heddle.embedded.kubernetes.waiting import wait_for
from heddle.errors import LocalKubeError

__all__ = ["down", "leftovers", "stop"]

_POD_SECONDS = 5
_COMPONENT_SECONDS = 3
_RELEASE_SECONDS = 30
"""Seconds until the kernel has let go of what ended processes held: on a busy machine it takes its time."""


def down(layout: Layout, reporter: Reporter, *, purge: bool) -> bool:
    """Remove everything of the cluster but its data, with `purge` that too; return whether it was there.

    Raises:
        LocalKubeError: something cannot be removed, named.
    """
    ensure_root()
    with exclusive(layout.lock, f"cluster {layout.name}"):
        found = layout.folder.exists() or bool(leftovers(layout))
        if found:
            record = _readable_record(layout)
            with step(reporter, "stopping pods and components"):
                stop(layout, record)
        if found and purge:
            with step(reporter, "removing its data"):
                _remove_folder(layout)
        if not layout.folder.exists():
            layout.lock.unlink(missing_ok=True)
    return found


def stop(layout: Layout, record: Record | None) -> None:
    """End every process, then remove what they stood on; the caller holds the lock."""
    _end_processes(layout)
    with contextlib.suppress(LocalKubeError):  # what is left is named below, with all else
        wait_for(
            "mounts and control groups", lambda: _released(layout), seconds=_RELEASE_SECONDS, evidence=str
        )
    disconnect(layout, record.block if record else None)
    for folder in (layout.run, layout.pids):
        shutil.rmtree(folder, ignore_errors=True)
    restore_machine(layout)
    if left := leftovers(layout):
        raise LocalKubeError(
            f"cluster {layout.name}: could not remove " + "; ".join(left),
            hint="say so in an issue; `heddle cluster down` can be run again",
        )
    if record:
        write_record(layout, replace(record, running=False))


def leftovers(layout: Layout) -> list[str]:
    """Describe what the cluster still has on this machine outside its folder."""
    found = [f"process {pid} ({_command(pid)})" for pid in sorted(find_all(layout))]
    found += [f"mount {mount}" for mount in _mounts(layout)]
    found += network_leftovers(layout)
    found += [f"control group {group}" for group in cgroups.groups(layout)]
    return found


def _end_processes(layout: Layout) -> None:
    """Ask pods, and processes that write to disk, to end; kill the others at once, they lose nothing.

    The kubelet goes before the pods, so that it restarts none; the API server before etcd, which would wait
    for it to disconnect.
    """
    kubelet = running(layout, "kubelet")
    end({kubelet.pid} if kubelet else (), seconds=0)
    end(cgroups.processes(layout, below="kubepods"), seconds=_POD_SECONDS)
    end(cgroups.processes(layout, below="kubepods"), seconds=0)
    writers = {process.pid for name in (HOLDER, "containerd", "etcd") if (process := running(layout, name))}
    end(find_all(layout) - writers, seconds=0)
    end(writers, seconds=_COMPONENT_SECONDS)
    for _ in range(5):  # a process that forks may be one step ahead
        if not (pids := find_all(layout)):
            return
        end(pids, seconds=0)


def _mounts(layout: Layout) -> list[Path]:
    """Return mounts of this machine below the cluster's folder, innermost first; there should be none."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = (Path(line.split()[4].replace("\\040", " ")) for line in lines)
    return sorted(
        (p for p in points if p.is_relative_to(layout.folder)), key=lambda p: len(p.parts), reverse=True
    )


def _released(layout: Layout) -> bool:
    """Remove mounts and control groups, unless something is still busy in them; tell whether all have gone.

    A process that has ended for whoever asks may have threads that still end: they keep both busy.
    """
    end(find_all(layout), seconds=0)
    for point in _mounts(layout):
        with contextlib.suppress(LocalKubeError):
            run("umount", point)
    return not cgroups.remove_groups(layout) and not _mounts(layout)


def _remove_folder(layout: Layout) -> None:
    """Remove the data. Never across a mount: a volume could be behind it."""
    if mounts := _mounts(layout):
        raise LocalKubeError(f"cluster {layout.name}: still mounted: {', '.join(map(str, mounts))}")
    layout.record.unlink(missing_ok=True)  # first: from here on there is no such cluster
    shutil.rmtree(layout.folder)


def _readable_record(layout: Layout) -> Record | None:
    with contextlib.suppress(LocalKubeError):
        return read_record(layout)
    return None


def _command(pid: int) -> str:
    try:
        return (
            Path(f"/proc/{pid}/cmdline")
            .read_bytes()
            .replace(b"\0", b" ")
            .decode(errors="replace")[:80]
            .strip()
        )
    except OSError:
        return "ended"
