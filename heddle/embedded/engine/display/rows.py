"""Keep what is known of every resource of a run, in the order in which it was first heard of."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from heddle.embedded.engine.display.words import SEVERITIES, diff_note, status
from heddle.embedded.engine.events import Event, Message, Op, Phase, Step
from heddle.plugin.interface import Severity
from heddle.state.urn import ROOT_TYPE, urn_name, urn_type

__all__ = ["Row", "Rows"]


@dataclass(kw_only=True)
class Row:
    """Keep what is known of one resource.

    Times are seconds of a monotonic clock; `latest` is the last step heard of, `goes_on` what it waits
    for meanwhile.
    """

    urn: str
    parent: str = ""
    latest: Step | None = None
    started: float = 0.0
    ended: float = 0.0
    replaced: bool = False
    messages: list[Message] = field(default_factory=list)
    goes_on: str = ""
    note: str = ""

    @property
    def type(self) -> str:
        """Return the type's token."""
        return urn_type(self.urn) if self.urn else ROOT_TYPE

    @property
    def name(self) -> str:
        """Return the resource's name."""
        return urn_name(self.urn) if self.urn else ""

    @property
    def op(self) -> Op:
        """Return what is done to the resource, a replacement as a whole once it is known as one."""
        if self.latest is None:
            return Op.SAME
        finished = self.latest.phase is Phase.DONE
        return Op.REPLACE if self.replaced and finished else self.latest.op

    @property
    def running(self) -> bool:
        """Tell whether a step is under way."""
        return self.latest is not None and self.latest.phase is Phase.STARTED

    @property
    def interesting(self) -> bool:
        """Tell whether there is anything to show: a change or a message."""
        return self.op is not Op.SAME or bool(self.messages or self.goes_on)

    def status(self, *, preview: bool) -> str:
        """Return the words for the present state of the resource."""
        if self.latest is None:
            return ""
        end = time.monotonic() if self.running else self.ended
        return status(self.op, self.latest.phase, preview=preview, seconds=end - self.started)

    def info(self) -> str:
        """Return the changed properties, and what goes on or the first line of the last message."""
        said = self.goes_on
        if self.messages and not said:
            last = self.messages[-1]
            said = SEVERITIES[last.severity] + (last.text.splitlines() or [""])[0]
        return "; ".join(part for part in (self.note, said) if part)


class Rows:
    """Keep a row for each URN from the events. Messages of no resource are the stack's."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}
        self.general: list[Message] = []

    def take(self, event: Event) -> Row | None:
        """Record an event; returns the row that changed, None for what is not shown."""
        if isinstance(event, Message):
            if event.severity is Severity.DEBUG:
                return None
            if not event.urn:
                self.general += [] if event.ephemeral else [event]
                return None
            row = self._row(event.urn)
            if event.ephemeral:
                row.goes_on = event.text
            else:
                row.messages.append(event)
            return row
        if event.internal:
            return None
        row = self._row(event.urn)
        resource = event.new or event.old
        row.parent = resource.parent if resource is not None else ""
        if event.phase is Phase.STARTED:
            row.started = time.monotonic()
        else:
            row.goes_on = ""
        row.ended = time.monotonic()
        row.started = row.started or row.ended
        row.latest = event
        row.replaced = row.replaced or event.op is Op.REPLACE
        row.note = diff_note(event.detailed) or row.note
        return row

    def _row(self, urn: str) -> Row:
        return self._rows.setdefault(urn, Row(urn=urn))

    def __iter__(self) -> Iterator[Row]:
        return iter(list(self._rows.values()))

    def tree(self) -> list[tuple[Row, str]]:
        """Return the rows worth showing and their ancestors, each with the lines that draw the tree."""
        rows = {row.urn: row for row in self}
        shown: set[str] = set()
        for row in rows.values():
            urn = row.urn if row.interesting or not row.parent else ""
            while urn in rows and urn not in shown:
                shown.add(urn)
                urn = rows[urn].parent
        children: dict[str, list[Row]] = {}
        for urn in rows:
            if urn in shown:
                parent = rows[urn].parent if rows[urn].parent in shown else ""
                children.setdefault(parent, []).append(rows[urn])
        return list(_walk(children, "", ""))


def _walk(children: dict[str, list[Row]], urn: str, indent: str) -> Iterator[tuple[Row, str]]:
    """Yield rows depth first with their branches."""
    below = children.get(urn, [])
    for index, row in enumerate(below):
        last = index == len(below) - 1
        branch = "" if not urn else indent + ("└─ " if last else "├─ ")
        yield row, branch
        yield from _walk(children, row.urn, "" if not urn else indent + ("   " if last else "│  "))
