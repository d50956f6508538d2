"""Blocks of a channel in a file: each behind its length, as protobuf's delimited messages. Pure."""

from collections.abc import Iterable, Iterator

from fabric_protos.common.common_pb2 import Block

from heddle.configtx.values import parse
from heddle.errors import BackupError

__all__ = ["pack", "unpack"]

_MORE = 0x80
_BITS = 7
_LONGEST = 10
"""Bytes of a varint."""


def pack(blocks: Iterable[Block]) -> bytes:
    """Return blocks as one file."""
    parts: list[bytes] = []
    for block in blocks:
        data = block.SerializeToString()
        parts += [_varint(len(data)), data]
    return b"".join(parts)


def unpack(data: bytes) -> Iterator[Block]:
    """Yield the blocks of a file. Raises BackupError where it ends within one, ConfigtxError for no block."""
    place = 0
    while place < len(data):
        length, place = _length(data, place)
        if place + length > len(data):
            raise BackupError("a file of blocks ends within a block", hint="Use another backup.")
        yield parse(Block(), data[place : place + length], "a block of the backup")
        place += length


def _varint(number: int) -> bytes:
    found = bytearray()
    while number >= _MORE:
        found.append(number % _MORE | _MORE)
        number >>= _BITS
    return bytes([*found, number])


def _length(data: bytes, place: int) -> tuple[int, int]:
    length = 0
    for index, byte in enumerate(data[place : place + _LONGEST]):
        length |= (byte % _MORE) << (_BITS * index)
        if byte < _MORE:
            return length, place + index + 1
    raise BackupError("a file of blocks ends within a length", hint="Use another backup.")
