"""Whether a BFT block can be believed: a quorum of consenters, named by their numbers."""

import pytest
from fabric_protos.common import common_pb2, configtx_pb2

from heddle.configtx import values
from heddle.configtx.blocks import MAX_SIGNATURES, block_hash, last_config_index, verify_block
from heddle.configtx.envelope import signed_envelope
from heddle.configtx.genesis import channel_group, genesis_block
from heddle.embedded.fabric.orderer.blocks import metadata_signature, next_block, signed_block
from heddle.errors import ConfigtxError
from tests.configtx.networks import bft_trade, organization

OWNER = organization("orderer")
HOSTS = [f"orderer{n}.example" for n in range(5)]
GENESIS = genesis_block(bft_trade(4))
CONFIG = configtx_pb2.Config(channel_group=channel_group(bft_trade(4)))


def block(signers: list[tuple[int, str]], last_config: int = 0) -> common_pb2.Block:
    """A block that these consenters signed: number in the mapping, name of the node that signs."""
    client = organization("alpha").signer("client")
    message = signed_envelope(common_pb2.ENDORSER_TRANSACTION, "trade", b"data", client)
    made = next_block(GENESIS, [message], last_config=last_config, consenter_metadata=b"")
    signatures = [
        metadata_signature(made, OWNER.signer("orderer", host), identifier=number) for number, host in signers
    ]
    return signed_block(made, [one.SerializeToString() for one in signatures])


def test_a_quorum_of_consenters_is_believed() -> None:
    """Three of four; the signatures name their makers by number only."""
    made = block([(1, HOSTS[0]), (3, HOSTS[2]), (4, HOSTS[3])], last_config=0)
    verify_block(made, CONFIG, previous_hash=block_hash(GENESIS.header))
    assert last_config_index(made) == 0


@pytest.mark.parametrize(
    "signers",
    [
        [],
        [(1, HOSTS[0]), (2, HOSTS[1])],
        [(1, HOSTS[0]), (1, HOSTS[0]), (1, HOSTS[0])],
        [(1, HOSTS[0]), (2, HOSTS[1]), (3, HOSTS[0])],
        [(1, HOSTS[0]), (2, HOSTS[1]), (9, HOSTS[2])],
        [(1, HOSTS[0]), (2, HOSTS[1]), (5, HOSTS[4])],
    ],
    ids=["none", "two", "one thrice", "foreign key", "unknown number", "no consenter"],
)
def test_less_than_a_quorum_is_not(signers: list[tuple[int, str]]) -> None:
    """Each consenter counts once, and only with its own key under its own number."""
    with pytest.raises(ConfigtxError, match="not signed by the ordering service"):
        verify_block(block(signers), CONFIG)


def test_numbers_mean_nothing_without_the_capability() -> None:
    """Below V3_0 a signature must name its creator (BlockSignatureVerifier, bftEnabled)."""
    old = configtx_pb2.Config.FromString(CONFIG.SerializeToString())
    values.put(old.channel_group, "Capabilities", values.capabilities("V2_0"))
    with pytest.raises(ConfigtxError, match="not signed"):
        verify_block(block([(n + 1, HOSTS[n]) for n in range(4)]), old)


def test_a_flood_of_signatures_is_refused_unread() -> None:
    """Each would cost a verification."""
    made = block([(1, HOSTS[0])])
    metadata = common_pb2.Metadata.FromString(made.metadata.metadata[0])
    for _ in range(MAX_SIGNATURES):
        metadata.signatures.append(metadata.signatures[0])
    made.metadata.metadata[0] = metadata.SerializeToString()
    with pytest.raises(ConfigtxError, match="expected at most 1000"):
        verify_block(made, CONFIG)
