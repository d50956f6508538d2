"""Make entries of the lines of a log: a stack or a table belongs to the line that it follows. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from heddle.logs.formats import Level, is_trace, last_words, read_head
from heddle.text import without_colours

__all__ = ["Assembler", "Entry", "Line", "entries_of", "read_line"]

_MOST_LINES = 5000
"""Lines of one entry at most: a process that prints without end is not kept in memory without end."""
_SECOND = 10**9
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) ?")


@dataclass(frozen=True, slots=True)
class Line:
    """Hold a line of a container's log. `time`: when the runtime got it, nanoseconds since 1970, if known."""

    time: int | None
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """Hold what was logged at once: the first line's message, and the lines that belong to it."""

    source: str
    kind: str
    """orderer, peer, database or chaincode."""
    time: int | None
    """Nanoseconds since 1970; None where the runtime did not say."""
    level: Level | None
    logger: str
    message: str
    more: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return all of it as people read it, lines after the first on lines of their own."""
        first = f"[{self.logger}] {self.message}" if self.logger else self.message
        return "\n".join((first, *self.more))


def read_line(raw: str) -> Line:
    """Return a line as an API server gives it with `timestamps`: its time, a blank, its text."""
    found = _STAMP.match(raw)
    if found is None:
        return Line(None, raw)
    try:
        whole = _seconds(found[1], found[3])
    except ValueError:
        return Line(None, raw)
    return Line(whole * _SECOND + int((found[2] or "0").ljust(9, "0")), raw[found.end() :])


@lru_cache(maxsize=4096)
def _seconds(text: str, offset: str) -> int:
    moment = datetime.fromisoformat(text + ("+00:00" if offset == "Z" else offset))
    return int(moment.astimezone(UTC).timestamp())


def entries_of(lines: Iterable[Line], *, source: str, kind: str) -> Iterator[Entry]:
    """Yield the entries of a log, from its lines in their order."""
    assembler = Assembler(source, kind)
    for line in lines:
        if entry := assembler.feed(line):
            yield entry
    if entry := assembler.flush():
        yield entry


class Assembler:
    """Puts the lines of one log together to entries."""

    def __init__(self, source: str, kind: str) -> None:
        self._source, self._kind = source, kind
        self._lines: list[str] = []
        self._time: int | None = None
        self._logger = ""
        self._level: Level | None = None
        self._went_wrong = False
        """Whether the entry's process said its last words: a stack follows."""

    def feed(self, line: Line) -> Entry | None:
        """Take the next line; return the entry before it if the line begins another one."""
        text = without_colours(line.text).rstrip("\r")
        head, words = read_head(text), last_words(text)
        goes_on = head is None and self._goes_on(text, words)
        if goes_on and 0 < len(self._lines) < _MOST_LINES:
            self._lines.append(text)
            return None
        done = self.flush()
        self._time = line.time
        self._lines = head.message.split("\n") if head else [text]
        self._logger = head.logger if head else ""
        if not goes_on:  # else it is of an entry that was given out before it
            self._level = head.level if head else words
            self._went_wrong = words is not None
        return done

    def flush(self) -> Entry | None:
        """Return the entry that is not given out yet. Lines that still belong to it get its level."""
        if not self._lines:
            return None
        done = Entry(
            source=self._source,
            kind=self._kind,
            time=self._time,
            level=self._level,
            logger=self._logger,
            message=self._lines[0],
            more=tuple(self._lines[1:]),
        )
        self._lines = []
        return done

    def _goes_on(self, text: str, words: Level | None) -> bool:
        """Tell whether a line without a head belongs to the entry before it."""
        if words is not None:
            # A panic that the process logged before it says it again; any other is news.
            return self._level is not None and self._level.rank >= words.rank
        # A chaincode may print lines of no form; nodes and databases do so only within an entry.
        return self._kind != "chaincode" or self._went_wrong or is_trace(text)
