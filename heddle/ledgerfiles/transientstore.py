"""Write and read a peer's transient store, whence private data come for the blocks that it commits. Pure.

A peer that is made anew commits every block of its channels. For each transaction it first looks here, takes
what has the hash that the block names, and asks other peers only for what is missing; all else of private
data, as when it ends, the peer works out itself. So nothing that is written here has to be trusted.

Source: core/transientstore/{store,store_helper}.go, gossip/privdata/pvtdataprovider.go (Fabric 3.1.5).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from heddle.ledgerfiles.leveldb import (
    CURRENT,
    JOURNAL,
    MANIFEST,
    current_file,
    entries_in,
    journal,
    manifest_file,
)
from heddle.ledgerfiles.wire import TruncatedError, field_bytes, prefixed_at, varint, varint_at

__all__ = ["FOLDER", "PrivateData", "private_data_in", "store_files"]

FOLDER = "transientstore"
"""The folder under a peer's `peer.fileSystemPath`."""
_SEPARATOR = b"\0"
_BY_TRANSACTION, _BY_HEIGHT, _WRITES = b"T", b"H", b"P"
_BLOCK = _SEPARATOR + b"\x08"
"""Begin of a value: what tells it from former formats, and the tag of the block's number."""
_ORIGIN = b"heddle"
"""Takes the place of the random part of a key that tells several endorsers' copies apart."""


@dataclass(frozen=True, kw_only=True)
class PrivateData:
    """Hold what a transaction wrote into collections: `writes` is an rwset.TxPvtReadWriteSet, serialized."""

    block: int
    transaction: str
    writes: bytes


def store_files(channels: Iterable[tuple[str, Iterable[PrivateData]]]) -> Iterator[tuple[str, bytes]]:
    """Yield the parts of the store's files, each with the file's name; a file's parts follow one another."""
    yield CURRENT, current_file()
    yield MANIFEST, manifest_file()
    for part in journal(entry for name, data in channels for each in data for entry in _entries(name, each)):
        yield JOURNAL, part


def private_data_in(journal_file: bytes, channel: str) -> Iterator[PrivateData]:
    """Yield a channel's private data of the journal that `store_files` wrote.

    Raises TruncatedError where it is damaged, UnicodeDecodeError for a transaction of another name.
    """
    prefix = channel.encode() + _SEPARATOR + _WRITES + _SEPARATOR
    for key, value in entries_in(journal_file):
        if key.startswith(prefix):
            if not value.startswith(_BLOCK):
                raise TruncatedError("the journal has a value that is no private data")
            block, place = varint_at(value, len(_BLOCK))
            writes, _ = prefixed_at(value, place + 1)
            transaction = key.removeprefix(prefix).partition(_SEPARATOR)[0].decode()
            yield PrivateData(block=block, transaction=transaction, writes=writes)


def _entries(channel: str, data: PrivateData) -> Iterator[tuple[bytes, bytes]]:
    """Yield the entry of a transaction and the two by which the peer finds it when it may go."""
    prefix, height = channel.encode() + _SEPARATOR, _ordered(data.block)
    whole = data.transaction.encode() + _SEPARATOR + _ORIGIN + _SEPARATOR + height
    by_height = height + _SEPARATOR + data.transaction.encode() + _SEPARATOR + _ORIGIN
    value = _BLOCK + varint(data.block) + field_bytes(2, data.writes)
    yield prefix + _WRITES + _SEPARATOR + whole, value
    yield prefix + _BY_HEIGHT + _SEPARATOR + by_height, b""
    yield prefix + _BY_TRANSACTION + _SEPARATOR + whole, b""


def _ordered(number: int) -> bytes:
    """Return a number so that larger ones sort behind it (EncodeOrderPreservingVarUint64)."""
    content = number.to_bytes(8, "big").lstrip(b"\0")
    return bytes((len(content),)) + content
