"""A channel that names orderers itself, as channels of before do, on official nodes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from heddle.configtx.blocks import config_of
from heddle.configtx.edit import apply_settings
from heddle.configtx.read import settings_of
from heddle.configtx.settings import ChannelSettings
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.fabric.orderer import broadcast, config_block
from heddle.network.answers import ask_peer_channels
from heddle.planner.facts import LedgerState, NodeFacts
from heddle.waiting import poll
from tests.contract.updates import signed_update
from tests.provider.harness import Engine, node_value, signer_value
from tests.provider.test_real_capabilities import NEW, OLD, _channel
from tests.provider.tokens import CHANNEL, MEMBERSHIP
from tests.real.network import RealNetwork, prepared_network

pytestmark = pytest.mark.real

NOBODY = "localhost:1"
"""An address at which no orderer answers."""
PATIENCE = 60.0


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    network = prepared_network(tmp_path, orderers=3, peers={"organization": 1})
    network.start()
    yield network
    network.stop()


async def _settings(network: RealNetwork) -> tuple[ChannelSettings, bytes]:
    """What the channel says, and the bytes of the value with its own addresses."""
    async with Connections(DirectDialer()) as connections:
        block = await config_block(
            connections, network.orderers[0], "channel", network.ordering.admin, deadline=PATIENCE
        )
    config = config_of(block).config
    return settings_of(config, channel="channel"), config.channel_group.values["OrdererAddresses"].value


async def _name_orderers(network: RealNetwork, address: str) -> None:
    """Others write an address of the channel itself, with the signatures that it takes."""
    admins = [network.ordering.admin, *(each.admin for each in network.organizations.values())]
    async with Connections(DirectDialer()) as connections:
        orderer = network.orderers[0]
        old = config_of(
            await config_block(connections, orderer, "channel", admins[0], deadline=PATIENCE)
        ).config
        wanted = replace(settings_of(old, channel="channel"), orderer_addresses=(address,))
        envelope = signed_update("channel", old, apply_settings(old, wanted, None), admins)
        await broadcast(connections, orderer, envelope, deadline=PATIENCE)

    async def named(_: float) -> bool:
        return (await _settings(network))[0].orderer_addresses == (address,)

    assert await poll(named, bool, deadline=PATIENCE)


async def _height(network: RealNetwork, least: int) -> int:
    """The height of the peer, once it is that of a configuration block or more."""
    (peer,) = network.peers
    member = network.organization_of(peer).admin
    async with Connections(DirectDialer()) as connections:

        async def ask(left: float) -> NodeFacts:
            return await ask_peer_channels(connections, peer, ["channel"], member, deadline=left)

        def enough(facts: NodeFacts) -> bool:
            answer = facts.channels.get("channel")
            return isinstance(answer, LedgerState) and answer.height >= least

        facts = await poll(ask, enough, deadline=PATIENCE)
    answer = facts.channels["channel"]
    assert isinstance(answer, LedgerState), answer
    return answer.height


async def test_addresses_of_the_channel_itself_go_before_v3_0(network: RealNetwork, engine: Engine) -> None:
    """The preview says so. Peers ask the endpoints of organizations all along, which answer."""
    outputs = await engine.up(CHANNEL, "channel", _channel(network, OLD))
    membership = {
        "channel": "channel",
        "genesisHash": outputs["genesisHash"],
        "peer": node_value(network.peers[0]),
        "orderers": [node_value(node) for node in network.orderers],
        "signer": signer_value(network.organization_of(network.peers[0]).admin),
    }
    await engine.up(MEMBERSHIP, "member", membership)
    await _name_orderers(network, NOBODY)
    assert await _height(network, 2) == 2, "block 1 came from an organization's endpoint"
    wanted = _channel(network, NEW)

    _, message = await engine.preview(CHANNEL, "channel", wanted)
    await engine.up(CHANNEL, "channel", wanted)

    lines = [line.strip() for line in message.splitlines()]
    gone = f"orderer address of the channel itself {NOBODY}: removed"
    assert lines.index(gone) < lines.index("channel capability: V2_0 → V3_0")
    settings, value = await _settings(network)
    assert (settings.orderer_addresses, value) == ((), b"")
    assert settings.capabilities.channel == "V3_0"
    assert settings.orderer_organizations[0].endpoints
    assert await _height(network, 5) == 5
    assert not (await engine.diff(CHANNEL, "channel", wanted)).changes
