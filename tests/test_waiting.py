"""What is tried again, how often, and what is not."""

import asyncio
import time

import pytest

from heddle.errors import FabricError, Refused, Unreachable
from heddle.waiting import Attempts, Deadline, ensure, poll, reading, retry, settle


class Calls:
    """A call that fails with these errors in turn, then returns."""

    def __init__(self, *errors: Exception, result: object = "done") -> None:
        self.errors = list(errors)
        self.result = result
        self.count = 0

    async def __call__(self, left: float) -> object:
        assert left > 0
        self.count += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.result


async def test_a_read_is_repeated_when_no_answer_came() -> None:
    """A connection that breaks twice is no failure."""
    calls = Calls(Unreachable("a"), Unreachable("b"))
    assert await reading(calls, deadline=10) == "done"
    assert calls.count == 3


async def test_an_answer_is_final() -> None:
    """A refusal is the node's own word: asking again would not change it."""
    calls = Calls(Refused("no"))
    with pytest.raises(Refused):
        await reading(calls, deadline=10)
    assert calls.count == 1


async def test_reads_end_by_their_deadline() -> None:
    """Also when the node never answers; the last error is told."""
    begun = time.monotonic()
    with pytest.raises(Unreachable, match="4"):
        await reading(Calls(*(Unreachable(str(n)) for n in (1, 2, 3, 4, 5))), deadline=60)
    with pytest.raises(Unreachable, match="1"):
        await reading(Calls(Unreachable("1"), Unreachable("2")), deadline=0.1)
    assert time.monotonic() - begun < 4


async def test_a_write_whose_answer_was_lost_is_not_repeated_if_it_happened() -> None:
    """The state says it is there: nothing is sent a second time."""
    act, done = Calls(Unreachable("lost"), result="second"), Calls(result="found")
    assert await settle(act, done, deadline=10) == "found"
    assert act.count == 1


async def test_a_write_that_did_not_happen_is_repeated() -> None:
    """The state says it is not there: it is safe to do it now."""
    act, done = Calls(Unreachable("lost"), result="second"), Calls(result=None)
    assert await settle(act, done, deadline=10) == "second"
    assert act.count == 2


async def test_polling_ends_with_what_was_last_seen() -> None:
    """The caller words the error, with the evidence; a node that is away in between is looked at again."""

    async def look(left: float) -> int:
        return await counter(left)  # type: ignore[return-value]  # the double's is any

    counter = Calls(Unreachable("away"), result=7)
    with pytest.raises(FabricError, match="saw 7"):
        await poll(
            look,
            lambda seen: seen > 7,
            deadline=0.3,
            otherwise=lambda seen: FabricError(f"saw {seen}"),
            pause=0.05,
        )
    counter = Calls(*(Unreachable("away") for _ in range(100)))
    with pytest.raises(Unreachable, match="away"):
        await poll(look, bool, deadline=0.2, otherwise=lambda seen: FabricError(f"saw {seen}"))


async def test_polling_without_an_error_of_its_own_returns_what_was_last_seen() -> None:
    """For callers whose evidence has to be asked for; nothing seen at all is still an error."""
    assert await poll(Calls(result=7), lambda _: False, deadline=0.1, pause=0.02) == 7
    with pytest.raises(Unreachable):
        await poll(Calls(*(Unreachable("away") for _ in range(100))), bool, deadline=0.1, pause=0.02)


async def test_pauses_grow_and_the_time_is_used_to_its_end() -> None:
    """A long wait asks seldom, and still looks once more when the time is nearly up."""
    calls, begun = Calls(result=0), time.monotonic()
    await poll(calls, bool, deadline=1.0, pause=0.05, longest=5)
    assert 0.9 < time.monotonic() - begun < 1.4
    assert calls.count < 10


async def test_only_what_passes_is_tried_again() -> None:
    """The caller says which error passes by itself; every other one is final."""
    calls = Calls(Refused("no leader"), Refused("no leader"), Refused("forbidden"))
    with pytest.raises(Refused, match="forbidden"):
        await retry(calls, lambda error: "leader" in error.message, deadline=5, pause=0.01)
    assert calls.count == 3


async def test_what_is_there_is_not_done_again() -> None:
    """Neither when it was there before, nor when somebody else was faster."""
    act = Calls(Refused("already exists"))
    assert await ensure(act, Calls(result="there"), deadline=5) == "there"
    assert act.count == 0
    seen = iter([None, "theirs"])

    async def done(_: float) -> str | None:
        return next(seen)

    assert await ensure(act, done, deadline=5) == "theirs"


async def test_a_deadline_is_never_zero() -> None:
    """To gRPC and httpx a time-out of zero is something else."""
    clock = Deadline(0)
    assert clock.passed()
    assert clock.left() > 0


async def test_attempts_that_fail_are_told_and_hide_no_other() -> None:
    """By a refusal, or because they last too long; each has a time of its own."""

    async def refused() -> int:
        raise FabricError("not for you", hint="Ask somebody else.")

    async def answered() -> int:
        return 7

    attempts = Attempts()
    found = await asyncio.gather(
        attempts.made("clocks", refused(), seconds=60),
        attempts.made("pods", asyncio.Event().wait(), seconds=0.01),
        attempts.made("nodes", answered(), seconds=60),
    )

    assert list(found) == [None, None, 7]
    assert attempts.failed == {"clocks": "not for you", "pods": "no answer within 0.01 s"}
