"""Our first configuration beside the one that configtxgen makes of the same wishes."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fabric_protos.common import common_pb2, configtx_pb2, configuration_pb2, policies_pb2
from fabric_protos.msp import msp_config_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2
from fabric_protos.peer import configuration_pb2 as peer_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from heddle.configtx.blocks import config_of
from heddle.configtx.expression import expression_of, parse_expression
from heddle.configtx.genesis import channel_group, genesis_block
from heddle.configtx.settings import ChannelSettings
from heddle.identity.msp import fabric_msp
from tests.configtx.configtxgen import made_by_configtxgen, profile
from tests.configtx.networks import bft_trade, trade
from tests.configtx.strategies import expressions
from tests.programs import needs

pytestmark = [pytest.mark.real, needs("configtxgen")]

MESSAGES: dict[str, Callable[[], Any]] = {
    "HashingAlgorithm": configuration_pb2.HashingAlgorithm,
    "BlockDataHashingStructure": configuration_pb2.BlockDataHashingStructure,
    "Capabilities": configuration_pb2.Capabilities,
    "ConsensusType": orderer_pb2.ConsensusType,
    "BatchSize": orderer_pb2.BatchSize,
    "BatchTimeout": orderer_pb2.BatchTimeout,
    "ChannelRestrictions": orderer_pb2.ChannelRestrictions,
    "Orderers": configuration_pb2.Orderers,
    "Endpoints": configuration_pb2.OrdererAddresses,
    "AnchorPeers": peer_pb2.AnchorPeers,
    "MSP": msp_config_pb2.MSPConfig,
}


def elements(group: configtx_pb2.ConfigGroup, path: str = "/Channel") -> Iterator[tuple[str, Any]]:
    """Every field of a tree with its place; values as messages, because maps serialize in many ways."""
    yield path, (group.version, group.mod_policy)
    for name, value in group.values.items():
        message = MESSAGES[name]()
        message.ParseFromString(value.value)
        content = fabric_msp(message) if name == "MSP" else message
        yield f"{path}/{name}", (value.version, value.mod_policy, content)
    for name, policy in group.policies.items():
        yield f"{path}:{name}", policy
    for name, below in group.groups.items():
        yield from elements(below, f"{path}/{name}")


@pytest.mark.parametrize("wanted", [trade(3), bft_trade(4), bft_trade(7)], ids=["raft", "bft4", "bft7"])
def test_the_tree_equals_configtxgens(tmp_path: Path, wanted: ChannelSettings) -> None:
    """Field by field: each value, policy, mod_policy and version; for BFT mapping and BlockValidation too."""
    theirs = config_of(made_by_configtxgen(tmp_path, profile(tmp_path, wanted))).config
    assert theirs.sequence == 0
    assert dict(elements(channel_group(wanted))) == dict(elements(theirs.channel_group))


@pytest.mark.parametrize("wanted", [trade(3), bft_trade(4)], ids=["raft", "bft"])
def test_the_block_around_it_equals_configtxgens(tmp_path: Path, wanted: ChannelSettings) -> None:
    """Header, metadata slots, and the headers in the one transaction but for nonce and time."""

    def skeleton(block: common_pb2.Block) -> list[object]:
        envelope = common_pb2.Envelope.FromString(block.data.data[0])
        payload = common_pb2.Payload.FromString(envelope.payload)
        header = common_pb2.ChannelHeader.FromString(payload.header.channel_header)
        header.ClearField("timestamp")
        header.ClearField("tx_id")
        creator = common_pb2.SignatureHeader.FromString(payload.header.signature_header).creator
        fixed = (block.header.number, block.header.previous_hash, envelope.signature, creator)
        return [*fixed, header, *block.metadata.metadata]

    theirs = made_by_configtxgen(tmp_path, profile(tmp_path, wanted))
    assert skeleton(genesis_block(wanted)) == skeleton(theirs)


EXPRESSIONS = [
    "OR('A.member')",
    "AND('A.peer', 'A.peer')",
    "And('A.admin', Or('B.client', 'A.orderer'), outof(2, 'C.peer', 'A.peer', \"B.member\"))",
    "OutOf(2, AND('A.peer', OR('B.peer', 'A.peer')), 'C.peer', Or('D-1.x.admin', 'A.peer'))",
    "OutOf(0, 'A.peer')",
    "OutOf(3, 'A.peer', 'B.peer')",
    "OR(AND(OR(AND('A.peer'), 'B.peer'), 'C.peer'), 'D.peer', AND('E.peer', OR('F.peer')))",
    "  OR (\t'A.peer' ,\n 'B.peer' ) ",
    "AND(OR(OutOf(1, 'a.member', 'b.member', 'a.member'), 'c.member'), OR('a.member', 'b.admin'), 'a.peer')",
]
REFUSED = [
    "OutOf(4, 'A.peer', 'B.peer')",
    "OutOf(-1, 'A.peer', 'B.peer')",
    "OR('A.boss')",
    "OR('A_1.peer')",
    "NOT('A.peer')",
    "and('A.peer', 'B.peer')",
    "or('A.peer', 'B.peer')",
    "OR()",
    "OR(A.peer)",
    "'A.peer'",
    "OR('A.peer'",
]


def test_expressions_give_the_bytes_that_policydsl_gives(tmp_path: Path) -> None:
    """Each one's serialized envelope, and that of the text that we write of it."""
    content = profile(tmp_path, trade(1))
    more = {f"P{n}": {"Type": "Signature", "Rule": text} for n, text in enumerate(EXPRESSIONS)}
    content["Application"]["Policies"] |= more
    theirs = config_of(made_by_configtxgen(tmp_path, content)).config.channel_group
    for number, text in enumerate(EXPRESSIONS):
        policy = theirs.groups["Application"].policies[f"P{number}"].policy
        ours = parse_expression(text)
        assert ours.SerializeToString() == policy.value, text
        envelope = policies_pb2.SignaturePolicyEnvelope.FromString(policy.value)
        assert parse_expression(expression_of(envelope)).SerializeToString() == policy.value


@given(texts=st.lists(expressions, min_size=10, max_size=30))
@settings(max_examples=8)
def test_any_expression_gives_the_bytes_that_policydsl_gives(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    """Whatever its shape."""
    folder = tmp_path_factory.mktemp("expressions")
    content = profile(folder, trade(1))
    content["Application"]["Policies"] |= {
        f"P{n}": {"Type": "Signature", "Rule": text} for n, text in enumerate(texts)
    }
    theirs = config_of(made_by_configtxgen(folder, content)).config.channel_group
    for number, text in enumerate(texts):
        policy = theirs.groups["Application"].policies[f"P{number}"].policy
        assert parse_expression(text).SerializeToString() == policy.value, text


@pytest.mark.parametrize("text", REFUSED)
def test_what_we_refuse_is_refused_by_policydsl(tmp_path: Path, text: str) -> None:
    """Nothing that Fabric takes is among our examples of errors."""
    content = profile(tmp_path, trade(1))
    content["Application"]["Policies"]["P"] = {"Type": "Signature", "Rule": text}
    with pytest.raises(AssertionError, match="invalid signature policy rule"):
        made_by_configtxgen(tmp_path, content)
