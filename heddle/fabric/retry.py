"""Time that is left, and what may be tried again.

A read may always be repeated. A write whose answer was lost may have happened: re-read the state, and repeat
only if the change is not there (a transaction is the exception: its id makes a second copy invalid).
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from heddle.errors import Unreachable

__all__ = ["Deadline", "poll", "reading", "settle"]

T = TypeVar("T")

_ATTEMPTS = 4
_PAUSE = 0.25
"""Seconds before the second attempt; doubles with each."""


class Deadline:
    """A point in time on the running loop's clock."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until = asyncio.get_running_loop().time() + seconds

    def left(self) -> float:
        """Seconds until the deadline, at least a millisecond, so that it can be given to a call."""
        return max(0.001, self._until - asyncio.get_running_loop().time())

    def passed(self) -> bool:
        """Whether nothing is left."""
        return asyncio.get_running_loop().time() >= self._until

    async def pause(self, seconds: float) -> None:
        """Wait, but not past the deadline."""
        await asyncio.sleep(min(seconds, self.left()))


async def reading(attempt: Callable[[float], Awaitable[T]], *, deadline: float) -> T:
    """The result of a read, tried at most four times while time is left.

    `attempt` takes the seconds it may use. Raises the last `Unreachable`; a `Refused` is an answer and final.
    """
    clock = Deadline(deadline)
    for number in range(_ATTEMPTS):
        try:
            return await attempt(clock.left())
        except Unreachable:
            pause = _PAUSE * 2**number
            if number == _ATTEMPTS - 1 or clock.left() <= pause:
                raise
            await asyncio.sleep(pause)
    raise AssertionError("unreachable: the last attempt returns or raises")


async def settle(
    act: Callable[[float], Awaitable[T]], done: Callable[[float], Awaitable[T | None]], *, deadline: float
) -> T:
    """Do what must not be done twice, although an answer may be lost.

    `act` writes; `done` reads what the write leaves behind, or None. When `act` raises `Unreachable` the
    state is read again, and `act` repeated only if nothing is there. At the deadline, the last `Unreachable`.
    """
    clock = Deadline(deadline)
    pause = _PAUSE
    while True:
        try:
            return await act(clock.left())
        except Unreachable:
            if clock.left() <= pause:
                raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, 2.0)
            found = await reading(done, deadline=clock.left())
            if found is not None:
                return found


async def poll(
    look: Callable[[float], Awaitable[T]],
    enough: Callable[[T], bool],
    *,
    deadline: float,
    otherwise: Callable[[T | None], Exception],
    interval: float = 0.2,
) -> T:
    """Look until it is enough; for facts that no node announces by itself.

    A node that does not answer is looked at again. At the deadline raises `otherwise(last seen)`, or the last
    `Unreachable` when nothing was ever seen.
    """
    clock = Deadline(deadline)
    seen: T | None = None
    while True:
        try:
            seen = await look(clock.left())
            if enough(seen):
                return seen
        except Unreachable:
            if seen is None and clock.left() <= interval:
                raise
        if clock.left() <= interval:
            raise otherwise(seen)
        await asyncio.sleep(interval)
