"""Keep the blocks of one channel: an append-only file, and a way to wait for the next one.

The file is as Fabric's own, but that a channel has only one, however long. A torn last record, left by a node
that was killed while writing, is cut off when the file is opened. Nothing is synced: stand-ins do not promise
to outlive a crash of the machine.
"""

import asyncio
import os
from pathlib import Path

from fabric_protos.common import common_pb2

from heddle.configtx.blocks import last_config_index
from heddle.ledgerfiles.blockfile import block_of, record
from heddle.ledgerfiles.wire import TruncatedError, varint_at

__all__ = ["Ledger", "newest_config"]

_LONGEST_LENGTH = 10
_FORMER_LENGTH = 8


class Ledger:
    """Blocks 0 … height - 1. Not for two processes at once.

    Args:
        path: the file; made with its folders when absent.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        _take_over(path)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
        self._places: list[tuple[int, int]] = []
        self._end = 0
        self._scan()
        self._grown = asyncio.Event()
        self.closed = False

    def _scan(self) -> None:
        size = os.fstat(self._file).st_size
        while (place := self._record_at(self._end)) and sum(place) <= size:
            self._places.append(place)
            self._end = sum(place)
        os.ftruncate(self._file, self._end)

    def _record_at(self, offset: int) -> tuple[int, int] | None:
        """Return where a record's block begins, and its length; None where not even the length is whole."""
        head = os.pread(self._file, _LONGEST_LENGTH, offset)
        try:
            length, start = varint_at(head, 0)
        except TruncatedError:
            return None
        return offset + start, length

    @property
    def height(self) -> int:
        """Return the number of blocks, which is also the next block's number."""
        return len(self._places)

    def block(self, number: int) -> common_pb2.Block:
        """Return a block by its number. Raises IndexError if the ledger does not have it."""
        if not 0 <= number < len(self._places):
            raise IndexError(f"no block {number} at height {self.height}")
        start, length = self._places[number]
        return block_of(os.pread(self._file, length, start))

    def append(self, block: common_pb2.Block) -> None:
        """Write the next block, then wake who waits. Raises ValueError on any other number."""
        if block.header.number != self.height:
            raise ValueError(f"block {block.header.number} does not follow height {self.height}")
        os.pwrite(self._file, record(block), self._end)
        self._scan()
        self._wake()

    async def reached(self, number: int) -> bool:
        """Wait until block `number` is there; false when the ledger was closed meanwhile."""
        while self.height <= number and not self.closed:
            await self._grown.wait()
        return not self.closed

    def close(self) -> None:
        """Let everybody go who waits, and close the file."""
        if not self.closed:
            self.closed = True
            self._wake()
            os.close(self._file)

    def remove(self) -> None:
        """Close, and delete the file."""
        self.close()
        self._path.unlink(missing_ok=True)

    def _wake(self) -> None:
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()


def newest_config(ledger: Ledger) -> common_pb2.Block:
    """Return the newest configuration block of a ledger that is not empty."""
    return ledger.block(last_config_index(ledger.block(ledger.height - 1)))


def _take_over(path: Path) -> None:
    """Write a file of an earlier Heddle anew: its records were serialized Blocks behind eight bytes."""
    former = path.read_bytes() if path.exists() else b""
    if former[:1] != b"\0":  # the first byte of a length that no block has, as a varint
        return
    content, place = b"", 0
    while place + _FORMER_LENGTH <= len(former):
        start = place + _FORMER_LENGTH
        place = start + int.from_bytes(former[place:start], "big")
        if place <= len(former):
            content += record(common_pb2.Block.FromString(former[start:place]))
    new = path.with_name(f"{path.name}.new")
    new.write_bytes(content)
    new.replace(path)
