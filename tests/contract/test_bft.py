"""A BFT channel: what it refuses, what its blocks bear, who may be away."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import grpc
import pytest
from fabric_protos.common import common_pb2, configtx_pb2
from fabric_protos.gateway import gateway_pb2, gateway_pb2_grpc

from heddle.configtx.blocks import block_hash, config_of, verify_block
from heddle.configtx.edit import apply_settings
from heddle.configtx.read import settings_of
from heddle.configtx.settings import BFT, Consenter
from heddle.errors import ConfigtxError, FabricError
from heddle.fabric import cscc, events, operations, orderer, participation, qscc
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.fabric.gateway_orderers import ordering_answers
from heddle.fabric.node import Node
from heddle.fabric.viewchange import Wish, ask_for_view
from heddle.identity.signer import Signer
from heddle.network.answers import ask_orderer_channels
from heddle.network.leadership import Handover
from heddle.network.serving import orderer_services
from heddle.planner.facts import LedgerState
from heddle.settings import BftOptions
from heddle.waiting import poll
from tests.contract.conftest import KINDS
from tests.contract.messages import envelope, offered, same_words
from tests.contract.scene import Scene, cases
from tests.contract.standins import prepared_standins
from tests.contract.test_updates import USUAL
from tests.contract.updates import certificates, edited, signed_update
from tests.contract.waiting import serves
from tests.real.commits import wait_for_commit
from tests.real.network import Organization, RealNetwork, prepared_network
from tests.real.steps import make_channel

QUICK = BftOptions(
    request_forward_timeout="1s",
    request_complain_timeout="2s",
    view_change_resend_interval="1s",
    view_change_timeout="4s",
    leader_heartbeat_timeout="4s",
)
"""A leader that is gone is missed in seconds, not after a minute."""


@pytest.fixture(scope="module", params=KINDS)
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Four orderers with a BFT channel, a fifth that follows, and a peer of one of two organizations."""
    build = prepared_standins if request.param == "stand-in" else prepared_network
    network = build(tmp_path_factory.mktemp(f"bft-{request.param}"), orderers=5, peers={"alpha": 1})
    network.organizations["beta"] = Organization.new("beta")
    try:
        network.start()
        genesis = asyncio.run(_channel(network))
        yield Scene(kind=request.param, network=network, genesis=genesis, deployed=None)
    finally:
        network.stop()


async def _channel(network: RealNetwork) -> common_pb2.Block:
    async with Connections(DirectDialer()) as connections:
        four = tuple(network.consenter(node) for node in network.orderers[:4])
        settings = network.settings(consensus=BFT, bft=QUICK, consenters=four)
        return await make_channel(connections, network, settings)


@pytest.fixture(scope="module")
def known(scene: Scene) -> dict[str, bytes]:
    """Certificates that cases name."""
    return certificates(scene.network)


async def _live(scene: Scene, connections: Connections, index: int = 0) -> configtx_pb2.Config:
    node, reader = scene.network.orderers[index], scene.person("ordering.admin")
    return config_of(await orderer.config_block(connections, node, "channel", reader, deadline=20)).config


async def _change(scene: Scene, connections: Connections, index: int, count: int) -> tuple[str, str]:
    """Have the batches' size changed through one of the orderers."""
    live = await _live(scene, connections, index)
    case = {"change": {"/Channel/Orderer/BatchSize": {"max_message_count": count}}}
    message = signed_update("channel", live, edited(live, case, {}), [scene.person("ordering.admin")])
    return await offered(connections, scene.network.orderers[index], message)


async def _in_force(scene: Scene, connections: Connections, index: int, count: int) -> None:
    async with asyncio.timeout(60):
        while settings_of(await _live(scene, connections, index)).batch.max_message_count != count:  # noqa: ASYNC110 - nobody tells when
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("case", cases("bft"), ids=lambda case: case["name"])
async def test_refusals(
    scene: Scene, connections: Connections, known: dict[str, bytes], case: dict[str, Any]
) -> None:
    """In Fabric's words; what Configure refuses comes as SERVICE_UNAVAILABLE and stays refused."""
    live = await _live(scene, connections)
    signers = [scene.person(name) for name in case.get("signers", ["ordering.admin"])]
    message = signed_update("channel", live, edited(live, case, known), signers)
    status, words = await offered(connections, scene.network.orderers[0], message)
    assert status == case["status"], words
    assert same_words(case["words"], words.removeprefix(USUAL)), words


async def test_blocks_bear_a_quorum_of_signatures(scene: Scene, connections: Connections) -> None:
    """Three of four consenters, by number; peers take the block, and two signatures are not believed."""
    assert await _change(scene, connections, 2, 21) == ("SUCCESS", "")
    await _in_force(scene, connections, 0, 21)
    reader = scene.person("ordering.admin")
    for node in scene.network.orderers[:4]:
        block = await orderer.deliver_block(
            connections, node, "channel", 1, reader, deadline=20, wait=True, best_effort=True
        )
        config = config_of(scene.genesis).config
        verify_block(block, config, previous_hash=block_hash(scene.genesis.header))
        metadata = common_pb2.Metadata.FromString(block.metadata.metadata[common_pb2.SIGNATURES])
        headers = [
            common_pb2.IdentifierHeader.FromString(one.identifier_header) for one in metadata.signatures
        ]
        assert len({header.identifier for header in headers} & {1, 2, 3, 4}) == len(headers) == 3
        assert not any(one.signature_header for one in metadata.signatures)
        del metadata.signatures[2]
        block.metadata.metadata[common_pb2.SIGNATURES] = metadata.SerializeToString()
        with pytest.raises(ConfigtxError, match="is not signed by the ordering service"):
            verify_block(block, config)
    peer, user = scene.peer(), scene.person("alpha.user")
    await events.deliver_block(connections, peer, "channel", 1, user, deadline=20, wait=True)
    block = await cscc.config_block(connections, peer, "channel", user, deadline=20)
    assert settings_of(config_of(block).config).batch.max_message_count == 21


async def test_views_are_noted_in_blocks(scene: Scene, connections: Connections) -> None:
    """Each block has the number of its decision, counted from 1, in the same view."""
    reader = scene.person("ordering.admin")
    block = await orderer.deliver_block(
        connections, scene.network.orderers[0], "channel", 1, reader, deadline=20
    )
    metadata = common_pb2.Metadata.FromString(block.metadata.metadata[common_pb2.SIGNATURES])
    note = common_pb2.OrdererBlockMetadata.FromString(metadata.value).consenter_metadata
    # smartbftprotos.ViewMetadata: latest_sequence 1, in view 0, decision 0 of it.
    assert note == b"\x10\x01"


async def test_metrics_name_the_leader(scene: Scene, connections: Connections) -> None:
    """One leader, of which all know; the gauges that Raft has are not there."""
    found = [await operations.metrics(connections, node, deadline=5) for node in scene.network.orderers[:4]]
    assert [one.value("consensus_BFT_is_leader", channel="channel") for one in found].count(1) == 1
    assert len({one.value("consensus_BFT_leader_id", channel="channel") for one in found}) == 1
    assert {one.value("consensus_BFT_cluster_size", channel="channel") for one in found} == {4}
    assert found[0].value("consensus_etcdraft_cluster_size", channel="channel") is None


async def test_a_fifth_orderer_comes_and_goes(scene: Scene, connections: Connections) -> None:
    """It takes part once mapping and policy name it, and can leave when they do not any more."""
    fifth = scene.network.orderers[4]
    before = settings_of(await _live(scene, connections)).consenters
    await _consenters(scene, connections, (*before, scene.network.consenter(fifth)))
    await _relation(scene, connections, "consenter")
    await serves(connections, fifth, scene.person("ordering.admin"))
    assert await _change(scene, connections, 4, 24) == ("SUCCESS", "")
    await _in_force(scene, connections, 0, 24)
    await _consenters(scene, connections, before)
    async with asyncio.timeout(30):
        while settings_of(await _live(scene, connections)).consenters != before:  # noqa: ASYNC110 - nobody tells when
            await asyncio.sleep(0.2)
    if scene.kind == "stand-in":
        # Upstream's node is not told; it would have to notice by itself that it misses blocks.
        await _relation(scene, connections, "follower")
    tls = scene.network.admin_tls
    await participation.remove(connections, fifth, "channel", tls, deadline=20)
    assert await participation.channel_info(connections, fifth, "channel", tls, deadline=10) is None


async def _consenters(scene: Scene, connections: Connections, wanted: tuple[Consenter, ...]) -> None:
    live = await _live(scene, connections)
    settings = replace(settings_of(live), channel="channel", consenters=wanted)
    message = signed_update(
        "channel", live, apply_settings(live, settings, None), [scene.person("ordering.admin")]
    )
    assert await offered(connections, scene.network.orderers[1], message) == ("SUCCESS", "")


async def _relation(scene: Scene, connections: Connections, wanted: str) -> None:
    """Wait until the fifth orderer says what it is."""
    await participation.wait_until(
        connections,
        scene.network.orderers[4],
        "channel",
        scene.network.admin_tls,
        lambda info: (info.relation, info.status) == (wanted, "active"),
        deadline=60,
        wanted=wanted,
    )


def _handover(scene: Scene, connections: Connections, orderers: Sequence[Node]) -> Handover:
    network = scene.network
    signers = {
        node.name: Signer(
            msp_id=node.msp_id,
            certificate=network.identities[node.name].certificate,
            private_key=network.identities[node.name].private_key,
        )
        for node in orderers
    }
    return Handover(connections=connections, reader=network.ordering.admin, signers=signers)


async def _view(scene: Scene, connections: Connections, above: int = -1) -> int:
    """The number of the view in which all four orderers are, once it is greater than that."""

    async def look(_: float) -> set[int | None]:
        facts = [
            await ask_orderer_channels(connections, node, ["channel"], scene.network.admin_tls, deadline=10)
            for node in scene.network.orderers[:4]
        ]
        answers = [each.channels["channel"] for each in facts]
        return {each.view if isinstance(each, LedgerState) else None for each in answers}

    def alike(views: set[int | None]) -> bool:
        return len(views) == 1 and None not in views and max(map(int, filter(None, views)), default=0) > above

    [view] = await poll(look, alike, deadline=30)
    assert view is not None
    return view


async def test_the_lead_goes_on_when_consenters_wish_it(scene: Scene, connections: Connections) -> None:
    """Once around: each leader in its turn hands over to the next at once, and blocks go on.

    Three of the four say that they want the next view; nobody has to be missed.
    """
    four = scene.network.orderers[:4]
    handover = _handover(scene, connections, four)
    for count in range(4):
        view = await _view(scene, connections)
        for node in [each for each in four if each != four[view % 4]]:
            others = [each for each in four if each != node]
            assert not await handover.ask_for_next_view(node, others, "channel", view, deadline=20)
        leader, others = four[view % 4], [each for each in four if each != four[view % 4]]

        begun = time.monotonic()
        assert await handover.ask_for_next_view(leader, others, "channel", view, deadline=20)

        assert await _view(scene, connections, above=view) == view + 1
        assert await _change(scene, connections, 0, 30 + count) == ("SUCCESS", "")
        await _in_force(scene, connections, 0, 30 + count)
        assert time.monotonic() - begun < 15


async def test_two_of_four_are_enough_with_the_leader(scene: Scene, connections: Connections) -> None:
    """Where another organization has the third: the leader changes first, and is the vote that they miss."""
    four = scene.network.orderers[:4]
    view = await _view(scene, connections)
    leader, *others = four[view % 4 :] + four[: view % 4]
    handover = _handover(scene, connections, others[:2])

    assert await handover.ask_for_next_view(leader, others[:2], "channel", view, deadline=20)

    assert await _view(scene, connections, above=view) == view + 1


async def test_nobody_asks_for_a_view_in_anothers_name(scene: Scene, connections: Connections) -> None:
    """Neither with a key that the channel does not know, nor with a wrong number; the view stays."""
    four = scene.network.orderers[:4]
    view = await _view(scene, connections)
    leader, *others = four[view % 4 :] + four[: view % 4]
    handover = _handover(scene, connections, others)
    stranger = replace(handover, signers=dict.fromkeys(handover.signers, scene.person("ordering.admin")))
    with pytest.raises(FabricError, match="channel knows it by another key than it has"):
        await stranger.ask_for_next_view(leader, others, "channel", view, deadline=20)
    mine = handover.signers[others[0].name]
    for number, signer in ((others[0], scene.person("ordering.admin")), (others[1], mine)):
        wish = Wish(channel="channel", view=view + 1, consenter=1 + four.index(number), signer=signer)
        with pytest.raises(FabricError, match="access denied"):
            await ask_for_view(connections, leader, wish, node_id=1 + four.index(leader), deadline=20)
    assert await _view(scene, connections) == view


async def test_a_leader_that_dies_is_replaced(scene: Scene, connections: Connections) -> None:
    """With one of four away the others go on, and it catches up when it is back."""
    first = scene.network.orderers[0]
    scene.network.programs[first.name].stop(kill=True)
    try:
        assert await _change(scene, connections, 3, 22) == ("SUCCESS", "")
        await _in_force(scene, connections, 3, 22)
    finally:
        scene.network.start()
    await _in_force(scene, connections, 0, 22)


async def test_without_a_quorum_messages_wait(scene: Scene, connections: Connections) -> None:
    """Orderers keep what they cannot order; blocks are delivered on, and nothing is lost in the end."""
    _, _, third, fourth, _ = scene.network.orderers
    for node in (third, fourth):
        scene.network.programs[node.name].stop(kill=True)
    try:
        before = await _live(scene, connections, 1)
        assert await _change(scene, connections, 1, 23) == ("SUCCESS", "")
        info = await participation.channel_info(
            connections, scene.network.orderers[1], "channel", scene.network.admin_tls, deadline=10
        )
        assert info is not None
        assert (info.relation, info.status) == ("consenter", "active")
        assert await _live(scene, connections, 1) == before
    finally:
        scene.network.start()
    await _in_force(scene, connections, 2, 23)


def _transaction_id(message: common_pb2.Envelope) -> str:
    payload = common_pb2.Payload.FromString(message.payload)
    return str(common_pb2.ChannelHeader.FromString(payload.header.channel_header).tx_id)


async def test_a_gateway_hands_transactions_to_a_quorum(scene: Scene, connections: Connections) -> None:
    """All orderers are sent it, most have to take it; what a client may not send is refused for good."""
    user = scene.person("alpha.user")
    message = envelope(common_pb2.ENDORSER_TRANSACTION, "channel", b"", user)
    stub = gateway_pb2_grpc.GatewayStub(await connections.channel(scene.peer()))
    await stub.Submit(
        gateway_pb2.SubmitRequest(channel_id="channel", prepared_transaction=message), timeout=20
    )
    found = await wait_for_commit(
        connections, scene.peer(), "channel", _transaction_id(message), user, deadline=20
    )
    assert found.code == "INVALID_ENDORSER_TRANSACTION"
    message = envelope(common_pb2.ENDORSER_TRANSACTION, "channel", b"", scene.person("stranger.user"))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.Submit(
            gateway_pb2.SubmitRequest(channel_id="channel", prepared_transaction=message), timeout=20
        )
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "insufficient number of orderers could successfully process" in str(refused.value.details())


async def _height(scene: Scene, connections: Connections) -> int:
    return (
        await qscc.chain_info(connections, scene.peer(), "channel", scene.person("alpha.user"), deadline=20)
    ).height


async def test_a_gateway_shows_which_orderers_it_reaches(scene: Scene, connections: Connections) -> None:
    """It has to dial one that was away again, after a pause that grows; until then two would be away.

    Nothing is ordered by the question.
    """
    peer, (first, *_) = scene.peer(), scene.network.orderers
    reader, before = scene.person("ordering.admin"), await _height(scene, connections)

    async def reached() -> bool:
        facts = await ask_orderer_channels(
            connections, first, ["channel"], scene.network.admin_tls, deadline=10
        )
        gateways = {"channel": [peer]}
        served = await orderer_services(connections, first, [], gateways, facts, reader, deadline=5)
        return f"channel: {peer.name} reaches it" in served

    async def seen(_: float) -> bool | None:
        answers = await ordering_answers(connections, peer, "channel", deadline=10)
        return answers.get(f"{first.host}:{first.port}")

    assert await poll(lambda _: reached(), bool, deadline=40)
    scene.network.programs[first.name].stop(kill=True)
    try:
        assert await poll(seen, lambda told: told is False, deadline=40) is False
        assert not await reached()
    finally:
        await asyncio.to_thread(scene.network.start)
    assert await poll(lambda _: reached(), bool, deadline=60)
    # A block of a test before may come late: what matters is that none has the question's envelope.
    for number in range(before, await _height(scene, connections)):
        block = await orderer.deliver_block(
            connections, scene.network.orderers[1], "channel", number, reader, deadline=20, wait=True
        )
        messages = [common_pb2.Envelope.FromString(data) for data in block.data.data]
        assert [message for message in messages if not message.payload] == []
