"""Wait for what others do: look again, or try again, with growing pauses and an end.

A read may always be repeated. A write whose answer was lost may have happened: re-read the state, and repeat
only if the change is not there (a transaction is the exception: its id makes a second copy invalid).
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from heddle.errors import HeddleError, Refused, Unreachable
from heddle.telling import waiting_until

__all__ = ["Attempts", "Deadline", "ensure", "no_answer", "poll", "reading", "retry", "settle"]

T = TypeVar("T")

_READINGS = 4
_PAUSE = 0.25
"""Seconds before the second attempt; doubles with each."""
_LONGEST_PAUSE = 2.0
_SHORTEST_PAUSE = 0.001
"""Seconds of a pause at least: one of a float's last digit does not move a clock on."""


class Attempts:
    """Makes attempts, each with a time of its own, and keeps why some failed; the others still count."""

    def __init__(self) -> None:
        self.failed: dict[str, str] = {}
        """By its name, why an attempt failed."""

    async def made(self, what: str, attempt: Awaitable[T], *, seconds: float) -> T | None:
        """Return the outcome of an attempt; None if it failed or lasted longer."""
        try:
            async with asyncio.timeout(seconds):
                return await attempt
        except HeddleError as error:
            self.failed[what] = error.message
        except TimeoutError:
            self.failed[what] = f"no answer within {seconds:g} s"
        return None


class Deadline:
    """A point in time on the running loop's clock."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until = asyncio.get_running_loop().time() + seconds

    def left(self) -> float:
        """Return the seconds until the deadline, at least a millisecond: a call takes zero for 'no limit'."""
        return max(0.001, self._until - asyncio.get_running_loop().time())

    def passed(self) -> bool:
        """Tell whether no time is left."""
        return asyncio.get_running_loop().time() >= self._until

    async def pause(self, seconds: float) -> None:
        """Sleep, but not past the deadline."""
        await asyncio.sleep(min(seconds, self.left()))


async def poll(
    look: Callable[[float], Awaitable[T]],
    enough: Callable[[T], bool],
    *,
    deadline: Deadline | float,
    otherwise: Callable[[T], Exception] | None = None,
    pause: float = 0.1,
    longest: float = 1.0,
    until: str | Callable[[T], str] = "",
) -> T:
    """Look until `enough` of what is seen; for facts that nobody announces.

    Args:
        look: returns what it sees; takes the seconds it may use. Unreachable means: look again.
        enough: tells whether that is what was waited for.
        deadline: a clock that runs already, or seconds from now on.
        otherwise: makes the error of the deadline from what was seen last, which is the evidence; without it,
            what was seen last is returned.
        pause: seconds between the first two looks; grows by half each time.
        longest: seconds that a pause never exceeds.
        until: tells people what is waited for (`heddle.telling`), or makes it from what was seen last.

    Raises Unreachable: the last one, when nothing was seen until the deadline.
    """
    clock, least = _clock(deadline), pause
    seen: list[T] = []
    with waiting_until(until if isinstance(until, str) else "") as wait:
        while True:
            try:
                seen = [await look(clock.left())]
            except Unreachable:
                if not seen and clock.left() <= least:
                    raise
            else:
                if enough(seen[0]):
                    return seen[0]
                if not isinstance(until, str):
                    wait.words = until(seen[0])
            if seen and clock.left() <= least:
                break
            await asyncio.sleep(min(pause, max(clock.left() - least, _SHORTEST_PAUSE)))
            pause = min(1.5 * pause, longest)
    if otherwise is not None:
        raise otherwise(seen[0])
    return seen[0]


def no_answer(error: HeddleError) -> bool:
    """Tell whether a call ended without an answer, so that nothing is known of what it did."""
    return isinstance(error, Unreachable)


async def retry(
    attempt: Callable[[float], Awaitable[T]],
    again: Callable[[HeddleError], bool] = no_answer,
    *,
    deadline: Deadline | float,
    pause: float = _PAUSE,
    longest: float = _LONGEST_PAUSE,
    least: float = _PAUSE,
    attempts: int | None = None,
    until: str = "",
) -> T:
    """Return the result of an attempt, made again while its error is one that passes.

    Args:
        attempt: takes the seconds it may use.
        again: tells whether an attempt that ended with this error may be repeated.
        deadline: a clock that runs already, or seconds from now on; then the last error is raised.
        pause: seconds before the second attempt; doubles with each.
        longest: seconds that a pause never exceeds.
        least: seconds that the last attempt needs: none begins with less.
        attempts: how many there are at most.
        until: tells people what is waited for (`heddle.telling`).
    """
    clock = _clock(deadline)
    made = 0
    with waiting_until(until):
        while True:
            made += 1
            try:
                return await attempt(clock.left())
            except HeddleError as error:
                if made == attempts or not again(error) or clock.left() <= least:
                    raise
            await asyncio.sleep(min(pause, max(clock.left() - least, 0)))
            pause = min(2 * pause, longest)


async def reading(attempt: Callable[[float], Awaitable[T]], *, deadline: Deadline | float) -> T:
    """Return the result of a read, tried at most four times while answers are lost."""
    return await retry(attempt, deadline=deadline, attempts=_READINGS)


async def settle(
    act: Callable[[float], Awaitable[T]],
    done: Callable[[float], Awaitable[T | None]],
    *,
    deadline: Deadline | float,
) -> T:
    """Do what must not be done twice, although an answer may be lost.

    `act` writes; `done` reads what the write leaves behind, or None. When `act` raises Unreachable the state
    is read again, and `act` repeated only if nothing is there. At the deadline, the last Unreachable.
    """
    clock, acted = _clock(deadline), False

    async def attempt(left: float) -> T:
        nonlocal acted
        if acted and (found := await reading(done, deadline=left)) is not None:
            return found
        acted = True
        return await act(clock.left())

    return await retry(attempt, deadline=clock)


async def ensure(
    act: Callable[[float], Awaitable[T]],
    done: Callable[[float], Awaitable[T | None]],
    *,
    deadline: Deadline | float,
) -> T:
    """Do what may be done already: as `settle`, but read first, and once more when `act` is refused.

    A refusal counts only while the state says that the change is not there: somebody may have been faster.
    """
    clock = _clock(deadline)
    if (found := await done(clock.left())) is not None:
        return found
    try:
        return await settle(act, done, deadline=clock)
    except Refused:
        if (found := await done(clock.left())) is None:
            raise
        return found


def _clock(deadline: Deadline | float) -> Deadline:
    return deadline if isinstance(deadline, Deadline) else Deadline(deadline)
