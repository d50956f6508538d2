"""Whether a block can be believed."""

from dataclasses import replace

import pytest
from fabric_protos.common import common_pb2, configtx_pb2

from heddle.configtx.blocks import block_hash, data_hash, header_bytes, last_config_index, verify_block
from heddle.configtx.envelope import signature_header, signed_envelope
from heddle.configtx.genesis import channel_group, genesis_block
from heddle.errors import ConfigtxError
from heddle.identity.signer import Signer
from tests.configtx.networks import organization, trade

CONFIG = configtx_pb2.Config(channel_group=channel_group(trade()))
ORDERER = organization("orderer").signer("orderer")
GENESIS = genesis_block(trade())


def block(signers: list[Signer], number: int = 1) -> common_pb2.Block:
    """A block as orderers write it: metadata value, signature header and header are signed together."""
    client = organization("alpha").signer("client")
    made = common_pb2.Block()
    made.data.data.append(
        signed_envelope(common_pb2.ENDORSER_TRANSACTION, "trade", b"data", client).SerializeToString()
    )
    made.header.number = number
    made.header.previous_hash = block_hash(GENESIS.header)
    made.header.data_hash = data_hash(made.data)
    value = common_pb2.OrdererBlockMetadata(last_config=common_pb2.LastConfig(index=0)).SerializeToString()
    metadata = common_pb2.Metadata(value=value)
    for signer in signers:
        header = signature_header(signer)
        signature = signer.sign(value + header + header_bytes(made.header))
        metadata.signatures.add(signature_header=header, signature=signature)
    made.metadata.metadata.extend([metadata.SerializeToString(), b"", b"", b"", b""])
    return made


def test_a_block_of_the_ordering_service_is_believed() -> None:
    """Signed by an orderer, linked to the block before."""
    made = block([ORDERER])
    verify_block(made, CONFIG, previous_hash=block_hash(GENESIS.header))
    assert last_config_index(made) == 0


@pytest.mark.parametrize(
    "signers",
    [[], [organization("alpha").signer("peer")], [replace(ORDERER, msp_id="AlphaMSP")]],
)
def test_anybody_elses_block_is_not(signers: list[Signer]) -> None:
    """No signature, a peer's, or one under a foreign name."""
    with pytest.raises(ConfigtxError, match="not signed by the ordering service"):
        verify_block(block(signers), CONFIG)


def test_a_changed_block_is_not_believed() -> None:
    """Data, number, link and last configuration are all covered."""
    made = block([ORDERER])
    made.data.data[0] += b" "
    with pytest.raises(ConfigtxError, match="do not belong"):
        verify_block(made, CONFIG)
    made = block([ORDERER])
    made.header.number = 2
    with pytest.raises(ConfigtxError, match="not signed"):
        verify_block(made, CONFIG)
    with pytest.raises(ConfigtxError, match="does not follow"):
        verify_block(block([ORDERER]), CONFIG, previous_hash=b"another")
