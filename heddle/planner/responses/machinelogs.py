"""Decide about the logs that a machine keeps of the instance's containers, where its disk is full. Pure.

Rotated files are the kubelet's own to delete, and nobody writes to them. The file that a runtime writes to
may be emptied where the runtime appends, as containerd and CRI-O do: its next line is then the first one.
What was in it is lost, so that waits for somebody to say so.

Sources: pkg/kubelet/logs/container_log_manager.go (Kubernetes 1.34); that they open it with O_APPEND:
openLogFile in internal/cri/server/helpers_linux.go of containerd, src/ctr_logging.c of conmon.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from heddle.planner.looks import LogsLook
from heddle.planner.responses.model import Action, Deed, LogFile, LogFiles, Response, Situation
from heddle.quantities import told_bytes
from heddle.text import counted

__all__ = ["node_logs"]

_APPENDING: Final = ("containerd://", "cri-o://")
"""Runtimes that append to their files of logs."""
_LEAST: Final = 1 << 20
"""Bytes of a file that is written to from which emptying it is worth the lines that are lost."""


def node_logs(now: Situation) -> Response:
    """Delete rotated files, empty current ones if told to, and say what keeps a disk full after that."""
    lines: list[str] = []
    actions: list[Action] = []
    needs: list[str] = []
    for machine in dict.fromkeys(each.about for each in now.findings):
        disk, seen = now.facts.logs[machine], now.closer.logs.get(machine)
        if seen is None:
            needs.append(f"{machine}: no pod can look at its files: is it ready? Then run this again")
            continue
        lines += [f"{machine}: {seen.kept}"] if seen.kept else []
        rotated, current = _rotated(seen), _current(seen)
        emptied = current if now.free and _appends(seen) else []
        enough = not disk.fills(freed=_size([*rotated, *emptied]))
        if rotated or emptied:
            actions.append(_trim(machine, seen, rotated, emptied, partial=not enough))
        if not enough:
            needs += _needs(now, machine, seen, current, disk)
    return Response(lines=tuple(lines), actions=tuple(actions), needs=tuple(needs))


def _rotated(seen: LogFiles) -> list[LogFile]:
    return [each for each in seen.files if each.rotated]


def _current(seen: LogFiles) -> list[LogFile]:
    return [each for each in seen.files if not each.rotated and each.size >= _LEAST]


def _appends(seen: LogFiles) -> bool:
    return seen.runtime.startswith(_APPENDING)


def _size(files: Sequence[LogFile]) -> int:
    return sum(each.size for each in files)


def _trim(
    machine: str, seen: LogFiles, rotated: Sequence[LogFile], emptied: Sequence[LogFile], *, partial: bool
) -> Action:
    words = [f"{_told(rotated, 'rotated file')} deleted"] if rotated else []
    words += [f"{_told(emptied, 'current file')} emptied"] if emptied else []
    return Action(
        deed=Deed.TRIM_LOGS,
        about=machine,
        image=seen.image,
        files=tuple(each.path for each in rotated),
        emptied=tuple(each.path for each in emptied),
        words=f"{machine}: {', '.join(words)}",
        partial=partial,
    )


def _told(files: Sequence[LogFile], noun: str) -> str:
    pods = counted(len({each.pod for each in files}), "pod")
    return f"{counted(len(files), noun)} of {pods} ({told_bytes(_size(files))})"


def _needs(
    now: Situation, machine: str, seen: LogFiles, current: Sequence[LogFile], disk: LogsLook
) -> Iterator[str]:
    """Yield what only a person can do where deleting rotated files does not make the disk well."""
    stack = now.facts.stack
    if seen.elsewhere:
        yield (
            f"{machine}: logs of {', '.join(seen.elsewhere)} are links to where its runtime keeps them: let "
            f"the settings of {seen.runtime or 'the runtime'} rotate them"
        )
    if current and not _appends(seen):
        yield (
            f"{machine}: {_told(current, 'current file')} must not be emptied: nobody knows that "
            f"{seen.runtime or 'its runtime'} appends; lower containerLogMaxSize of its kubelet"
        )
    elif current and not now.free:
        yield (
            f"{machine}: containers write to {_told(current, 'current file')}: save what you need of them "
            f"(heddle logs {stack} > FILE), then run this again with -e current=yes, which empties them"
        )
    elif not seen.elsewhere:
        yield (
            f"{machine}: its kubelet counts {told_bytes(disk.own)} of logs, and no file is to be trimmed: "
            "run this again in a minute; if it says so still: "
            f"heddle runbook run node-exhausted --stack {stack}"
        )
