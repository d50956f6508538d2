"""What becomes of alarms: each once, one at a time, with a plan; acting only where somebody said so."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from heddle.errors import RunbookError
from heddle.reaction.reactor import Notice, Reactor, Ways, notice_of, plain
from heddle.reaction.webhook import Alert
from heddle.runbooks.following import Answer, Found

pytestmark = pytest.mark.asyncio
REJOIN = "heddle runbook run rejoin-peer --stack dev -e peer=peer0 --check"
BROKEN = Found(cause="broken", about="peer0", words="it is broken", command=REJOIN, severity="error")
ALERT = Alert(
    name="NodeDoesNotAnswer",
    fingerprint="f1",
    started="2026-11-30T06:59:58Z",
    firing=True,
    labels={"namespace": "fabric-dev", "node": "peer0"},
)


@dataclass
class Stack:
    """One that is broken. codes: how commands end, by a word in them."""

    codes: dict[str, int] = field(default_factory=dict)
    silent: bool = False
    commands: list[str] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0

    @property
    def ways(self) -> Ways:
        """Return the ways to it."""
        return Ways(triage=self.triage, run=self.run)

    async def triage(self) -> Sequence[Found]:
        """Say what is wrong, or fail."""
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        if self.silent:
            raise RunbookError("triage of stack dev ended with 1")
        return (BROKEN, replace(BROKEN, about="peer0 again"))

    async def run(self, command: Sequence[str]) -> Answer:
        """Keep the command."""
        words = " ".join(command)
        self.commands.append(words)
        code = next((code for word, code in self.codes.items() if word in words), 0)
        return Answer(command=tuple(command), code=code, words="rename its ledger")


async def test_the_plan_of_the_runbook_comes_with_the_notice() -> None:
    """It is shown once, whoever names it, and nothing is changed."""
    stack = Stack()

    notice = await notice_of(ALERT, "dev", stack.ways, ())

    assert stack.commands == ["runbook run rejoin-peer --stack dev -e peer=peer0 --check"]
    assert [(each.words, each.acted) for each in notice.plans] == [("rename its ledger", False)]
    assert plain(notice)["findings"][0]["words"] == "it is broken"


async def test_a_runbook_that_is_allowed_acts_after_its_plan() -> None:
    """Another one's name allows nothing."""
    stack, other = Stack(), Stack()

    notice = await notice_of(ALERT, "dev", stack.ways, {"rejoin-peer"})
    await notice_of(ALERT, "dev", other.ways, {"clean-residue"})

    assert [words.rpartition(" ")[2] for words in stack.commands] == ["--check", "--yes"]
    assert [each.acted for each in notice.plans] == [False, True]
    assert [words.rpartition(" ")[2] for words in other.commands] == ["--check"]


async def test_a_runbook_that_refuses_does_not_act() -> None:
    """Its plan failed: the notice says so."""
    stack = Stack(codes={"--check": 1})

    notice = await notice_of(ALERT, "dev", stack.ways, {"rejoin-peer"})

    assert len(stack.commands) == 1
    assert [(each.code, each.acted) for each in notice.plans] == [(1, False)]


async def test_a_notice_comes_also_when_nothing_can_be_looked_at() -> None:
    """With the reason."""
    notice = await notice_of(ALERT, "dev", Stack(silent=True).ways, ())

    assert notice.trouble == ("triage of stack dev ended with 1",)


def reactor(stack: Stack, notices: list[Notice], told: list[str]) -> Reactor:
    """Return one that keeps its notices; the alarm `Undeliverable` cannot be delivered."""

    async def deliver(notice: Notice) -> None:
        if notice.alert.name == "Undeliverable":
            raise RunbookError("https://desk: HTTP 500")
        notices.append(notice)

    return Reactor(
        stack="dev", namespace="fabric-dev", ways=stack.ways, acts=(), deliver=deliver, tell=told.append
    )


async def test_each_alarm_is_taken_once_and_one_at_a_time() -> None:
    """Alertmanager repeats what goes on; one that fires anew has another beginning."""
    stack, notices = Stack(), list[Notice]()
    taker = reactor(stack, notices, [])
    worker = asyncio.create_task(taker.work())

    counts = [taker.take([ALERT, ALERT]), taker.take([ALERT]), taker.take([replace(ALERT, started="later")])]
    await taker.drained()
    worker.cancel()

    assert counts == [1, 0, 1]
    assert [each.alert.started for each in notices] == [ALERT.started, "later"]
    assert stack.most_under_way == 1


@pytest.mark.parametrize(
    "alert", [replace(ALERT, firing=False), replace(ALERT, labels={"namespace": "fabric-other"})]
)
async def test_what_is_over_or_anothers_is_left_out(alert: Alert) -> None:
    """No runbook runs for it."""
    assert reactor(Stack(), [], []).take([alert]) == 0


async def test_an_avalanche_is_bounded() -> None:
    """What does not fit is told, and may come again."""
    told: list[str] = []
    taker = reactor(Stack(), [], told)

    count = taker.take([replace(ALERT, fingerprint=str(number)) for number in range(150)])

    assert count == 100
    assert len(told) == 50
    assert told[0] == "NodeDoesNotAnswer: left out, 100 alarms wait"


async def test_a_notice_that_is_not_delivered_stops_nothing() -> None:
    """The next alarm comes."""
    notices, told = list[Notice](), list[str]()
    taker = reactor(Stack(), notices, told)
    worker = asyncio.create_task(taker.work())

    taker.take([replace(ALERT, name="Undeliverable", fingerprint="f0"), ALERT])
    await taker.drained()
    worker.cancel()

    assert told[0] == "Undeliverable: https://desk: HTTP 500"
    assert [each.alert.name for each in notices] == [ALERT.name]
