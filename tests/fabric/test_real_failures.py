"""What Heddle's clients do when official nodes are away: answers with evidence, and nothing done twice."""

import asyncio
import contextlib
import time

import pytest
from fabric_protos.common import common_pb2

from heddle.configtx.blocks import config_of
from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.envelope import sign_update, update_envelope
from heddle.configtx.read import settings_of
from heddle.errors import FabricError, Refused, Unreachable
from heddle.fabric import cscc, endorser, events, gateway, orderer, participation, transactions
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.settings import BatchSettings
from tests.real.network import Organization, RealNetwork
from tests.real.steps import deploy_assets, make_channel

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def network(real_network: RealNetwork) -> RealNetwork:
    """The network with its channel and chaincode."""

    async def prepare() -> None:
        async with Connections(DirectDialer()) as connections:
            await make_channel(connections, real_network)
            await deploy_assets(connections, real_network)

    asyncio.run(prepare())
    return real_network


@pytest.fixture
def organization(network: RealNetwork) -> Organization:
    return network.organizations["organization"]


async def test_without_a_quorum_the_wait_is_bounded_and_shows_what_was_tried(
    network: RealNetwork, organization: Organization, connections: Connections
) -> None:
    """An update is offered again until time is up, and taken once there is a leader."""
    first, *others = network.orderers
    admin = network.ordering.admin
    live = config_of(await orderer.config_block(connections, first, "channel", admin, deadline=5)).config
    wanted = network.settings(batch=BatchSettings(timeout="200ms", max_message_count=11))
    update = compute_update("channel", live, apply_settings(live, wanted, None)).SerializeToString()
    envelope = update_envelope(update, [sign_update(update, admin)], admin)
    for node in others:
        network.programs[node.name].stop(kill=True)
    try:
        # The leader may be the one that is left: it steps down when it has not heard from the others.
        await _leaderless(connections, network)
        begun = time.monotonic()
        with pytest.raises(Refused, match=r"no Raft leader \(offered \d+ times in 4 s\)") as refused:
            await orderer.broadcast(connections, first, envelope, deadline=4)
        assert 2 < time.monotonic() - begun < 6
        assert refused.value.status == common_pb2.SERVICE_UNAVAILABLE
        assert "majority" in refused.value.hint
        block = await orderer.deliver_block(
            connections, first, "channel", 0, admin, deadline=5, best_effort=True
        )
        assert block.header.number == 0

        waiting = asyncio.create_task(orderer.broadcast(connections, first, envelope, deadline=60))
        for node in others:
            network.programs[node.name].start()
        # A leader that dies again leaves it open whether the update was taken: then the ledger decides.
        with contextlib.suppress(Unreachable):
            await waiting
    finally:
        network.start()
    await _in_force(connections, network, envelope)


async def _in_force(connections: Connections, network: RealNetwork, envelope: common_pb2.Envelope) -> None:
    """Wait until the ledger has the update; hand it in again where it was lost."""
    node, admin = network.orderers[0], network.ordering.admin
    for _ in range(20):
        with contextlib.suppress(Unreachable, Refused):
            block = await orderer.config_block(connections, node, "channel", admin, deadline=10)
            if settings_of(config_of(block).config).batch.max_message_count == 11:
                return
            await orderer.broadcast(connections, node, envelope, deadline=10)
        await asyncio.sleep(0.5)
    raise AssertionError("the update is not in force")


async def _leaderless(connections: Connections, network: RealNetwork) -> None:
    """Wait until the first orderer knows of no leader."""
    first, admin = network.orderers[0], network.ordering.admin
    for _ in range(200):
        try:
            await orderer.deliver_block(connections, first, "channel", "newest", admin, deadline=2)
        except Refused as refusal:
            if refusal.status == common_pb2.SERVICE_UNAVAILABLE:
                return
            raise
        await asyncio.sleep(0.1)
    raise AssertionError("it still has a leader")


async def test_a_transaction_finds_an_orderer_that_answers(
    network: RealNetwork, organization: Organization, connections: Connections
) -> None:
    """The first orderer is away; the next one takes it, and it is committed once."""
    first = network.orderers[0]
    network.programs[first.name].stop(kill=True)
    try:
        outcome = await transactions.submit(
            connections,
            network.peers,
            network.orderers,
            organization.user,
            "channel",
            "assets",
            ["put", "survivor", "ada", "1"],
            deadline=60,
        )
        assert outcome.commit.code == "VALID"
        with pytest.raises(Unreachable, match=r"(?s)no orderer took the transaction.*orderer1 .*refused"):
            await transactions.submit(
                connections,
                network.peers[:1],
                [first],
                organization.user,
                "channel",
                "assets",
                ["put", "lost", "ada", "1"],
                deadline=5,
            )
    finally:
        network.start()


async def test_a_node_that_is_away_is_told_in_seconds(
    network: RealNetwork, organization: Organization, connections: Connections
) -> None:
    """Reads try a few times, then say who did not answer, where, and what to look at."""
    peer, node = network.peers[1], network.orderers[2]
    network.programs[peer.name].stop()
    network.programs[node.name].stop()
    try:
        begun = time.monotonic()
        with pytest.raises(
            Unreachable, match=r"organization-peer2 \(localhost:\d+, dialled at 127.0.0.1"
        ) as gone:
            await cscc.channels(connections, peer, organization.user, deadline=30)
        assert "is the node running" in gone.value.hint
        with pytest.raises(Unreachable, match=r"orderer3 .*channel channel"):
            await participation.channel_info(connections, node, "channel", network.admin_tls, deadline=30)
        assert time.monotonic() - begun < 10
    finally:
        network.start()
    await connections.wait_until_ready(peer, deadline=20)
    assert await cscc.channels(connections, peer, organization.user, deadline=10) == ("channel",)


async def test_a_watch_outlives_the_peer_s_restart(
    network: RealNetwork, organization: Organization, connections: Connections
) -> None:
    """The stream is taken up after the last block seen: a commit in between is not missed."""
    restarted, other = network.peers[1], network.peers[0]
    user = organization.user
    async with events.watch_commits(connections, restarted, "channel", user, deadline=120) as watch:
        network.programs[restarted.name].stop()
        outcome = await gateway.invoke(
            connections, other, user, "channel", "assets", ["put", "meanwhile", "x", "1"], deadline=60
        )
        network.programs[restarted.name].start()
        assert await watch.transaction(outcome.commit.transaction_id) == outcome.commit
    network.start()


async def test_a_transaction_that_is_never_ordered_is_told_at_the_deadline(
    network: RealNetwork, organization: Organization, connections: Connections
) -> None:
    """No endless wait: which transaction, which peer, how long."""
    async with events.watch_commits(
        connections, network.peers[0], "channel", organization.user, deadline=2
    ) as watch:
        with pytest.raises(Unreachable, match=r"transaction 00 on channel: .* in no block within 2 s"):
            await watch.transaction("00")


async def test_a_dead_chaincode_is_told_by_the_peer(
    network: RealNetwork, organization: Organization, connections: Connections
) -> None:
    """The peer's own words about its chaincode server, not a bare time-out."""
    program = network.programs["assets_organization"]
    program.stop()
    try:
        with pytest.raises(FabricError, match=r"(?s)assets.*(connection|chaincode)"):
            await endorser.evaluate(
                connections,
                network.peers[0],
                organization.user,
                "channel",
                "assets",
                ["list"],
                deadline=20,
            )
    finally:
        program.start()
        program.wait()
    content = await endorser.evaluate(
        connections, network.peers[0], organization.user, "channel", "assets", ["list"], deadline=20
    )
    assert b"survivor" in content
