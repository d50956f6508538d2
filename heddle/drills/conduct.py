"""Conduct a drill: measure, damage, wait for the alarm, follow it, prove; clear what a killed one left."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol

from heddle.drills.alarms import Firing
from heddle.drills.catalog import find_drill
from heddle.drills.ground import Ground
from heddle.drills.hands import Hands
from heddle.drills.load import CHAINCODE, Client, Report, loaded
from heddle.drills.model import ANEW, Drill, Edits, Facts, Outcome, Result
from heddle.drills.note import Note, read_note, remove_note, write_note
from heddle.drills.recovery import Recovery, Way, command_of
from heddle.errors import DrillError, Unreachable
from heddle.runbooks.following import Found
from heddle.waiting import poll

__all__ = ["Load", "Pace", "clear", "conduct", "load_on"]

_WELL: Final = frozenset({"warning", "note"})
"""Severities of findings with which a stack is well enough to be damaged."""
_SETTLES: Final = 120.0
"""Seconds in which findings of the drill before have to be gone, and clients to commit again."""
_SILENT: Final = 900.0
"""Seconds in which the alarms of a drill have to be silent before it: some look back ten minutes."""
_LOOKS: Final = 1.0
"""Seconds between two looks at the alarms."""


class Load(Protocol):
    """What a drill asks of its load."""

    commits: dict[str, float]
    """When each transaction was committed."""
    report: Report
    """Whole once the load has ended, and was compared with the ledger."""


Loading = Callable[[], AbstractAsyncContextManager[Load]]


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Say how long a drill takes for what, in seconds.

    baseline: under load before the damage. after: under load after the proof. alarm: until an alarm must
    fire. every: between two transactions of the load. alarms: whether anybody evaluates them.
    """

    baseline: float = 20.0
    after: float = 10.0
    alarm: float = 900.0
    every: float = 0.25
    alarms: bool = True


@asynccontextmanager
async def load_on(ground: Ground, pace: Pace) -> AsyncIterator[Load]:
    """Yield a client that submits transactions to a stack's sample chaincode while the body runs."""
    async with ground.network.connections() as connections:
        client = Client(ground.network, connections)
        async with loaded(client, every=pace.every):
            yield client
        await client.settle()


async def conduct(
    drill: Drill, ground: Ground, hands: Hands, pace: Pace, loading: Loading, tell: Callable[[str], None]
) -> Result:
    """Rehearse an incident and return what it found. A damage that was not mended is taken back.

    Raises DrillError where the stack is not well, or another drill is under way on it.
    """
    result = Result(drill=drill.name)
    if reason := _lacks(drill, ground):
        result.outcome, result.why = Outcome.NOT_SHOWN, reason
        return result
    await clear(ground, hands, tell)
    known = await _well_enough(ground, hands)
    if pace.alarms:
        await _expect_silence(drill, hands)
    recovery = Recovery(hands=hands, known=known, tell=tell)
    rehearsal = _Rehearsal(
        drill=drill, ground=ground, hands=hands, pace=pace, tell=tell, recovery=recovery, result=result
    )
    async with loading() as load:
        await rehearsal.run(load)
    _take_figures(result, load.report)
    _judge(result, rehearsal)
    return result


async def clear(ground: Ground, hands: Hands, tell: Callable[[str], None]) -> bool:
    """Take back what a drill has left that was killed; return whether there was anything.

    Raises DrillError where it cannot, or while that drill's process runs.
    """
    note = await read_note(ground.cluster, ground.namespace)
    if note is None:
        return False
    if note.is_under_way:
        raise DrillError(
            f"drill {note.drill} is under way on {ground.stack}: process {note.pid} on this machine",
            hint="Wait until it has ended.",
        )
    tell(f"takes back drill {note.drill}, which has not ended: process {note.pid} on {note.host}")
    drill = find_drill(note.drill)
    known = {(cause, about) for cause, about in note.known}
    recovery = Recovery(hands=hands, known=known, tell=tell)
    if not await recovery.follow("", _way(drill, ground, note.facts)) and not await _anew(recovery, ground):
        raise DrillError(
            f"what drill {note.drill} did to {ground.stack} could not be taken back: "
            + ("; ".join(recovery.failures) or "triage still finds something"),
            hint=f"heddle runbook run triage --stack {ground.stack}; the page: docs/operations/{drill.page}.",
        )
    await remove_note(ground.cluster, ground.namespace)
    return True


@dataclass(kw_only=True)
class _Rehearsal:
    """One drill on its way."""

    drill: Drill
    ground: Ground
    hands: Hands
    pace: Pace
    tell: Callable[[str], None]
    recovery: Recovery
    result: Result
    recovered: bool = False
    heard: list[Firing] = field(default_factory=list)
    """Alarms that fire since the damage, in their order."""

    async def run(self, load: Load) -> None:
        """Go through all of it under a load that runs already."""
        await self._measure(load)
        facts = await self.drill.choose(self.ground)
        note = Note(drill=self.drill.name, facts=facts, known=[list(key) for key in self.recovery.known])
        await write_note(self.ground.cluster, self.ground.namespace, note)
        before = {each.key for each in await self.hands.firing()}
        self.tell(f"{self.drill.name}: {self.drill.summary}")
        began = time.monotonic()
        await self.drill.cause(self.ground, facts)
        self.tell(f"damaged: {', '.join(map(str, facts.values()))}")
        listener = asyncio.create_task(self._listen(began, before))
        try:
            await self._recover(began, facts, load)
        finally:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)
        if self.recovered or await _anew(self.recovery, self.ground):
            await remove_note(self.ground.cluster, self.ground.namespace)
        await asyncio.sleep(self.pace.after)  # the load's time after the proof

    async def _measure(self, load: Load) -> None:
        before = len(load.commits)
        await asyncio.sleep(self.pace.baseline)  # the load's time before the damage
        self.result.baseline = round((len(load.commits) - before) / max(self.pace.baseline, 0.001), 2)
        self.tell(f"{self.result.baseline} transactions per second before the damage")

    async def _listen(self, began: float, before: set[tuple[str, ...]]) -> None:
        """Note each alarm that begins to fire, with its seconds after the damage."""
        while self.pace.alarms:
            with suppress(Unreachable):
                for each in await self.hands.firing():
                    if each.key not in before:
                        before.add(each.key)
                        self.heard.append(each)
                        seconds = round(time.monotonic() - began, 1)
                        self.result.alarms.setdefault(each.name, seconds)
                        self.tell(f"alarm {each.name} after {seconds:.0f} s: {each.summary}")
            await asyncio.sleep(_LOOKS)

    async def _recover(self, began: float, facts: Facts, load: Load) -> None:
        command = ""
        if not self.pace.alarms:
            await self._until_found()
        elif (firing := await self._alarm()) is not None:
            self.result.alarm, command = firing.name, firing.command
            self.result.to_alarm = round(time.monotonic() - began, 1)
            self.tell(f"follows: {command or 'triage'}")
        since = time.monotonic()
        way = _way(self.drill, self.ground, facts)
        self.recovered = await self.recovery.follow(command, way) and await _commits(load)
        if self.recovered:
            self.result.to_recovery = round(time.monotonic() - since, 1)
            self.tell(f"recovered {self.result.to_recovery:.0f} s later")

    async def _alarm(self) -> Firing | None:
        """Wait for the first alarm that the drill expects; None when none has fired in time."""

        async def look(_left: float) -> Firing | None:
            return next((each for each in self.heard if each.name in self.drill.alarms), None)

        return await poll(
            look, bool, deadline=self.pace.alarm, until=f"for an alarm: {' or '.join(self.drill.alarms)}"
        )

    async def _until_found(self) -> None:
        """Wait until `triage` finds the damage, where no alarm tells of it."""

        async def look(_left: float) -> bool:
            return any(each.key not in self.recovery.known for each in await self.hands.triage())

        await poll(look, bool, deadline=self.pace.alarm, until="until triage finds the damage")


def _way(drill: Drill, ground: Ground, facts: Facts) -> Way:
    commands = [command_of(words, ground.stack, facts) for words in drill.commands]
    return Way(edits=partial(drill.mend, ground, facts), commands=commands)


async def _anew(recovery: Recovery, ground: Ground) -> bool:
    """Bring the stack to what it declares, whatever the drill's own way did; return whether all is well."""

    async def nothing() -> Edits:
        return {}

    commands = [command_of(words, ground.stack, {}) for words in ANEW]
    return await recovery.by_page(Way(edits=nothing, commands=commands))


def _lacks(drill: Drill, ground: Ground) -> str:
    if CHAINCODE not in ground.instance.chaincodes:
        return f"it has no chaincode {CHAINCODE!r}: the load writes to the sample chaincode"
    return drill.lacks(ground.instance)


async def _well_enough(ground: Ground, hands: Hands) -> frozenset[tuple[str, str]]:
    """Return the keys of what `triage` finds. Raises DrillError unless users can work."""

    async def look(_left: float) -> tuple[Found, ...]:
        return await hands.triage()

    def ill(found: tuple[Found, ...]) -> list[Found]:
        return [each for each in found if each.severity not in _WELL]

    def otherwise(found: tuple[Found, ...]) -> DrillError:
        first = ill(found)[0]
        return DrillError(
            f"stack {ground.stack} is not well, so nothing could be measured: {first.about}: {first.words}",
            hint=f"Mend it first: {first.command}",
        )

    found = await poll(look, lambda each: not ill(each), deadline=_SETTLES, otherwise=otherwise)
    return frozenset(each.key for each in found)


async def _expect_silence(drill: Drill, hands: Hands) -> None:
    """Wait until none of the drill's alarms fires; one before it may look back ten minutes."""

    async def look(_left: float) -> list[Firing]:
        return [each for each in await hands.firing() if each.name in drill.alarms]

    def otherwise(firing: list[Firing]) -> DrillError:
        return DrillError(
            f"alarm {firing[0].name} has been firing for {_SILENT:.0f} s: {firing[0].summary}",
            hint=f"Mend that first: {firing[0].command or firing[0].page}",
        )

    words = f"until {', '.join(drill.alarms)} are silent"
    await poll(look, lambda found: not found, deadline=_SILENT, otherwise=otherwise, longest=5.0, until=words)


async def _commits(load: Load) -> bool:
    """Tell whether the load commits again."""
    before = len(load.commits)

    async def look(_left: float) -> bool:
        return len(load.commits) > before

    return await poll(look, bool, deadline=_SETTLES, until="until clients commit again")


def _take_figures(result: Result, report: Report) -> None:
    result.sent, result.failed = report.sent, len(report.failed)
    result.lost, result.doubled = len(report.lost), len(report.doubled)
    result.pause, result.latency = round(report.pause, 1), round(report.latency, 3)


def _judge(result: Result, rehearsal: _Rehearsal) -> None:
    """Say whether the drill passed, and if not, why."""
    why = []
    if rehearsal.pace.alarms and not result.alarm:
        expected = ", ".join(rehearsal.drill.alarms)
        why.append(f"none of its alarms fired within {rehearsal.pace.alarm:.0f} s ({expected})")
    if not rehearsal.recovered:
        why.append("what the alarm, triage and the page name did not bring it back")
        why += rehearsal.recovery.failures
    if result.lost or result.doubled:
        why.append(f"transactions: {result.lost} lost, {result.doubled} twice on the ledger")
    result.followed, result.found = rehearsal.recovery.followed, rehearsal.recovery.found
    result.outcome, result.why = (Outcome.FAILED, "; ".join(why)) if why else (Outcome.PASSED, "")
