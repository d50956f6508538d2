"""Files of blocks: what is written is read again, in Fabric's form, and nothing else is taken for a block."""

from contextlib import suppress

import pytest
from fabric_protos.common import common_pb2
from hypothesis import given
from hypothesis import strategies as st

from heddle.errors import ConfigtxError
from heddle.ledgerfiles.blockfile import BlockFiles, file_name, orderer_block, record
from heddle.ledgerfiles.wire import crc32c, varint, varint_at
from tests.ledgerfiles.blockfiles import block_files, blocks_in

_BYTES = st.binary(max_size=300)


@st.composite
def _blocks(draw: st.DrawFn) -> list[common_pb2.Block]:
    items = st.lists(_BYTES, max_size=6)
    return [
        common_pb2.Block(
            header=common_pb2.BlockHeader(number=number, data_hash=draw(_BYTES), previous_hash=draw(_BYTES)),
            data=common_pb2.BlockData(data=draw(items)),
            metadata=common_pb2.BlockMetadata(metadata=draw(items)),
        )
        for number in range(draw(st.integers(0, 5)))
    ]


@given(_blocks())
def test_blocks_come_back(blocks: list[common_pb2.Block]) -> None:
    """All of them, in order."""
    content = b"".join(content for _, content in block_files(blocks, BlockFiles()))
    assert list(blocks_in(content)) == blocks


@given(_blocks(), st.integers(1, 40))
def test_a_torn_record_ends_the_file(blocks: list[common_pb2.Block], torn: int) -> None:
    """A node that is killed while it writes leaves one; Fabric cuts it off as well."""
    content = b"".join(map(record, blocks))
    rest = record(common_pb2.Block(data=common_pb2.BlockData(data=[bytes(50)])))[:torn]
    assert list(blocks_in(content + rest)) == blocks


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """Of bytes that are no blocks nothing worse comes than a refusal."""
    with suppress(ConfigtxError):
        list(blocks_in(content))


@pytest.mark.parametrize(
    ("rest", "words"),
    [(b"\x02\x07\xff", "is no block"), (b"\x06\0\0\0\0\0\0", "longer than its block: 1 bytes")],
)
def test_a_record_that_is_no_block_is_refused(rest: bytes, words: str) -> None:
    """It is whole, so that no killed node has left it."""
    with pytest.raises(ConfigtxError, match=words):
        list(blocks_in(record(common_pb2.Block()) + rest))


def test_a_record_in_fabrics_form() -> None:
    """Length, number, data hash, previous hash, envelopes, metadata; each with its length."""
    block = common_pb2.Block(
        header=common_pb2.BlockHeader(number=300, data_hash=b"dd", previous_hash=b"p"),
        data=common_pb2.BlockData(data=[b"one", b""]),
        metadata=common_pb2.BlockMetadata(metadata=[b"m"]),
    )
    assert record(block) == b"\x10" + b"\xac\x02" + b"\x02dd" + b"\x01p" + b"\x02\x03one\x00" + b"\x01\x01m"


def test_a_file_takes_no_more_than_its_limit() -> None:
    """The next block begins the next file; one that is larger than a file has its own."""
    sizes = (40, 40, 40, 200, 1)
    blocks = [
        common_pb2.Block(
            header=common_pb2.BlockHeader(number=number), data=common_pb2.BlockData(data=[bytes(size)])
        )
        for number, size in enumerate(sizes)
    ]
    assert [file for file, _ in block_files(blocks, BlockFiles(limit=100))] == [0, 0, 1, 2, 3]
    assert file_name(12) == "blockfile_000012"


def test_blocks_out_of_order_are_refused() -> None:
    """A gap would be found by the node only, at its start."""
    blocks = [common_pb2.Block(header=common_pb2.BlockHeader(number=number)) for number in (0, 2)]
    with pytest.raises(ConfigtxError, match="block 2 comes where block 1 belongs"):
        list(block_files(blocks, BlockFiles()))


def test_an_orderers_block_has_nothing_of_peers() -> None:
    """Validation codes and the commit hash are what a peer notes for itself."""
    slots = [b"signatures", b"last", b"codes", b"raft", b"hash"]
    block = common_pb2.Block(metadata=common_pb2.BlockMetadata(metadata=slots))
    assert list(orderer_block(block).metadata.metadata) == [b"signatures", b"last", b"", b"raft", b""]
    assert list(block.metadata.metadata) == slots


@given(st.integers(0, 2**64 - 1))
def test_numbers_come_back(number: int) -> None:
    """As protobuf writes them."""
    assert varint_at(varint(number), 0) == (number, len(varint(number)))


def test_the_checksum_is_castagnolis() -> None:
    """The value that RFC 3720 gives, in one piece or two."""
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(b"6789", crc32c(b"12345")) == 0xE3069283
