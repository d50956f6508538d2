"""Write and read the files in which orderers and peers keep a channel's blocks.

A file is a row of records: a block's length as a varint, then the block in a form of its own, which is not
the protobuf message. A node makes its index anew from these files where it has none.

Source: common/ledger/blkstorage/{block_serialization,blockfile_mgr,blockfile_helper}.go (Fabric 3.1.5).
"""

from collections.abc import Iterable, Iterator

from fabric_protos.common import common_pb2

from heddle.errors import ConfigtxError
from heddle.ledgerfiles.wire import TruncatedError, length_prefixed, varint, varint_at

__all__ = [
    "MAX_FILE_SIZE",
    "block_files",
    "block_of",
    "blocks_in",
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


def block_files(blocks: Iterable[common_pb2.Block]) -> Iterator[tuple[int, bytes]]:
    """Yield the records of a channel's blocks, which come in order from block 0, each with its file's number.

    Raises ConfigtxError for blocks that are not in order.
    """
    file, size = 0, 0
    for expected, block in enumerate(blocks):
        if block.header.number != expected:
            raise ConfigtxError(f"block {block.header.number} comes where block {expected} belongs")
        content = record(block)
        if size and size + len(content) > MAX_FILE_SIZE:
            file, size = file + 1, 0
        size += len(content)
        yield file, content


def blocks_in(content: bytes) -> Iterator[common_pb2.Block]:
    """Yield the blocks of a file. A record that is cut off, as a killed node leaves it, ends them.

    Raises ConfigtxError for a record that is whole and no block.
    """
    view, offset = memoryview(content), 0
    while offset < len(view):
        try:
            length, start = varint_at(view, offset)
        except TruncatedError:
            return
        if start + length > len(view):
            return
        yield block_of(view[start : start + length])
        offset = start + length


def block_of(content: bytes | memoryview) -> common_pb2.Block:
    """Return the block in a record without its length. Raises ConfigtxError for anything else."""
    view = memoryview(content)
    try:
        number, offset = varint_at(view, 0)
        data_hash, offset = _bytes_at(view, offset)
        previous, offset = _bytes_at(view, offset)
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
        item, offset = _bytes_at(view, offset)
        items.append(item)
    return items, offset


def _bytes_at(view: memoryview, offset: int) -> tuple[bytes, int]:
    length, start = varint_at(view, offset)
    if start + length > len(view):
        raise TruncatedError(f"{length} bytes expected, {len(view) - start} left")
    return bytes(view[start : start + length]), start + length
