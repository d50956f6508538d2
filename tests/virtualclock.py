"""Run a test's event loop on a clock of its own, so that time-outs depend on no other load of the machine."""

import asyncio
import selectors

__all__ = ["VirtualClock"]


class _Jumping(selectors.DefaultSelector):
    """Wait for nothing: when no file is ready, put the clock forward to the next timer instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:  # no timer is set: another thread has to wake the loop
            return super().select(None)
        ready = super().select(0)
        if not ready:
            self.now += max(timeout, 0)
        return ready


class VirtualClock(asyncio.SelectorEventLoop):
    """Keep time by the timers that are set: `await asyncio.sleep(60)` takes no time, and is 60 seconds.

    What happens between two timers happens at once, in the same order in each run. For tests of algorithms
    whose parts exchange messages inside the process; sockets and subprocesses live in real time.
    """

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now
