"""Describe an incident that can be rehearsed, and what a rehearsal of it found."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from heddle.drills.ground import Ground
from heddle.network.instance import InstanceOutput

__all__ = ["ANEW", "UP", "Drill", "Edits", "Outcome", "Result", "possible"]

Facts = Mapping[str, Any]
"""What a drill noted before it damaged anything, as JSON has it: whom it hits, what was there before."""
Edits = Mapping[tuple[str, ...], Any]
"""Values of `fabric:instance` by their paths in the stack file."""

UP: Final = (("up",),)
"""The way back where the stack file says what is wanted and the state is right."""
ANEW: Final = (("refresh",), ("up",))
"""The way back where something that the stack declares was deleted or changed behind it (refresh.md)."""


def possible(_instance: InstanceOutput) -> str:
    """Return no reason: any stack can show it."""
    return ""


async def _nothing(_ground: Ground, _facts: Facts) -> Edits:
    return {}


@dataclass(frozen=True, kw_only=True)
class Drill:
    """Describe an incident.

    name, summary: for people; the summary says what happens, in one sentence.
    alarms: which alarm tells of it; the first one that fires is followed.
    page: of docs/operations, which leads whoever reads on.
    choose: looks at the ground, and returns whom it hits.
    cause: does the damage; only after the facts were noted.
    lacks: why an instance cannot show it; empty: it can.
    mend: edits of the stack file that the page asks for; none where a runbook or `up` is enough.
    commands: what the page says then, as arguments of `heddle` without the stack's name: run where neither
        the alarm nor `triage` names a command that acts, or theirs did not suffice.
    """

    name: str
    summary: str
    alarms: tuple[str, ...]
    page: str
    choose: Callable[[Ground], Awaitable[Facts]]
    cause: Callable[[Ground, Facts], Awaitable[None]]
    lacks: Callable[[InstanceOutput], str] = possible
    mend: Callable[[Ground, Facts], Awaitable[Edits]] = _nothing
    commands: tuple[tuple[str, ...], ...] = ANEW


class Outcome(StrEnum):
    """Name how a drill ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_SHOWN = "not shown"
    """The stack cannot show this incident."""


@dataclass(kw_only=True)
class Result:
    """Hold what a drill found. Times are in seconds; None: not measured, or never reached.

    why: why it failed or is not shown. alarm: the one that was followed. to_alarm: from the damage to it.
    to_recovery: from the alarm to the proof. alarms: all that fired, with their seconds after the damage.
    followed: the commands of the recovery. found: what `triage` said after the alarm. baseline: committed
    transactions per second before the damage. sent, failed, lost, doubled, pause: the load's report.
    """

    drill: str
    outcome: Outcome = Outcome.FAILED
    why: str = ""
    alarm: str = ""
    to_alarm: float | None = None
    to_recovery: float | None = None
    alarms: dict[str, float] = field(default_factory=dict)
    followed: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    baseline: float | None = None
    latency: float | None = None
    sent: int = 0
    failed: int = 0
    lost: int = 0
    doubled: int = 0
    pause: float | None = None
