"""Whole files of blocks, written and read as nodes do."""

from collections.abc import Iterable, Iterator

from fabric_protos.common import common_pb2

from heddle.ledgerfiles.blockfile import BlockFiles, block_of
from heddle.ledgerfiles.wire import TruncatedError, prefixed_at


def block_files(blocks: Iterable[common_pb2.Block], files: BlockFiles) -> Iterator[tuple[int, bytes]]:
    """Yield the records of a channel's blocks, each with its file's number."""
    for block in blocks:
        file, _, content = files.place(block)
        yield file, content


def blocks_in(content: bytes) -> Iterator[common_pb2.Block]:
    """Yield the blocks of a file. A record that is cut off, as a killed node leaves it, ends them."""
    offset = 0
    while offset < len(content):
        try:
            record, offset = prefixed_at(content, offset)
        except TruncatedError:
            return
        yield block_of(record)
