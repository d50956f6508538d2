"""What is waited for is told while it is, and not longer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from heddle.errors import Unreachable
from heddle.telling import Listener, doing, waiting_until
from heddle.waiting import poll, retry

pytestmark = pytest.mark.virtual_clock


class Told:
    """Remembers what was told, and when, in seconds from the beginning."""

    def __init__(self) -> None:
        self.lines: list[tuple[float, str]] = []
        self.begun = asyncio.get_running_loop().time()

    async def __call__(self, words: str) -> None:
        self.lines.append((asyncio.get_running_loop().time() - self.begun, words))

    @property
    def words(self) -> list[str]:
        return [words for _, words in self.lines]


@asynccontextmanager
async def listening() -> AsyncIterator[Told]:
    told = Told()
    listener = Listener(told)
    with listener.listening():
        yield told
    await listener.close()


async def test_a_wait_is_told_again_and_again_and_then_taken_away() -> None:
    """With the seconds that it has taken."""
    async with listening() as told:
        with doing("orderer1 restarts"), waiting_until("until it is level"):
            await asyncio.sleep(9)
    assert told.lines == [
        (2, "orderer1 restarts; waits until it is level (2 s)"),
        (8, "orderer1 restarts; waits until it is level (8 s)"),
        (9, ""),
    ]


async def test_a_short_wait_is_not_worth_a_word() -> None:
    """Nobody could read it."""
    async with listening() as told:
        for _ in range(10):
            with waiting_until("until orderer0 answers"):
                await asyncio.sleep(1)
    assert told.lines == []


async def test_other_words_are_told_soon() -> None:
    """The facts that a wait sees: one line takes the place of the other."""
    blocks = iter(range(1, 100))

    async def look(_: float) -> int:
        return next(blocks)

    async with listening() as told:
        await poll(look, lambda found: found > 3, deadline=60, pause=2.5, longest=2.5, until=_blocks)
    begins = "waits until all blocks are there: "
    assert told.words == [f"{begins}1 of 4 (2 s)", f"{begins}2 of 4 (4 s)", f"{begins}3 of 4 (6 s)", ""]


def _blocks(found: int) -> str:
    return f"until all blocks are there: {found} of 4"


async def test_of_several_waits_the_first_is_told_and_the_others_are_counted() -> None:
    """One line is enough for nodes that start side by side."""

    async def wait(name: str, seconds: float) -> None:
        with waiting_until(f"until {name} answers"):
            await asyncio.sleep(seconds)

    async with listening() as told:
        await asyncio.gather(wait("peer0", 3), wait("peer1", 5), wait("peer2", 5))
    assert told.words[:2] == [
        "waits until peer0 answers (2 s), and 2 more",
        "waits until peer1 answers (4 s), and 1 more",
    ]


async def test_attempts_are_told_as_looks_are() -> None:
    """A node that does not answer yet, for example."""

    async def attempt(_: float) -> None:
        raise Unreachable("no")

    async with listening() as told:
        with pytest.raises(Unreachable):
            await retry(attempt, deadline=3.0, until="until peer0 answers")
    assert told.words == ["waits until peer0 answers (2 s)", ""]


async def test_where_nobody_listens_nothing_is_kept() -> None:
    """Most commands show no waits."""
    with waiting_until("until it is over") as wait:
        await asyncio.sleep(5)
    assert wait.words == "until it is over"


async def test_no_word_of_others_breaks_the_line() -> None:
    """A node's answer may have several."""
    async with listening() as told:
        with waiting_until("until it is ready:\n  [Pod x]:\tbroken"):
            await asyncio.sleep(3)
    assert told.words[0] == "waits until it is ready: [Pod x]: broken (2 s)"
