"""A backup is made of what all nodes have: one last block, and one state of the peers."""

import pytest
from fabric_protos.common.common_pb2 import COMMIT_HASH, Block, BlockHeader, BlockMetadata, Metadata

from heddle.backup.confirmation import Confirmation
from heddle.configtx.blocks import block_hash
from heddle.errors import BackupError

HEADER = BlockHeader(number=7, previous_hash=b"p", data_hash=b"d")


def block(commit_hash: bytes = b"", header: BlockHeader = HEADER) -> Block:
    slots = [b""] * COMMIT_HASH + [Metadata(value=commit_hash).SerializeToString() if commit_hash else b""]
    return Block(header=header, metadata=BlockMetadata(metadata=slots))


def confirmation() -> Confirmation:
    return Confirmation(channel="trade", number=7, expected=block_hash(HEADER))


def test_nodes_that_have_the_same_are_counted() -> None:
    """Orderers have no state; peers have one hash of it, in whatever order they answer."""
    found = confirmation()
    for node, commit_hash in (("orderer0", b""), ("peer0", b"state"), ("orderer1", b""), ("peer1", b"state")):
        found.take(node, block(commit_hash))
    assert found.nodes == ("orderer0", "peer0", "orderer1", "peer1")
    assert found.commit_hash == b"state"


def test_another_block_is_refused() -> None:
    with pytest.raises(BackupError, match="peer0 has another block 7"):
        confirmation().take("peer0", block(header=BlockHeader(number=7, data_hash=b"other")))


def test_another_state_of_the_same_blocks_is_refused() -> None:
    """The peer is named, and so are those that it differs from."""
    found = confirmation()
    found.take("peer0", block(b"state"))
    with pytest.raises(BackupError, match=r"peer1 has another state than the peers before it \(peer0\)"):
        found.take("peer1", block(b"other"))
