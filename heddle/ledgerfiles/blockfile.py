"""Write and read the files in which orderers and peers keep a channel's blocks.

A file is a row of records: a block's length as a varint, then the block in a form of its own, which is not
the protobuf message. A node makes its index anew from these files where it has none.

Source: common/ledger/blkstorage/{block_serialization,blockfile_mgr,blockfile_helper}.go (Fabric 3.1.5).
"""

from dataclasses import dataclass

from fabric_protos.common import common_pb2

from heddle.errors import ConfigtxError
from heddle.ledgerfiles.wire import TruncatedError, length_prefixed, prefixed_at, varint, varint_at

__all__ = [
    "MAX_FILE_SIZE",
    "BlockFiles",
    "block_of",
    "file_name",
    "orderer_block",
    "record",
]

MAX_FILE_SIZE = 64 * 1024 * 1024
"""Bytes; a block that does not fit begins the next file. A block that is larger has a file of its own."""

_OF_PEERS = (common_pb2.TRANSACTIONS_FILTER, common_pb2.COMMIT_HASH)


def file_name(number: int) -> str:
    """Return the name of a channel's file of blocks, counted from 0."""
    return f"blockfile_{number:06}"


def orderer_block(block: common_pb2.Block) -> common_pb2.Block:
    """Return a block as an orderer has it: without what peers note in it when they commit it."""
    plain = common_pb2.Block()
    plain.CopyFrom(block)
    slots = plain.metadata.metadata
    for slot in _OF_PEERS:
        if slot < len(slots):
            slots[slot] = b""
    return plain


def record(block: common_pb2.Block) -> bytes:
    """Return a block as it is in a file, with its length before it."""
    header = block.header
    parts = [varint(header.number), length_prefixed(header.data_hash), length_prefixed(header.previous_hash)]
    for items in (block.data.data, block.metadata.metadata):
        parts += [varint(len(items)), *map(length_prefixed, items)]
    return length_prefixed(b"".join(parts))


@dataclass(kw_only=True)
class BlockFiles:
    """Lay a channel's blocks into files, one after the other from block 0.

    Attributes:
        limit: bytes of a file.
        height: blocks that have a place.
        file, size: the file that the last block is in, and the bytes that are in it.
    """

    limit: int = MAX_FILE_SIZE
    height: int = 0
    file: int = 0
    size: int = 0

    def place(self, block: common_pb2.Block) -> tuple[int, int, bytes]:
        """Return the file of the next block, the offset in it, and the record that belongs there.

        Raises ConfigtxError for another block than the next one.
        """
        if block.header.number != self.height:
            raise ConfigtxError(f"block {block.header.number} comes where block {self.height} belongs")
        content = record(block)
        if self.size and self.size + len(content) > self.limit:
            self.file, self.size = self.file + 1, 0
        offset = self.size
        self.size, self.height = self.size + len(content), self.height + 1
        return self.file, offset, content


def block_of(content: bytes | memoryview) -> common_pb2.Block:
    """Return the block in a record without its length. Raises ConfigtxError for anything else."""
    view = memoryview(content)
    try:
        number, offset = varint_at(view, 0)
        data_hash, offset = prefixed_at(view, offset)
        previous, offset = prefixed_at(view, offset)
        data, offset = _items_at(view, offset)
        metadata, offset = _items_at(view, offset)
    except TruncatedError as error:
        raise ConfigtxError(f"a record of a file of blocks is no block: {error}") from None
    if offset != len(view):
        raise ConfigtxError(
            f"a record of a file of blocks is longer than its block: {len(view) - offset} bytes"
        )
    return common_pb2.Block(
        header=common_pb2.BlockHeader(number=number, data_hash=data_hash, previous_hash=previous),
        data=common_pb2.BlockData(data=data),
        metadata=common_pb2.BlockMetadata(metadata=metadata),
    )


def _items_at(view: memoryview, offset: int) -> tuple[list[bytes], int]:
    count, offset = varint_at(view, offset)
    items = []
    for _ in range(count):
        item, offset = prefixed_at(view, offset)
        items.append(item)
    return items, offset
