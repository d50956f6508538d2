"""Two generations of an organization's authorities side by side: what running nodes take, in which order."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from heddle.configtx.blocks import config_of
from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.envelope import sign_update, update_envelope
from heddle.configtx.read import settings_of
from heddle.configtx.settings import ChannelSettings
from heddle.errors import FabricError, HeddleError, Refused
from heddle.fabric import gateway, orderer
from heddle.fabric.connection import Connections
from heddle.fabric.node import Node
from heddle.identity.msp import Msp
from heddle.waiting import poll, retry
from tests.contract.conftest import KINDS
from tests.contract.standins import prepared_standins
from tests.contract.waiting import leader_hears
from tests.real.generations import NextGeneration
from tests.real.network import RealNetwork, prepared_network
from tests.real.steps import deploy_assets, make_channel


@pytest.fixture(scope="module", params=KINDS)
def network(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealNetwork]:
    """Three orderers and a peer."""
    build = prepared_standins if request.param == "stand-in" else prepared_network
    network = build(tmp_path_factory.mktemp(f"authorities-{request.param}"), peers={"alpha": 1})
    try:
        network.start()
        yield network
    finally:
        network.stop()


class Story:
    """A channel of a network whose ordering organization exchanges its authorities."""

    def __init__(self, network: RealNetwork, connections: Connections) -> None:
        self.network, self.connections = network, connections
        self.next = NextGeneration(network, network.ordering)
        self.admin = network.ordering.admin
        self.orderers = [self.next.seen_by_both(node) for node in network.orderers]

    async def live(self) -> ChannelSettings:
        """The channel's settings, once every orderer knows a leader: without one it hands out nothing."""
        blocks = [await self._config(node) for node in self.orderers]
        return settings_of(config_of(blocks[0]).config, channel="channel")

    async def _config(self, node: Node) -> Any:
        async def ask(left: float) -> Any:
            return await orderer.config_block(self.connections, node, "channel", self.admin, deadline=left)

        return await retry(ask, lambda error: isinstance(error, Refused) and error.status == 503, deadline=60)

    async def change(self, **changes: Any) -> None:
        """Submit an update until it is in force: a leader that it is about may drop it."""
        while not await self._changed(changes):
            pass

    async def _changed(self, changes: dict[str, Any]) -> bool:
        """Submit an update unless it is in force; tell whether it is."""
        live = await self.live()
        wanted = replace(live, **changes)
        if live == wanted:
            return True
        config = config_of(await self._config(self.orderers[0])).config
        update = compute_update("channel", config, apply_settings(config, wanted, None)).SerializeToString()
        envelope = update_envelope(update, [sign_update(update, self.admin)], self.admin)

        async def offer(left: float) -> None:
            await orderer.broadcast(self.connections, self.orderers[0], envelope, deadline=left)

        # A follower knows how many live a moment later than its leader.
        await retry(offer, _lags, deadline=30, longest=1.0)
        await poll(lambda _: self.live(), lambda found: found == wanted, deadline=15)
        return False

    async def trust(self, msp: Msp) -> None:
        """Have the channel trust these authorities of the ordering organization."""
        (organization,) = (await self.live()).orderer_organizations
        await self.change(orderer_organizations=(replace(organization, msp=msp),))

    async def rotate(self, node: Node) -> None:
        """Have the channel take a node's new certificates; its keys are the same."""
        new = replace(self.network.consenter(node), id=0, msp_id="", identity=b"")  # as Raft has them
        known = (await self.live()).consenters
        await self.change(consenters=tuple(new if each.address == new.address else each for each in known))

    async def transact(self, key: str) -> None:
        """Write an asset by the peer's gateway, which goes on with the connections that it has open."""
        user, (peer,) = self.network.organizations["alpha"].user, self.network.peers

        async def put(left: float) -> object:
            return await gateway.invoke(
                self.connections,
                peer,
                user,
                "channel",
                "assets",
                ["put", key, "ada", "1"],
                deadline=min(left, 10),
            )

        await retry(put, lambda error: isinstance(error, FabricError), deadline=60, longest=0.5)


def _lags(error: HeddleError) -> bool:
    return isinstance(error, Refused) and "nodes are alive" in error.words


async def test_the_orderers_change_their_authorities_while_the_peer_runs_on(
    network: RealNetwork, connections: Connections
) -> None:
    """Nobody but they restarts: the peer's gateway keeps the root of before, and the bridge leads to it.

    The channel knows each by its key meanwhile, takes each new certificate without a restart, and only then
    lets the old root go.
    """
    story = Story(network, connections)
    await make_channel(connections, network)
    await deploy_assets(connections, network)
    await leader_hears(network, connections, 3)
    await story.transact("before")

    await story.trust(story.next.both)
    for node in network.orderers:
        story.next.trust(node)
        story.next.reissue(node, role="orderer")
        await asyncio.to_thread(story.next.restart, node)
        await leader_hears(network, connections, 3)
        await story.transact(f"while-{node.name}-is-new")
    with pytest.raises(Refused, match="certificate signed by unknown authority"):
        await story.trust(story.next.alone)
    for node in network.orderers:
        await story.rotate(node)
        await leader_hears(network, connections, 3)

    story.admin = story.next.person("admin")
    await story.trust(story.next.alone)
    with pytest.raises(Refused):
        await orderer.config_block(
            connections, story.orderers[0], "channel", network.ordering.admin, deadline=20
        )
    for node in network.orderers:
        story.next.trust(node, story.next.alone)
        await asyncio.to_thread(story.next.restart, node)
        await leader_hears(network, connections, 3)
    await story.transact("after")
