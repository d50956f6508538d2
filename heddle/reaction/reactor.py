"""Take alarms one by one: run `triage`, have the runbooks that are named show their plans, act if allowed."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from heddle.errors import HeddleError
from heddle.reaction.webhook import Alert, command_for
from heddle.runbooks.following import Answer, Found, acting, checking, runbook_of

__all__ = ["Notice", "Plan", "Reactor", "Ways", "notice_of", "plain"]

_WAITING: Final = 100
"""Alarms that wait at most: of an avalanche the first ones tell enough, and all are in Alertmanager."""
_REMEMBERED: Final = 1000
"""Alarms of which is known that they were taken."""
_PLANS: Final = 5
"""Runbooks whose plans are shown for an alarm."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Hold what a runbook would do, or did. acted: whether it was let do it."""

    command: str
    code: int
    words: str
    acted: bool = False


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Say what an alarm is about, what was found, and what deals with it.

    command: that of the alarm's rule; empty for an alarm that is not Heddle's. trouble: why something could
    not be looked at.
    """

    alert: Alert
    stack: str
    command: str = ""
    findings: Sequence[Found] = ()
    plans: Sequence[Plan] = ()
    trouble: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Ways:
    """The ways to a stack: its `triage`, and any command of `heddle`."""

    triage: Callable[[], Awaitable[Sequence[Found]]]
    run: Callable[[Sequence[str]], Awaitable[Answer]]


@dataclass(kw_only=True)
class Reactor:
    """Takes each alarm once, one at a time. acts: names of the runbooks that may act by themselves."""

    stack: str
    namespace: str
    ways: Ways
    acts: Collection[str]
    deliver: Callable[[Notice], Awaitable[None]]
    tell: Callable[[str], None]
    _queue: "asyncio.Queue[Alert]" = field(default_factory=lambda: asyncio.Queue(_WAITING), init=False)
    _taken: "OrderedDict[tuple[str, str], None]" = field(default_factory=OrderedDict, init=False)

    def take(self, alerts: Sequence[Alert]) -> int:
        """Queue the alarms of this instance that fire and are new; return how many. Never waits."""
        count = 0
        for alert in alerts:
            if not alert.firing or alert.labels.get("namespace", self.namespace) != self.namespace:
                continue
            if alert.key in self._taken:
                continue
            if self._queue.full():
                self.tell(f"{alert.name}: left out, {_WAITING} alarms wait")
                continue
            self._taken[alert.key] = None
            while len(self._taken) > _REMEMBERED:
                self._taken.popitem(last=False)
            self._queue.put_nowait(alert)
            count += 1
        return count

    async def work(self) -> None:
        """Take alarms from the queue for ever; one whose notice cannot be delivered stops no other."""
        while True:
            alert = await self._queue.get()
            try:
                await self.deliver(await notice_of(alert, self.stack, self.ways, self.acts))
                self.tell(f"{alert.name}: the notice is delivered")
            except HeddleError as error:
                self.tell(f"{alert.name}: {error.message}")
            finally:
                self._queue.task_done()

    async def drained(self) -> None:
        """Wait until all that was taken is done."""
        await self._queue.join()


async def notice_of(alert: Alert, stack: str, ways: Ways, acts: Collection[str]) -> Notice:
    """Return what is found about an alarm, with the plans of the runbooks that it and `triage` name."""
    trouble: list[str] = []
    findings: Sequence[Found] = ()
    command = ""
    try:
        command = command_for(alert, stack)
        findings = await ways.triage()
    except HeddleError as error:
        trouble.append(error.message)
    named = dict.fromkeys(
        each
        for each in (command, *(found.command for found in findings))
        if runbook_of(each) not in {"", "triage"}
    )
    plans: list[Plan] = []
    for each in list(named)[:_PLANS]:
        try:
            plans += await _planned(each, ways, acts)
        except HeddleError as error:
            trouble.append(f"{each}: {error.message}")
    return Notice(
        alert=alert, stack=stack, command=command, findings=findings, plans=plans, trouble=tuple(trouble)
    )


async def _planned(command: str, ways: Ways, acts: Collection[str]) -> list[Plan]:
    """Return the plan of a runbook and, where it may act and its plan is good, what it did."""
    look, act = checking(command), acting(command)
    if look is None or act is None:
        return []
    answer = await ways.run(look)
    plans = [_plan(answer)]
    if not answer.code and runbook_of(command) in acts:
        plans.append(_plan(await ways.run(act), acted=True))
    return plans


def _plan(answer: Answer, *, acted: bool = False) -> Plan:
    return Plan(command=answer.line, code=answer.code, words=answer.words, acted=acted)


def plain(notice: Notice) -> Mapping[str, Any]:
    """Return a notice as JSON has it."""
    alert = notice.alert
    return {
        "alarm": alert.name,
        "summary": alert.summary,
        "since": alert.started,
        "labels": dict(alert.labels),
        "fingerprint": alert.fingerprint,
        "stack": notice.stack,
        "command": notice.command,
        "findings": [vars(each) for each in notice.findings],
        "plans": [vars(each) for each in notice.plans],
        "trouble": list(notice.trouble),
    }
