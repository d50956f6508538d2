"""Show what drills found: as one table with a score, and as JSON. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, Final

from heddle.drills.model import Outcome, Result

__all__ = ["TITLES", "passed_all", "report", "row", "score"]

TITLES: Final = (
    "drill",
    "outcome",
    "alarm",
    "to alarm",
    "to recovery",
    "longest pause",
    "failed",
    "lost",
    "followed",
)
"""The columns of the table."""


def row(result: Result) -> tuple[str, ...]:
    """Return a drill's line of the table."""
    if result.outcome is Outcome.NOT_SHOWN:
        return (result.drill, str(result.outcome), result.why, *("",) * (len(TITLES) - 3))
    return (
        result.drill,
        str(result.outcome),
        result.alarm or "not waited for",
        _seconds(result.to_alarm),
        _seconds(result.to_recovery),
        _seconds(result.pause),
        f"{result.failed} of {result.sent}",
        str(result.lost + result.doubled),
        "; ".join(result.followed),
    )


def score(results: Iterable[Result]) -> str:
    """Return how many of the drills that the stack can show have passed."""
    shown = [each for each in results if each.outcome is not Outcome.NOT_SHOWN]
    passed = sum(each.outcome is Outcome.PASSED for each in shown)
    return f"{passed} of {len(shown)} passed"


def passed_all(results: Sequence[Result]) -> bool:
    """Tell whether a drill was shown, and none has failed."""
    outcomes = {each.outcome for each in results}
    return Outcome.PASSED in outcomes and Outcome.FAILED not in outcomes


def report(results: Sequence[Result], *, stack: str, standin: bool, hasten: float) -> dict[str, Any]:
    """Return the results as JSON has them. hasten: by what the times of the rules were divided."""
    return {
        "stack": stack,
        "nodes": "stand-ins" if standin else "Fabric's nodes",
        "hasten": hasten,
        "score": score(results),
        "passed": passed_all(results),
        "drills": [asdict(each) for each in results],
    }


def _seconds(value: float | None) -> str:
    return "—" if value is None else f"{value:.0f} s"
