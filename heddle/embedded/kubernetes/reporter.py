"""Tell the steps of `up` and `down` to the command line, which shows them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

__all__ = ["Reporter", "step"]


class Reporter(Protocol):
    """Receives the steps as they begin and end."""

    def begin(self, title: str) -> None:
        """Show that a step has begun: what is being done or waited for."""

    def detail(self, text: str) -> None:
        """Show something about the current step that changes often."""

    def end(self, title: str, seconds: float) -> None:
        """Show that the step is done."""


@contextmanager
def step(reporter: Reporter, title: str) -> Iterator[None]:
    """Report one step with its seconds; a step that fails does not end."""
    reporter.begin(title)
    began = time.monotonic()
    yield
    reporter.end(title, time.monotonic() - began)
