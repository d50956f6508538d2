"""Whatever a peer or an orderer answers over gRPC: it is read, or a FabricError says whose answer it was."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from fabric_protos.common import common_pb2, ledger_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.orderer import ab_pb2
from fabric_protos.peer import events_pb2, proposal_pb2, proposal_response_pb2, query_pb2, transaction_pb2
from fabric_protos.peer.lifecycle import lifecycle_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heddle.errors import Unreachable
from heddle.fabric import cscc, events, gateway, installation, lifecycle, orderer, qscc
from heddle.fabric.answers import validation_code
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.fabric.endorser import new_proposal
from heddle.fabric.lifecycle import Definition
from heddle.fabric.node import Node
from tests.fabric.hostile import SIGNER, Hostile, hostile_node, refused
from tests.real.commits import transaction_code, wait_for_commit

D = 0.24
"""Seconds; too few for a second attempt, so that many answers can be tried."""
fuzzed = settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
Ask: TypeAlias = Callable[[Connections, Node], Awaitable[object]]
WANTED = Definition(name="cc", version="1", sequence=1)

PAYLOADS: dict[str, tuple[Ask, bytes]] = {
    "channels": (
        lambda c, n: cscc.channels(c, n, SIGNER, deadline=D),
        query_pb2.ChannelQueryResponse(channels=[query_pb2.ChannelInfo(channel_id="a")]).SerializeToString(),
    ),
    "config block": (
        lambda c, n: cscc.config_block(c, n, "a", SIGNER, deadline=D),
        common_pb2.Block(header=common_pb2.BlockHeader(number=7)).SerializeToString(),
    ),
    "chain info": (
        lambda c, n: qscc.chain_info(c, n, "a", SIGNER, deadline=D),
        ledger_pb2.BlockchainInfo(height=3, currentBlockHash=b"x" * 32).SerializeToString(),
    ),
    "block": (
        lambda c, n: qscc.block_by_number(c, n, "a", 7, SIGNER, deadline=D),
        common_pb2.Block(header=common_pb2.BlockHeader(number=7)).SerializeToString(),
    ),
    "transaction": (
        lambda c, n: transaction_code(c, n, "a", "t", SIGNER, deadline=D),
        transaction_pb2.ProcessedTransaction(validationCode=11).SerializeToString(),
    ),
    "installed": (
        lambda c, n: installation.installed(c, n, SIGNER, deadline=D),
        lifecycle_pb2.QueryInstalledChaincodesResult(
            installed_chaincodes=[
                lifecycle_pb2.QueryInstalledChaincodesResult.InstalledChaincode(package_id="cc:1", label="cc")
            ]
        ).SerializeToString(),
    ),
    "approved": (
        lambda c, n: lifecycle.approved(c, n, "a", "cc", SIGNER, deadline=D),
        lifecycle_pb2.QueryApprovedChaincodeDefinitionResult(sequence=1, version="1").SerializeToString(),
    ),
    "readiness": (
        lambda c, n: lifecycle.check_readiness(c, n, "a", WANTED, SIGNER, deadline=D),
        lifecycle_pb2.CheckCommitReadinessResult(approvals={"AMSP": True}).SerializeToString(),
    ),
    "definition": (
        lambda c, n: lifecycle.definition(c, n, "a", "cc", SIGNER, deadline=D),
        lifecycle_pb2.QueryChaincodeDefinitionResult(
            sequence=1, version="1", approvals={"AMSP": True}
        ).SerializeToString(),
    ),
    "definitions": (
        lambda c, n: lifecycle.definitions(c, n, "a", SIGNER, deadline=D),
        lifecycle_pb2.QueryChaincodeDefinitionsResult(
            chaincode_definitions=[
                lifecycle_pb2.QueryChaincodeDefinitionsResult.ChaincodeDefinition(name="cc", sequence=1)
            ]
        ).SerializeToString(),
    ),
}
BLOCK = common_pb2.Block(header=common_pb2.BlockHeader(number=7))
DELIVERED = ab_pb2.DeliverResponse(block=BLOCK).SerializeToString()
FILTERED = events_pb2.DeliverResponse(
    filtered_block=events_pb2.FilteredBlock(
        channel_id="a", number=7, filtered_transactions=[events_pb2.FilteredTransaction(txid="t")]
    )
).SerializeToString()
ENDED = ab_pb2.DeliverResponse(status=common_pb2.SUCCESS).SerializeToString()
PROPOSAL = new_proposal(SIGNER, "a", "cc", ["f"])
TRANSACTION = common_pb2.Payload(
    header=common_pb2.Header.FromString(proposal_pb2.Proposal.FromString(PROPOSAL.content).header)
).SerializeToString()
# The channel's first block, which names itself as its configuration.
CONFIGURATION = common_pb2.Block.FromString(
    (Path(__file__).parents[1] / "cases/configtx/decode/raft_genesis.Block.pb").read_bytes()
)
STREAMS: dict[str, tuple[Ask, bytes]] = {
    "deliver": (lambda c, n: orderer.deliver_block(c, n, "a", 7, SIGNER, deadline=D), DELIVERED),
    "newest configuration": (
        lambda c, n: orderer.config_block(c, n, "a", SIGNER, deadline=D),
        ab_pb2.DeliverResponse(block=CONFIGURATION).SerializeToString(),
    ),
    "peer's block": (lambda c, n: events.deliver_block(c, n, "a", "newest", SIGNER, deadline=D), DELIVERED),
    "commit": (lambda c, n: wait_for_commit(c, n, "a", "t", SIGNER, deadline=D), FILTERED),
    "broadcast": (
        lambda c, n: orderer.broadcast(c, n, common_pb2.Envelope(), deadline=D),
        ab_pb2.BroadcastResponse(status=common_pb2.SUCCESS, info="x").SerializeToString(),
    ),
}
CALLS: dict[str, tuple[Ask, bytes]] = {
    "evaluate": (
        lambda c, n: gateway.evaluate(c, n, SIGNER, "a", "cc", ["f"], deadline=D),
        gateway_pb2.EvaluateResponse(
            result=proposal_response_pb2.Response(status=200, payload=b"x")
        ).SerializeToString(),
    ),
    "endorse": (
        lambda c, n: gateway.endorse(c, n, PROPOSAL, SIGNER, deadline=D),
        gateway_pb2.EndorseResponse(
            prepared_transaction=common_pb2.Envelope(payload=TRANSACTION)
        ).SerializeToString(),
    ),
    "commit status": (
        lambda c, n: gateway.commit_status(c, n, "a", "t", SIGNER, deadline=D),
        gateway_pb2.CommitStatusResponse(block_number=3).SerializeToString(),
    ),
    "propose": (
        lambda c, n: qscc.chain_info(c, n, "a", SIGNER, deadline=D),
        proposal_response_pb2.ProposalResponse(
            response=proposal_response_pb2.Response(status=200)
        ).SerializeToString(),
    ),
}


@st.composite
def nonsense(draw: st.DrawFn, real: bytes) -> bytes:
    """Random bytes, or a real message with some of its bytes changed."""
    if draw(st.booleans()):
        return draw(st.binary(max_size=80))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(real)))
        real = real[:start] + draw(st.binary(max_size=3)) + real[start + draw(st.integers(0, 4)) :]
    return real


@pytest.fixture
async def evil(tmp_path: Path) -> AsyncIterator[Hostile]:
    async with hostile_node(tmp_path) as hostile:
        yield hostile


@pytest.fixture
async def connections() -> AsyncIterator[Connections]:
    async with Connections(DirectDialer()) as connections:
        yield connections


def endorsed(payload: bytes) -> bytes:
    response = proposal_response_pb2.Response(status=200, payload=payload)
    return bytes(proposal_response_pb2.ProposalResponse(response=response).SerializeToString())


@pytest.mark.parametrize("name", PAYLOADS)
async def test_what_a_system_chaincode_answers(evil: Hostile, connections: Connections, name: str) -> None:
    """The payload of a proposal's response; a real one is read."""
    ask, real = PAYLOADS[name]
    evil.answers = [endorsed(real)]
    assert await ask(connections, evil.node)
    evil.answers = [endorsed(b"\xff\xff\xff")]
    assert "its answer cannot be read" in await refused(lambda: ask(connections, evil.node), must=True)

    @fuzzed
    @given(nonsense(real))
    def cases(answer: bytes) -> None:
        tried.append(answer)

    tried: list[bytes] = []
    cases()
    for answer in tried:
        evil.answers = [endorsed(answer)]
        await refused(lambda: ask(connections, evil.node))


@pytest.mark.parametrize("name", [*STREAMS, *CALLS])
async def test_what_a_service_answers(
    evil: Hostile, connections: Connections, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The message itself, which gRPC parses; nothing of it is logged either."""
    ask, real = (STREAMS | CALLS)[name]
    evil.answers = [real, ENDED] if name in STREAMS else [real]
    await ask(connections, evil.node)
    tried: list[list[bytes]] = [[b"\xff\xff"], [b""]]

    @fuzzed
    @given(st.lists(nonsense(real) | st.just(real) | st.just(ENDED), min_size=1, max_size=3))
    def cases(answers: list[bytes]) -> None:
        tried.append(answers)

    cases()
    with caplog.at_level(logging.WARNING, logger="grpc"):
        for answers in tried:
            evil.answers = answers
            await refused(lambda: ask(connections, evil.node), must=answers == [b"\xff\xff"])
    assert "Traceback" not in caplog.text
    assert not [record for record in caplog.records if record.name.startswith("grpc")]


@pytest.mark.parametrize("slot", [common_pb2.SIGNATURES, common_pb2.LAST_CONFIG])
async def test_a_block_with_unreadable_metadata_names_the_node(
    evil: Hostile, connections: Connections, slot: int
) -> None:
    """Fuzzing finds such a block in one run of many, so it has a test of its own."""
    block = common_pb2.Block.FromString(CONFIGURATION.SerializeToString())
    block.metadata.metadata[slot] = b"\n\xcd\x92\xf5"
    if slot == common_pb2.LAST_CONFIG:
        block.metadata.metadata[common_pb2.SIGNATURES] = b""
    evil.answers = [ab_pb2.DeliverResponse(block=block).SerializeToString(), ENDED]
    text = await refused(
        lambda: orderer.config_block(connections, evil.node, "a", SIGNER, deadline=D), must=True
    )
    assert "its answer cannot be read: the block's metadata" in text


async def test_another_block_than_asked_for_is_not_taken(evil: Hostile, connections: Connections) -> None:
    """Nor one of another kind."""
    evil.answers = [DELIVERED, ENDED]
    text = await refused(lambda: orderer.deliver_block(connections, evil.node, "a", 6, SIGNER, deadline=D))
    assert "deliver block 6 of a: its answer cannot be read: it is block 7" in text
    evil.answers = [FILTERED, ENDED]
    text = await refused(lambda: events.deliver_block(connections, evil.node, "a", 7, SIGNER, deadline=D))
    assert "block expected, filtered_block found" in text


async def test_nothing_foreign_is_signed(evil: Hostile, connections: Connections) -> None:
    """A peer that hands out a configuration update as the endorsed transaction gets no signature for it."""
    header = common_pb2.ChannelHeader(type=common_pb2.CONFIG_UPDATE, channel_id="a")
    payload = common_pb2.Payload(
        header=common_pb2.Header(channel_header=header.SerializeToString()), data=b"update"
    )
    answer = gateway_pb2.EndorseResponse(
        prepared_transaction=common_pb2.Envelope(payload=payload.SerializeToString())
    )
    evil.answers = [answer.SerializeToString()]
    with pytest.raises(Unreachable, match="transaction of another proposal"):
        await gateway.endorse(connections, evil.node, PROPOSAL, SIGNER, deadline=2)


async def test_words_of_a_node_are_cut_and_harmless(evil: Hostile, connections: Connections) -> None:
    """A megabyte of them, with what would colour or clear a terminal."""
    words = "\x1b[2J\x07" + "x" * 1_000_000
    response = proposal_response_pb2.Response(status=500, message=words)
    evil.answers = [proposal_response_pb2.ProposalResponse(response=response).SerializeToString()]
    text = await refused(lambda: cscc.channels(connections, evil.node, SIGNER, deadline=2), must=True)
    assert "\x1b" not in text
    assert "(1000005 characters)" in text


def test_codes_of_the_future_have_a_name() -> None:
    """A peer of a later release may have more of them."""
    assert validation_code(0) == "VALID"
    assert validation_code(99) == "code 99"
