"""The first configuration and its block."""

from dataclasses import replace
from typing import Any

import pytest
from fabric_protos.common import common_pb2, configuration_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2
from fabric_protos.orderer.etcdraft import configuration_pb2 as etcdraft_pb2

from heddle.configtx.blocks import (
    block_hash,
    channel_of,
    config_of,
    data_hash,
    header_bytes,
    is_config_block,
    last_config_index,
    verify_genesis,
)
from heddle.configtx.genesis import channel_group, genesis_block
from heddle.configtx.settings import Capabilities
from heddle.errors import ConfigtxError
from tests.configtx.networks import orderer_organization, peer_organization, trade


def test_the_block_is_as_fabric_makes_it() -> None:
    """Number 0, no previous hash, five metadata slots, last configuration 0, sequence 0."""
    block = genesis_block(trade())
    assert block.header.number == 0
    assert block.header.previous_hash == b""
    assert block.header.data_hash == data_hash(block.data)
    assert len(block.metadata.metadata) == 5
    assert is_config_block(block)
    assert last_config_index(block) == 0
    assert channel_of(block) == "trade"
    assert config_of(block).config.sequence == 0
    assert config_of(block).config.channel_group == channel_group(trade())


def test_the_tree_is_the_same_each_time() -> None:
    """Equal settings give equal bytes; only nonce and time differ between blocks."""
    settings = trade()
    first = channel_group(settings).SerializeToString(deterministic=True)
    assert channel_group(settings).SerializeToString(deterministic=True) == first
    one, two = genesis_block(settings, nonce=b"1" * 24), genesis_block(settings, nonce=b"2" * 24)
    assert block_hash(one.header) != block_hash(two.header)


def test_version_3_wants_endpoints_in_the_organization() -> None:
    """No global addresses, an Endpoints value in each orderer organization."""
    group = channel_group(trade())
    assert "OrdererAddresses" not in group.values
    assert "Consortium" not in group.values
    endpoints = configuration_pb2.OrdererAddresses.FromString(
        group.groups["Orderer"].groups["orderer"].values["Endpoints"].value
    )
    assert list(endpoints.addresses) == [f"orderer{n}.example:7050" for n in range(3)]


def test_the_consenters_are_in_the_metadata() -> None:
    """Raft's cluster and options, in order."""
    group = channel_group(trade()).groups["Orderer"]
    kind = orderer_pb2.ConsensusType.FromString(group.values["ConsensusType"].value)
    metadata = etcdraft_pb2.ConfigMetadata.FromString(kind.metadata)
    assert kind.type == "etcdraft"
    assert kind.state == orderer_pb2.ConsensusType.STATE_NORMAL
    assert [consenter.host for consenter in metadata.consenters] == [f"orderer{n}.example" for n in range(3)]
    assert (metadata.options.tick_interval, metadata.options.election_tick) == ("500ms", 10)


def test_anchor_peers_exist_only_if_there_are_some() -> None:
    """An empty value would be a difference later, when there is none."""
    groups = channel_group(trade()).groups["Application"].groups
    assert "AnchorPeers" in groups["alpha"].values
    assert "AnchorPeers" not in groups["beta"].values


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, "020100"), (127, "02017f"), (128, "02020080"), (2**64 - 1, "020900ffffffffffffffff")],
)
def test_headers_are_signed_integers_in_der(number: int, expected: str) -> None:
    """As Go's asn1 writes a big.Int."""
    header = common_pb2.BlockHeader(number=number, previous_hash=b"p", data_hash=b"d")
    content = bytes.fromhex(expected) + b"\x04\x01p\x04\x01d"
    assert header_bytes(header) == b"\x30" + bytes([len(content)]) + content


def test_a_genesis_block_is_known_by_its_hash() -> None:
    """The hash that the channel's maker has; no other block passes."""
    block = genesis_block(trade())
    assert verify_genesis(block, block_hash(block.header).hex()) == config_of(block).config
    with pytest.raises(ConfigtxError, match="another channel"):
        verify_genesis(genesis_block(trade()), block_hash(block.header).hex())
    forged = common_pb2.Block.FromString(block.SerializeToString())
    forged.data.data[0] = genesis_block(replace(trade(), channel="other")).data.data[0]
    with pytest.raises(ConfigtxError, match="do not belong"):
        verify_genesis(forged, block_hash(block.header).hex())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"channel": "Trade"}, "illegal characters"),
        ({"channel": "t" * 250}, "longer than 249"),
        ({"consenters": ()}, "no consenter"),
        ({"orderer_organizations": ()}, "no orderer organization"),
        ({"orderer_organizations": (orderer_organization("orderer"),)}, "endpoints for organization orderer"),
        ({"capabilities": Capabilities(application="V9")}, "V9"),
        ({"peer_organizations": (peer_organization("alpha"), peer_organization("alpha"))}, "one name"),
        ({"peer_organizations": (peer_organization("al pha"),)}, "illegal characters"),
        ({"peer_organizations": (peer_organization("alpha", "no port"),)}, "host:port"),
    ],
)
def test_what_no_node_would_accept_is_refused(change: dict[str, Any], words: str) -> None:
    """Before anything is created."""
    with pytest.raises(ConfigtxError, match=words):
        genesis_block(replace(trade(), **change))
