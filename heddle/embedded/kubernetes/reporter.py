"""How `up` and `down` tell what they do; the command line shows it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

__all__ = ["Quiet", "Reporter", "step"]


class Reporter(Protocol):
    """Receives the steps as they begin and end."""

    def begin(self, title: str) -> None:
        """A step begins: what is being done or waited for."""

    def detail(self, text: str) -> None:
        """Something about the current step that changes often."""

    def end(self, title: str, seconds: float) -> None:
        """The step is done."""


class Quiet:
    """Says nothing."""

    def begin(self, title: str) -> None:
        """Nothing."""

    def detail(self, text: str) -> None:
        """Nothing."""

    def end(self, title: str, seconds: float) -> None:
        """Nothing."""


@contextmanager
def step(reporter: Reporter, title: str) -> Iterator[None]:
    """One step, timed; a step that fails does not end."""
    reporter.begin(title)
    began = time.monotonic()
    yield
    reporter.end(title, time.monotonic() - began)
