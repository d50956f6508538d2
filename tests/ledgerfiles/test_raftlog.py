"""Raft's log and snapshot after a restore: what they say, and when there are none."""

import pytest
from fabric_protos.common import common_pb2
from fabric_protos.orderer.etcdraft import metadata_pb2

from heddle.errors import ConfigtxError
from heddle.ledgerfiles.raftlog import RaftFiles, raft_files
from heddle.ledgerfiles.wire import crc32c, varint_at


def _block(number: int, *, index: int = 0, voters: tuple[int, ...] = ()) -> common_pb2.Block:
    raft = metadata_pb2.BlockMetadata(consenter_ids=voters, next_consenter_id=9, raft_index=index)
    noted = common_pb2.Metadata(value=raft.SerializeToString()).SerializeToString()
    orderer = common_pb2.OrdererBlockMetadata(consenter_metadata=noted).SerializeToString()
    signatures = common_pb2.Metadata(value=orderer).SerializeToString()
    return common_pb2.Block(
        header=common_pb2.BlockHeader(number=number),
        metadata=common_pb2.BlockMetadata(metadata=[signatures]),
    )


def _fields(content: bytes) -> dict[int, list[int | bytes]]:
    """The fields of a protobuf message: numbers and bytes."""
    found: dict[int, list[int | bytes]] = {}
    offset = 0
    while offset < len(content):
        key, offset = varint_at(content, offset)
        number, offset = varint_at(content, offset)
        value: int | bytes = number
        if key & 7 == 2:
            value, offset = content[offset : offset + number], offset + number
        found.setdefault(key >> 3, []).append(value)
    return found


def _records(log: bytes) -> list[tuple[int, bytes]]:
    """The records of a log, each with the checksum of all before it."""
    found, offset, checksum = [], 0, 0
    while offset < len(log):
        frame = int.from_bytes(log[offset : offset + 8], "little")
        length, padding = frame & (1 << 56) - 1, frame >> 56 & 7
        fields = _fields(log[offset + 8 : offset + 8 + length])
        ((kind,), (told,), (content,)) = (fields[1], fields[2], fields[3])
        assert isinstance(kind, int)
        assert isinstance(content, bytes)
        checksum = crc32c(content, checksum)
        assert told == checksum
        found.append((kind, content))
        offset += 8 + length + padding
        assert offset % 8 == 0
    return found


def _files(block: common_pb2.Block) -> RaftFiles:
    files = raft_files(block)
    assert files is not None
    return files


def test_the_log_says_that_the_snapshot_was_saved_last() -> None:
    """Its voters are the consenters of the last block, by Raft's own ids."""
    block = _block(7, index=12, voters=(4, 1, 2))
    files = _files(block)
    era = (1 << 32) + 12
    kinds = [kind for kind, _ in _records(files.log)]
    assert kinds == [4, 1, 5, 5, 3]
    *_, (_, saved), (_, state) = _records(files.log)
    assert _fields(saved)[1] == [era]
    assert _fields(saved)[2] == [era]
    assert _fields(state) == {1: [era], 2: [0], 3: [era]}
    ((checksum,), (content,)) = _fields(files.snapshot).values()
    assert isinstance(content, bytes)
    assert checksum == crc32c(content)
    ((data,), (metadata,)) = _fields(content).values()
    assert data == block.SerializeToString()
    assert isinstance(metadata, bytes)
    ((voters,), (index,), (term,)) = _fields(metadata).values()
    assert isinstance(voters, bytes)
    assert _fields(voters)[1] == [1, 2, 4]
    assert (index, term) == (era, era)
    assert files.log_name == "0000000000000000-0000000000000000.wal"
    assert files.snapshot_name == "000000010000000c-000000010000000c.snap"


def test_a_second_restore_counts_on() -> None:
    """Also a log of after the first one is below it."""
    first = (1 << 32) + 12
    files = _files(_block(9, index=first + 3, voters=(1,)))
    assert files.snapshot_name.startswith(f"{(1 << 32) + first + 3:016x}")


def test_a_genesis_block_needs_none() -> None:
    """All consenters begin such a channel together."""
    assert raft_files(_block(0)) is None


def test_a_block_that_raft_has_not_ordered_is_refused() -> None:
    """A log without voters would be one that never elects anybody."""
    with pytest.raises(ConfigtxError, match="block 3 was not ordered by Raft"):
        raft_files(_block(3))
