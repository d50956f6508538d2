"""The block file of a stand-in."""

import asyncio
from pathlib import Path

import pytest
from fabric_protos.common import common_pb2

from heddle.embedded.fabric.ledger import Ledger


def _block(number: int, content: bytes = b"x") -> common_pb2.Block:
    block = common_pb2.Block()
    block.header.number = number
    block.data.data.append(content)
    return block


async def test_blocks_survive(tmp_path: Path) -> None:
    """What was appended is there after the file is opened again."""
    ledger = Ledger(tmp_path / "channel" / "blocks")
    for number in range(3):
        ledger.append(_block(number, bytes([number])))
    ledger.close()
    again = Ledger(tmp_path / "channel" / "blocks")
    assert again.height == 3
    assert [again.block(number).data.data[0] for number in range(3)] == [b"\0", b"\1", b"\2"]


@pytest.mark.parametrize("lost", [1, 4, 7])
async def test_a_torn_record_is_cut_off(tmp_path: Path, lost: int) -> None:
    """A node that was killed while it wrote goes on after the last whole block."""
    path = tmp_path / "blocks"
    ledger = Ledger(path)
    ledger.append(_block(0))
    ledger.append(_block(1))
    ledger.close()
    path.write_bytes(path.read_bytes()[:-lost])
    again = Ledger(path)
    assert again.height == 1
    again.append(_block(1, b"again"))
    assert again.block(1).data.data[0] == b"again"


async def test_a_file_of_an_earlier_release_is_taken_over(tmp_path: Path) -> None:
    """Its records had a length of eight bytes; what a killed node left of the last one is cut off."""
    path = tmp_path / "blocks"
    blocks = [_block(number).SerializeToString() for number in range(2)]
    records = [len(block).to_bytes(8, "big") + block for block in blocks]
    path.write_bytes(b"".join(records) + records[1][:12])
    ledger = Ledger(path)
    ledger.append(_block(2))
    assert [ledger.block(number).header.number for number in range(3)] == [0, 1, 2]


async def test_only_the_next_block_fits(tmp_path: Path) -> None:
    """A gap or a repetition is a mistake of the caller."""
    ledger = Ledger(tmp_path / "blocks")
    with pytest.raises(ValueError, match="does not follow"):
        ledger.append(_block(1))
    with pytest.raises(IndexError):
        ledger.block(0)


async def test_waiting_ends_with_the_block_or_with_the_ledger(tmp_path: Path) -> None:
    """Readers are woken by an append, and let go by close."""
    ledger = Ledger(tmp_path / "blocks")
    first = asyncio.create_task(ledger.reached(0))
    never = asyncio.create_task(ledger.reached(5))
    await asyncio.sleep(0)
    ledger.append(_block(0))
    assert await asyncio.wait_for(first, 1)
    ledger.close()
    assert not await asyncio.wait_for(never, 1)
