"""A channel's state by namespace and key, in memory: it is what the ledger's valid transactions wrote.

A stand-in's ledger is small; reading it again at each start costs less than keeping a second store in step.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["State", "Stored", "Version"]


class Version(NamedTuple):
    """The transaction that wrote a value."""

    block: int
    transaction: int


class Stored(NamedTuple):
    """A value and its version."""

    value: bytes
    version: Version


class State:
    """The newest value of every key."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, Stored]] = {}
        self._keys: dict[str, list[str]] = {}

    def get(self, namespace: str, key: str) -> Stored | None:
        """The value, or None."""
        return self._values.get(namespace, {}).get(key)

    def between(self, namespace: str, start: str, end: str) -> Iterator[tuple[str, Stored]]:
        """Entries from `start` to before `end` (empty: to the last), by key."""
        keys = self._keys.get(namespace, [])
        for index in range(bisect_left(keys, start), len(keys)):
            if end and keys[index] >= end:
                return
            yield keys[index], self._values[namespace][keys[index]]

    def put(self, namespace: str, key: str, value: bytes, version: Version) -> None:
        """Write a value."""
        values = self._values.setdefault(namespace, {})
        if key not in values:
            insort(self._keys.setdefault(namespace, []), key)
        values[key] = Stored(value, version)

    def delete(self, namespace: str, key: str) -> None:
        """Remove a value that may be there."""
        if self._values.get(namespace, {}).pop(key, None) is not None:
            keys = self._keys[namespace]
            del keys[bisect_left(keys, key)]
