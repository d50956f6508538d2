"""Start and end the processes of a cluster, and find them, by their pid files or without."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from heddle.embedded.kubernetes import cgroups
from heddle.embedded.kubernetes.layout import Layout
from heddle.embedded.kubernetes.machine import find_program
from heddle.errors import LocalKubeError

__all__ = ["Running", "end", "find_all", "running", "start"]

_LOG_LIMIT = 20_000_000


@dataclass(frozen=True, kw_only=True)
class Running:
    """A live process: its id, and its start in clock ticks since boot, which tells it from a later one."""

    pid: int
    started: int

    def alive(self) -> bool:
        """Tell whether this very process still runs (a zombie does not)."""
        return _started(self.pid) == self.started

    def runs(self, program: Path) -> bool:
        """Tell whether the process has become this program, whatever links lead to its file."""
        try:
            return Path(f"/proc/{self.pid}/exe").samefile(program)
        except OSError:
            return False


def start(layout: Layout, name: str, argv: Sequence[str], *, holder: Running | None) -> Running:
    """Start a component inside the cluster's namespaces, with its log and pid file.

    `holder` is the process whose mount namespace it joins; None for the holder itself, which makes one.
    Its environment is that of the caller: proxies for image pulls are set there. A component that an `up`
    started that was killed before it could note the id is taken over: two would fight for one port.
    """
    program = find_program(argv[0])
    nsenter = find_program("nsenter")
    if program is None or nsenter is None:
        raise LocalKubeError(f"{argv[0]} or nsenter: not found on this machine")
    if holder and (unnoted := _unnoted(layout, [str(program), *argv[1:]])):
        return _note(layout, name, unnoted)
    if holder:
        inside = [nsenter, f"--net={layout.netns}", f"--mount=/proc/{holder.pid}/ns/mnt"]
    else:
        inside = [nsenter, f"--net={layout.netns}", "unshare", "--mount", "--propagation", "private"]
    with _log(layout, name).open("ab") as log:
        process = subprocess.Popen(
            [*inside, program, *argv[1:]],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
        )
    process.returncode = 0  # it outlives this program, which must not wait for it
    return _note(layout, name, process.pid)


def _note(layout: Layout, name: str, pid: int) -> Running:
    """Put the process into the cluster's control group, and its id into the component's pid file."""
    cgroups.add_process(layout, pid)
    found = Running(pid=pid, started=_started(pid) or 0)
    layout.pids.mkdir(exist_ok=True)
    (layout.pids / name).write_text(f"{found.pid} {found.started}\n")
    return found


def _unnoted(layout: Layout, argv: Sequence[str]) -> int | None:
    """Return the cluster's process with these arguments, be it still the nsenter that becomes it."""
    for pid in find_all(layout):
        if _arguments(pid)[-len(argv) - 1 : -1] == list(argv):  # the last one ends with a zero byte, too
            return pid
    return None


def running(layout: Layout, name: str) -> Running | None:
    """Return the component's process, if its pid file names one that still runs."""
    try:
        pid, started = (layout.pids / name).read_text().split()
        found = Running(pid=int(pid), started=int(started))
    except (OSError, ValueError):
        return None
    return found if found.alive() else None


def find_all(layout: Layout) -> set[int]:
    """Return every process of the cluster, with or without a pid file.

    Marks, any of which is enough: its control group; its network namespace; its mount namespace; an nsenter
    that is about to enter them; a ctr that speaks to its containerd, which outlives an `up` that was killed.
    """
    found = cgroups.processes(layout)
    network = _inode(layout.netns)
    mounts = {_inode(Path(f"/proc/{pid}/ns/mnt")) for pid in found} - {_inode(Path("/proc/1/ns/mnt")), None}
    mounts.discard(_inode(Path("/proc/self/ns/mnt")))
    speaking = {f"--net={layout.netns}", str(layout.containerd_socket)}
    for pid in (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()):
        proc = Path(f"/proc/{pid}")
        if (
            (network and _inode(proc / "ns/net") == network)
            or (mounts and _inode(proc / "ns/mnt") in mounts)
            or not speaking.isdisjoint(_arguments(pid))
        ):
            found.add(pid)
    return {pid for pid in found if _started(pid) is not None} - {os.getpid()}


def end(pids: Iterable[int], *, seconds: float) -> set[int]:
    """Ask processes to end, and return those that still run after `seconds`; with 0 they are killed."""
    waiting = {Running(pid=pid, started=started) for pid in pids if (started := _started(pid)) is not None}
    for process in waiting:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM if seconds else signal.SIGKILL)
    limit = time.monotonic() + (seconds or 5)
    while waiting and time.monotonic() < limit:
        waiting = {process for process in waiting if process.alive()}
        time.sleep(0.02)
    return {process.pid for process in waiting}


def _started(pid: int) -> int | None:
    """Return field 22 of /proc/PID/stat, None for a process that has ended or is a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in ("Z", "X") else int(fields[19])


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _arguments(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def _log(layout: Layout, name: str) -> Path:
    """Return the component's log; keep a log that has grown large once, under another name."""
    layout.logs.mkdir(exist_ok=True)
    path = layout.logs / f"{name}.log"
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > _LOG_LIMIT:
            path.replace(path.with_suffix(".log.1"))
    return path
