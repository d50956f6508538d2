"""The blocks of one channel: an append-only file, and a way to wait for the next one.

Record: length as eight bytes, big-endian, then the serialized Block. A torn last record, left by a node that
was killed while writing, is cut off when the file is opened. Nothing is synced: stand-ins do not promise to
outlive a crash of the machine.
"""

import asyncio
import os
from pathlib import Path

from fabric_protos.common import common_pb2

from heddle.configtx.blocks import last_config_index

__all__ = ["Ledger", "newest_config"]

_LENGTH = 8


class Ledger:
    """Blocks 0 … height - 1. Not for two processes at once.

    Args:
        path: the file; made with its folders when absent.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
        self._offsets: list[int] = []
        self._end = 0
        self._scan()
        self._grown = asyncio.Event()
        self.closed = False

    def _scan(self) -> None:
        size = os.fstat(self._file).st_size
        while self._end + _LENGTH <= size:
            length = int.from_bytes(os.pread(self._file, _LENGTH, self._end), "big")
            if self._end + _LENGTH + length > size:
                break
            self._offsets.append(self._end)
            self._end += _LENGTH + length
        os.ftruncate(self._file, self._end)

    @property
    def height(self) -> int:
        """Return the number of blocks, which is also the next block's number."""
        return len(self._offsets)

    def block(self, number: int) -> common_pb2.Block:
        """Return a block by its number. Raises IndexError if the ledger does not have it."""
        if not 0 <= number < len(self._offsets):
            raise IndexError(f"no block {number} at height {self.height}")
        start = self._offsets[number]
        length = int.from_bytes(os.pread(self._file, _LENGTH, start), "big")
        return common_pb2.Block.FromString(os.pread(self._file, length, start + _LENGTH))

    def append(self, block: common_pb2.Block) -> None:
        """Write the next block, then wake who waits. Raises ValueError on any other number."""
        if block.header.number != self.height:
            raise ValueError(f"block {block.header.number} does not follow height {self.height}")
        data = block.SerializeToString()
        record = len(data).to_bytes(_LENGTH, "big") + data
        os.pwrite(self._file, record, self._end)
        self._offsets.append(self._end)
        self._end += len(record)
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
