"""Tell what is waited for, while it is waited for.

Who waits says for what, on whatever floor of the house; who shows it is known at the top alone. The words go
there by a context variable, as those of a log do, so that no function in between has to hand on who listens.
Where nobody listens they are dropped.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

__all__ = ["Listener", "Wait", "doing", "waiting_until"]

_FIRST = 2.0
"""Seconds that a wait lasts before it is told: what is over by then nobody can read."""
_AGAIN = 5.0
"""Seconds after which the same is told again, with the time that it has taken by then."""
_PAUSE = 2.0
"""Seconds between two looks at what is waited for: words that change faster are left out."""


@dataclass(eq=False)
class Wait:
    """One thing that is waited for: `words` go on from "waits", as in "until orderer0 answers".

    doing: what it belongs to; may be empty. since: on the running loop's clock, in seconds.
    """

    words: str
    doing: str
    since: float

    def shown(self, now: float) -> str:
        """Return what is waited for on one line, with the seconds that it has taken."""
        text = f"{self.doing}; waits {self.words}" if self.doing else f"waits {self.words}"
        return f"{' '.join(text.split())} ({now - self.since:.0f} s)"


class Listener:
    """Hears what is waited for, and hands it to `tell` from time to time; an empty text when it is over.

    pause: seconds between two texts at least.
    """

    def __init__(self, tell: Callable[[str], Awaitable[None]], *, pause: float = _PAUSE) -> None:
        self._tell = tell
        self._pause = pause
        self._waits: list[Wait] = []
        self._teller: asyncio.Task[None] | None = None
        self._told: tuple[str, ...] = ()
        """The words that are shown now, without their seconds."""

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear what is waited for within, and in tasks that begin within."""
        token = _LISTENER.set(self)
        try:
            yield
        finally:
            _LISTENER.reset(token)

    async def close(self) -> None:
        """Tell nothing any more; what is shown is taken away."""
        if self._teller is not None:
            self._teller.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._teller
        if self._told:
            self._told = ()
            await self._tell("")

    def begin(self, wait: Wait) -> None:
        """Hear of a wait."""
        self._waits.append(wait)
        if self._teller is None or self._teller.done():
            self._teller = asyncio.get_running_loop().create_task(self._run())

    def end(self, wait: Wait) -> None:
        """Hear that a wait is over."""
        self._waits.remove(wait)

    async def _run(self) -> None:
        """Tell until nothing is waited for."""
        clock, told_at = asyncio.get_running_loop(), 0.0
        while self._waits or self._told:
            await asyncio.sleep(self._pause)
            now = clock.time()
            due = [wait for wait in self._waits if wait.words and now - wait.since >= _FIRST]
            words = tuple(f"{wait.doing} {wait.words}" for wait in due)
            if words != self._told or (due and now - told_at >= _AGAIN):
                self._told, told_at = words, now
                await self._tell(_line(due, now))


_LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)
_DOING: ContextVar[str] = ContextVar("doing", default="")


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Say what the waits within belong to, as in "orderer1 restarts"."""
    token = _DOING.set(what)
    try:
        yield
    finally:
        _DOING.reset(token)


@contextmanager
def waiting_until(words: str) -> Iterator[Wait]:
    """Say that what is within waits, and until what; the words may be changed meanwhile. Empty: not told."""
    wait = Wait(words=words, doing=_DOING.get(), since=asyncio.get_running_loop().time())
    listener = _LISTENER.get()
    if listener is None:
        yield wait
        return
    listener.begin(wait)
    try:
        yield wait
    finally:
        listener.end(wait)


def _line(waits: list[Wait], now: float) -> str:
    """Return one line for what is waited for: the first of it whole, the others by their number."""
    if not waits:
        return ""
    more = f", and {len(waits) - 1} more" if len(waits) > 1 else ""
    return waits[0].shown(now) + more
