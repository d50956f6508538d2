"""Notice Ctrl-C and SIGTERM, so that a run can end its playbook first and then clean up."""

import contextlib
import signal
from types import FrameType, TracebackType
from typing import Any, Self

__all__ = ["Interruption"]

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
