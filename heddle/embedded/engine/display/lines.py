"""Write a line for every event, for logs and pipes."""

import time
from collections.abc import Callable
from typing import TextIO

from heddle.embedded.engine.display.rows import Row, Rows
from heddle.embedded.engine.display.summary import closing_lines
from heddle.embedded.engine.display.words import SIGNS
from heddle.embedded.engine.engine import Outcome
from heddle.embedded.engine.events import Event, Message, Op
from heddle.text import printable

__all__ = ["LineDisplay"]

_SELDOM = 10.0
"""Seconds between two lines of a resource that say only what goes on: logs are read by people."""


class LineDisplay:
    """Write lines as things happen."""

    def __init__(
        self,
        out: TextIO,
        *,
        header: str,
        preview: bool,
        stack_name: str,
        details: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._out = out
        self._preview = preview
        self._stack_name = stack_name
        self._details = details
        self._rows = Rows()
        self._told: dict[str, str] = {}
        self._told_at: dict[str, float] = {}
        self._clock = clock
        self._print(f"{header}:")

    def __call__(self, event: Event) -> None:
        """Write the row that changed, of a preview once all is known of it; what stays is no news."""
        row = self._rows.take(event)
        if row is None or (row.op is Op.SAME and not row.messages):
            return
        if self._preview and (row.latest is None or row.running):
            return
        if isinstance(event, Message) and event.ephemeral and not self._is_due(row):
            return
        status = row.status(preview=self._preview)
        line = f" {SIGNS[row.op]} {row.type} {row.name} {status} {row.info()}".rstrip()
        if line != self._told.get(row.urn):
            self._print(line)
            self._told_at[row.urn] = self._clock()
        self._told[row.urn] = line

    def _is_due(self, row: Row) -> bool:
        """Tell whether what goes on is worth a line: it does, and the last line was some time ago."""
        return bool(row.goes_on) and self._clock() - self._told_at.get(row.urn, 0.0) >= _SELDOM

    def finish(self, outcome: Outcome | None) -> None:
        """Write what closes the run; nothing when it could not even begin."""
        if outcome is None:
            return
        for line in closing_lines(
            self._rows,
            outcome,
            preview=self._preview,
            stack_name=self._stack_name,
            details=self._details,
        ):
            self._print(line)

    def _print(self, line: str) -> None:
        self._out.write(printable(line) + "\n")
        self._out.flush()
