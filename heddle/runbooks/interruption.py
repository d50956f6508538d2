"""Notice Ctrl-C and SIGTERM, so that a run can end its playbook first and then clean up."""

import contextlib
import os
import select
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

__all__ = ["Interruption", "end_processes"]

_PATIENCE = 10.0
"""Seconds that a killed process may take to be gone."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Take the signals while inside, in place of the end of the process. The second one ends it at once."""

    def __init__(self) -> None:
        self._asked = False
        self._before: dict[signal.Signals, Any] = {}

    def asked(self) -> bool:
        """Tell whether a signal has come."""
        return self._asked

    def __enter__(self) -> Self:
        # Outside the main thread (in tests) signals cannot be handled, and need not be.
        with contextlib.suppress(ValueError):
            for number in _SIGNALS:
                self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._restore()

    def _take(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}


def end_processes(variable: str, value: str) -> None:
    """Kill the processes that have this environment variable, and wait until they are gone.

    Ansible's workers lead sessions of their own: a module that one of them runs outlives its killed playbook.
    Where there is no /proc, only the playbook itself has been killed.
    """
    marker = f"{variable}={value}".encode()
    until = time.monotonic() + _PATIENCE
    while (found := list(_marked(marker))) and time.monotonic() < until:
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                _end(pid, max(0.0, until - time.monotonic()))


def _end(pid: int, seconds: float) -> None:
    """Kill a process and wait until it has ended. Raises ProcessLookupError if there is none by now."""
    descriptor = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        select.select([descriptor], [], [], seconds)  # readable once it has ended
    finally:
        os.close(descriptor)


def _marked(marker: bytes) -> Iterator[int]:
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):  # gone meanwhile, or somebody else's
            if marker in path.read_bytes().split(b"\0") and int(path.parent.name) != os.getpid():
                yield int(path.parent.name)
