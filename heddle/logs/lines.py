"""Write entries as lines: for a terminal, a file or a program. Pure."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from heddle.logs.entries import Entry
from heddle.logs.formats import Level
from heddle.text import folded, without_controls

__all__ = ["Layout", "json_line", "shown"]

_SECOND: Final = 10**9
_ROOMY: Final = 100
"""Columns of a terminal in which names are padded, so that texts stand beneath one another."""
_WIDEST: Final = 28
"""Columns of a name at most; a longer one moves its own text alone."""
_LEVEL: Final = max(map(len, Level))
_TAB: Final = 4


@dataclass
class Layout:
    """Hold what lines have in common: the columns of names, and the day that was printed last."""

    name: int = 0
    day: str = ""

    def learn(self, names: Iterable[str]) -> None:
        """Make room for these names."""
        self.name = max([self.name, *(min(len(each), _WIDEST) for each in names)])


def json_line(entry: Entry) -> str:
    """Return an entry as a JSON object on one line; time in RFC 3339, what is not known is null."""
    return json.dumps(
        {
            "time": f"{_moment(entry.time)}Z" if entry.time is not None else None,
            "node": entry.source,
            "kind": entry.kind,
            "level": entry.level,
            "logger": entry.logger or None,
            "message": "\n".join((entry.message, *entry.more)),
        }
    )


def shown(entry: Entry, layout: Layout, width: int, style: Callable[[str, Level | None], str]) -> list[str]:
    """Return an entry as lines for people. width: columns of a terminal, 0 for a file or pipe.

    In a terminal long lines are folded, and a line tells the day when it is another one; elsewhere each line
    begins with date and time, or with blanks if it belongs to the line above.
    """
    moment = _moment(entry.time)
    # CouchDB ends its messages with a line feed of their own.
    first, *rest = (_plain(line) for line in entry.text.rstrip().split("\n"))
    name = entry.source
    level = entry.level.upper() if entry.level else "-"
    if not width:
        return [
            f"{f'{moment}Z' if moment else '-'} {name} {level} {first}",
            *(f"    {line}" for line in rest),
        ]
    day, _, clock = moment.partition("T")
    lines = [f"{day} (UTC)"] if day and day != layout.day else []
    layout.day = day or layout.day
    if width >= _ROOMY:
        name, level = f"{name:<{layout.name}}", f"{level:<{_LEVEL}}"
    head = f"{clock[:12]:<12} {name} {level} "
    parts = folded(f"{head}{first}", width)
    lines += [style(part, entry.level) for part in parts]
    return [*lines, *(part for line in rest for part in folded(f"    {line}", width))]


def _plain(line: str) -> str:
    return without_controls(line.expandtabs(_TAB)).rstrip()


def _moment(time: int | None) -> str:
    """Return a time in UTC to the microsecond, without its zone."""
    if time is None:
        return ""
    seconds, rest = divmod(time, _SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 1000:06d}"
