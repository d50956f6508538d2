"""Write and read a channel's blocks in a file: each behind its length, as protobuf delimits them. Pure."""

from collections.abc import Iterable, Iterator

from fabric_protos.common.common_pb2 import Block

from heddle.configtx.values import parse
from heddle.errors import BackupError
from heddle.ledgerfiles.wire import TruncatedError, length_prefixed, prefixed_at

__all__ = ["pack", "unpack"]


def pack(blocks: Iterable[Block]) -> bytes:
    """Return blocks as one file."""
    return b"".join(length_prefixed(block.SerializeToString()) for block in blocks)


def unpack(data: bytes) -> Iterator[Block]:
    """Yield the blocks of a file. Raises BackupError where it ends within one, ConfigtxError for no block."""
    place = 0
    while place < len(data):
        try:
            content, place = prefixed_at(data, place)
        except TruncatedError as error:
            raise BackupError(f"a file of blocks is cut off: {error}", hint="Use another backup.") from None
        yield parse(Block(), content, "a block of the backup")
