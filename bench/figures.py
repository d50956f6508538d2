"""Make rows of the table. Times are medians of several runs, after one that does not count."""

import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

__all__ = ["Figure", "median_of", "run"]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Hold one measured value, beside its peer in the same run."""

    what: str
    on: str
    """The program that did the work: `in process`, `Fabric's nodes`, `stand-ins`."""
    value: float
    unit: str = "s"
    peer: float | None = None
    """The peer's value in the same unit; None where there is none, or it is not on PATH."""
    peer_name: str = ""
    goal: str = ""

    @property
    def ratio(self) -> float | None:
        """Return the ratio of our value to the peer's."""
        return self.value / self.peer if self.peer else None


def median_of(work: Callable[[], object]) -> float:
    """Return the median of the seconds that five calls take, after one that warms up."""
    _seconds(work)
    return median(_seconds(work) for _ in range(5))


def run(argv: Sequence[str]) -> None:
    """Run a program to its end; it must succeed."""
    subprocess.run(argv, check=True, capture_output=True, timeout=300)


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
