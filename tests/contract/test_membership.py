"""Orderers that come and go: follower, consenter, follower again, gone."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from fabric_protos.common import common_pb2

from heddle.configtx.blocks import config_of
from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.envelope import sign_update, update_envelope
from heddle.configtx.genesis import genesis_block
from heddle.configtx.read import settings_of
from heddle.configtx.settings import Consenter
from heddle.errors import Refused
from heddle.fabric import orderer, participation
from heddle.fabric.connection import Connections
from heddle.fabric.node import Node
from tests.contract.conftest import KINDS
from tests.contract.standins import StandinRelease, prepared_standins
from tests.contract.waiting import leader_hears, serves
from tests.real.network import Organization, RealNetwork, prepared_network


@pytest.fixture(scope="module", params=KINDS)
def network(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealNetwork]:
    """Five orderers; the channel will begin with the first three."""
    build = prepared_standins if request.param == "stand-in" else prepared_network
    network = build(tmp_path_factory.mktemp(f"members-{request.param}"), orderers=5, peers={"alpha": 0})
    network.organizations["alpha"] = Organization.new("alpha")
    try:
        network.start()
        yield network
    finally:
        network.stop()


class Members:
    """A channel whose consenters change."""

    def __init__(self, network: RealNetwork, connections: Connections) -> None:
        self.network = network
        self.connections = connections
        self.admin = network.ordering.admin
        self.asked = network.orderers[0]

    async def begin(self) -> None:
        """The channel with three of the orderers."""
        three = self.network.orderers[:3]
        settings = self.network.settings(consenters=tuple(self.network.consenter(node) for node in three))
        genesis = genesis_block(settings)
        for node in three:
            await participation.join(
                self.connections, node, "channel", genesis, self.network.admin_tls, deadline=20
            )
        await leader_hears(self.network, self.connections, 3)

    async def config_block(self) -> common_pb2.Block:
        """The newest, from the orderer that is asked."""
        return await orderer.config_block(self.connections, self.asked, "channel", self.admin, deadline=20)

    async def change(self, consenters: tuple[Consenter, ...]) -> None:
        """Submit an update of the consenters."""
        live = config_of(await self.config_block()).config
        wanted = replace(settings_of(live), channel="channel", consenters=consenters)
        update = compute_update("channel", live, apply_settings(live, wanted, None)).SerializeToString()
        envelope = update_envelope(update, [sign_update(update, self.admin)], self.admin)
        await orderer.broadcast(self.connections, self.asked, envelope, deadline=20)

    async def until(self, node: Node, relation: str, height: int) -> None:
        """Wait until a node says what it is, active and at a height."""
        await participation.wait_until(
            self.connections,
            node,
            "channel",
            self.network.admin_tls,
            lambda info: (info.relation, info.status) == (relation, "active") and info.height >= height,
            deadline=40,
            wanted=f"{relation}, active, at height {height}",
        )


async def test_a_fourth_orderer_comes_and_goes(network: RealNetwork, connections: Connections) -> None:
    """It follows first, takes part once the configuration says so, and can leave when that is over."""
    members = Members(network, connections)
    await members.begin()
    fourth = network.orderers[3]
    block = await members.config_block()
    info = await participation.join(connections, fourth, "channel", block, network.admin_tls, deadline=20)
    assert info.relation == "follower"
    await members.until(fourth, "follower", 1)
    with pytest.raises(Refused) as refused:
        await orderer.deliver_block(connections, fourth, "channel", 0, members.admin, deadline=10)
    assert refused.value.status == common_pb2.NOT_FOUND

    before = settings_of(config_of(block).config).consenters
    await members.change((*before, network.consenter(fourth)))
    await members.until(fourth, "consenter", 2)
    await serves(connections, fourth, members.admin)

    await members.change(before)
    await members.until(network.orderers[0], "consenter", 3)
    if isinstance(network.release, StandinRelease):
        # Upstream's node only suspects that after Consensus.EvictionSuspicion, 10 minutes.
        await members.until(fourth, "follower", 3)
    await participation.remove(connections, fourth, "channel", network.admin_tls, deadline=20)
    gone = await participation.channel_info(connections, fourth, "channel", network.admin_tls, deadline=10)
    assert gone is None


async def test_two_at_once_are_refused(network: RealNetwork, connections: Connections) -> None:
    """Raft changes one member at a time."""
    members = Members(network, connections)
    before = settings_of(config_of(await members.config_block()).config).consenters
    more = tuple(network.consenter(node) for node in network.orderers[3:])
    with pytest.raises(
        Refused, match="update of more than one consenter at a time is not supported"
    ) as refused:
        await members.change((*before, *more))
    assert refused.value.status == common_pb2.BAD_REQUEST


async def test_a_new_tls_key_is_known_once_the_channel_has_it(
    network: RealNetwork, connections: Connections
) -> None:
    """A consenter that restarts with one follows, with new blocks; the channel takes it in, and it orders."""
    members, first = Members(network, connections), network.orderers[0]
    live = settings_of(config_of(await members.config_block()).config)
    network.rekey(first)
    network.programs[first.name].stop()
    network.start()
    await leader_hears(network, connections, 2)
    members.asked = network.orderers[1]
    height = (await members.config_block()).header.number + 1
    await members.until(first, "follower", height)

    new = network.consenter(first)
    await members.change(tuple(new if each.address == new.address else each for each in live.consenters))
    await members.until(first, "consenter", height + 1)
    await serves(connections, first, members.admin)
    await leader_hears(network, connections, 3)


async def test_losing_the_quorum_is_refused(network: RealNetwork, connections: Connections) -> None:
    """With one of three away, the next one cannot be removed."""
    members = Members(network, connections)
    before = settings_of(config_of(await members.config_block()).config).consenters
    await leader_hears(network, connections, 3)
    network.programs[network.orderers[2].name].stop(kill=True)
    try:
        await leader_hears(network, connections, 2)
        with pytest.raises(Refused, match="2 out of 3 nodes are alive, configuration will result in quorum"):
            await members.change((before[0], before[2]))
    finally:
        network.start()
