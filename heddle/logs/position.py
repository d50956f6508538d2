"""Remember how far a pod's log was read, so that reading on neither loses nor doubles a line. Pure."""

from collections import Counter
from datetime import UTC, datetime

from heddle.logs.entries import Line, read_line

__all__ = ["Position"]

_SECOND = 10**9
_OVERLAP = 60
"""Seconds before the newest line from which on a new connection gives out lines again."""


class Position:
    """A place in the log of one pod, across the ends of connections and of containers.

    A new connection gives out again what was logged in the last minute before the newest line. Which of those
    lines were read before is known by their text with its time, of nanoseconds; each counts as often as it
    came. The minute is for the end of a container that restarted: a connection may give out the new
    container's lines before the list of pods says that there is one.
    """

    def __init__(self, since: int | None = None) -> None:
        """Begin at a time in nanoseconds since 1970, or at the first line that is kept."""
        self._since = since
        self._newest: int | None = None
        """The second of the newest line."""
        self._read: dict[int, Counter[str]] = {}
        """Lines that were read, by their second; only those of the last minute."""
        self._again: Counter[str] = Counter()
        """Lines that the present connection may still give out once more."""

    @property
    def since(self) -> str:
        """Return the time to ask from, RFC 3339 in whole seconds; empty: from the first line."""
        begin = None if self._since is None else self._since // _SECOND
        if self._newest is not None:
            begin = max(self._newest - _OVERLAP, begin or 0)
        if begin is None:
            return ""
        return datetime.fromtimestamp(begin, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def reconnected(self) -> None:
        """Note that lines come from a new connection, which begins at `since`."""
        self._again = sum(self._read.values(), Counter())

    def take(self, raw: str) -> Line | None:
        """Return a line that was not read before; None for one that was, or that is too old."""
        if self._again[raw] > 0:
            self._again[raw] -= 1
            return None
        line = read_line(raw)
        if line.time is None:
            return line
        if self._since is not None and line.time < self._since:
            return None
        second = line.time // _SECOND
        self._read.setdefault(second, Counter())[raw] += 1
        if self._newest is None or second > self._newest:
            self._newest = second
            for old in [each for each in self._read if each < second - _OVERLAP]:
                del self._read[old]
        return line
