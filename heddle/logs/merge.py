"""Merge the logs of several nodes in the order of time. Pure."""

import heapq
from collections.abc import Iterable, Iterator

from heddle.logs.entries import Entry

__all__ = ["merged"]


def merged(logs: Iterable[Iterable[Entry]]) -> Iterator[Entry]:
    """Yield the entries of all logs by their times; entries of one log stay in their order.

    An entry without a time, or with one before that of the entry it follows in its log (a clock was set
    back, or two streams of a container overlap), stands at the time of that one.
    """
    for _, entry in heapq.merge(*map(_never_back, logs), key=lambda each: each[0]):
        yield entry


def _never_back(log: Iterable[Entry]) -> Iterator[tuple[int, Entry]]:
    latest = 0
    for entry in log:
        latest = max(latest, entry.time or 0)
        yield latest, entry
