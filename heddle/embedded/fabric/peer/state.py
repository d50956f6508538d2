"""Keep a channel's state by namespace and key, in memory: what the ledger's valid transactions wrote.

A stand-in's ledger is small; reading it again at each start costs less than keeping a second store in step.
"""

import hashlib
from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["State", "Stored", "Version", "hashed", "hashed_key", "private"]


class Version(NamedTuple):
    """The transaction that wrote a value."""

    block: int
    transaction: int


class Stored(NamedTuple):
    """A value, its version, and its key's own endorsement policy, a `SignaturePolicyEnvelope` or empty."""

    value: bytes
    version: Version
    policy: bytes = b""


class State:
    """The newest value of every key."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, Stored]] = {}
        self._keys: dict[str, list[str]] = {}

    def get(self, namespace: str, key: str) -> Stored | None:
        """Return the value of a key, or None."""
        return self._values.get(namespace, {}).get(key)

    def between(self, namespace: str, start: str, end: str) -> Iterator[tuple[str, Stored]]:
        """Yield entries from `start` to before `end` (empty: to the last), by key."""
        keys = self._keys.get(namespace, [])
        for index in range(bisect_left(keys, start), len(keys)):
            if end and keys[index] >= end:
                return
            yield keys[index], self._values[namespace][keys[index]]

    def put(
        self, namespace: str, key: str, value: bytes, version: Version, policy: bytes | None = None
    ) -> None:
        """Write a value; its key's policy stays unless another is given (empty: none)."""
        values = self._values.setdefault(namespace, {})
        if key not in values:
            insort(self._keys.setdefault(namespace, []), key)
        if policy is None:
            policy = values[key].policy if key in values else b""
        values[key] = Stored(value, version, policy)

    def delete(self, namespace: str, key: str) -> None:
        """Remove a value that may be there."""
        if self._values.get(namespace, {}).pop(key, None) is not None:
            keys = self._keys[namespace]
            del keys[bisect_left(keys, key)]


def private(namespace: str, collection: str) -> str:
    """Return the namespace of a collection's values: on peers of members only."""
    return f"{namespace}$$p{collection}"


def hashed(namespace: str, collection: str) -> str:
    """Return the namespace of the hashes of a collection's values, by `hashed_key`: on every peer."""
    return f"{namespace}$$h{collection}"


def hashed_key(key: str | bytes) -> str:
    """Return the key of a hashed entry, of a key or of its hash: hexadecimal."""
    return key.hex() if isinstance(key, bytes) else hashlib.sha256(key.encode()).hexdigest()
