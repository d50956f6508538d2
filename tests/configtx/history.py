"""A short life of a channel on real nodes: definition, private data, and changes of the configuration."""

import asyncio
from dataclasses import replace

from fabric_protos.common import common_pb2, configtx_pb2
from fabric_protos.peer import collection_pb2, policy_pb2

from heddle.configtx.blocks import config_of
from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.envelope import sign_update, update_envelope
from heddle.configtx.expression import parse_expression
from heddle.configtx.settings import ChannelSettings
from heddle.fabric import gateway, installation, lifecycle, orderer
from heddle.fabric.connection import Connections
from heddle.fabric.definition import Definition
from heddle.fabric.deliver import Position
from tests.real.network import RealNetwork
from tests.real.steps import deploy_assets, make_channel

CHANNEL = "channel"


def prices() -> bytes:
    """The collection `prices` of both organizations."""
    package = collection_pb2.CollectionConfigPackage()
    static = package.config.add().static_collection_config
    static.name = "prices"
    policy = parse_expression("OR('AlphaMSP.member', 'BetaMSP.member')")
    static.member_orgs_policy.signature_policy.CopyFrom(policy)
    static.maximum_peer_count = 1
    static.block_to_live = 3
    return bytes(package.SerializeToString())


async def block(connections: Connections, network: RealNetwork, number: Position) -> common_pb2.Block:
    """A block from the first orderer; it must be there within 20 s."""
    admin = network.organizations["alpha"].admin
    return await orderer.deliver_block(connections, network.orderers[0], CHANNEL, number, admin, deadline=20)


async def live(connections: Connections, network: RealNetwork) -> configtx_pb2.Config:
    """The configuration that holds."""
    admin = network.organizations["alpha"].admin
    found = await orderer.config_block(connections, network.orderers[0], CHANNEL, admin, deadline=20)
    return config_of(found).config


def signed_update(
    network: RealNetwork, config: configtx_pb2.Config, wanted: configtx_pb2.Config
) -> common_pb2.Envelope:
    """The update from one configuration to another with everybody's consent."""
    update = compute_update(CHANNEL, config, wanted).SerializeToString()
    admins = [network.ordering.admin, *(one.admin for one in network.organizations.values())]
    return update_envelope(update, [sign_update(update, admin) for admin in admins], admins[1])


async def change(connections: Connections, network: RealNetwork, wanted: ChannelSettings) -> None:
    """Update the configuration, and wait until it holds."""
    config = await live(connections, network)
    edited = apply_settings(config, wanted, None)
    envelope = signed_update(network, config, edited)
    await orderer.broadcast(connections, network.orderers[0], envelope, deadline=20)
    async with asyncio.timeout(20):
        while (await live(connections, network)).sequence == config.sequence:
            pass  # each turn is a round trip


async def live_through(connections: Connections, network: RealNetwork, settings: ChannelSettings) -> None:
    """Everything that leaves a block of its own kind."""
    await make_channel(connections, network, settings)
    # One organization's peer is enough: gossip between organizations takes its time.
    either = parse_expression("OR('AlphaMSP.peer', 'BetaMSP.peer')")
    policy = policy_pb2.ApplicationPolicy(signature_policy=either).SerializeToString()
    deployed = await deploy_assets(connections, network, policy=policy)
    wanted = replace(deployed.definition, sequence=2, collections=prices())
    await _define(connections, network, wanted)
    peer = network.peers[0]
    user = network.organizations["alpha"].user

    async def invoke(*arguments: str, **transient: bytes) -> None:
        await gateway.invoke(
            connections, peer, user, CHANNEL, "assets", arguments, deadline=30, transient=transient or None
        )

    await invoke("put", "one", "alice", "<5 & 'more'>")
    await invoke("putPrice", "one", price=b"17")
    await change(connections, network, replace(settings, batch=replace(settings.batch, timeout="300ms")))
    await invoke("transfer", "one", "bob")
    await invoke("list")
    await invoke("delete", "one")


async def _define(connections: Connections, network: RealNetwork, wanted: Definition) -> None:
    for organization in network.organizations.values():
        peer = next(one for one in network.peers if one.msp_id == organization.msp.msp_id)
        [package] = await installation.installed(connections, peer, organization.admin, deadline=30)
        await lifecycle.approve(
            connections,
            peer,
            network.orderers,
            CHANNEL,
            wanted,
            package.package_id,
            organization.admin,
            deadline=30,
        )
    admin = network.organizations["alpha"].admin
    await lifecycle.commit(connections, network.peers, network.orderers, CHANNEL, wanted, admin, deadline=30)


async def whole_chain(connections: Connections, network: RealNetwork) -> list[common_pb2.Block]:
    """Every block there is now."""
    newest = await block(connections, network, "newest")
    return [await block(connections, network, number) for number in range(newest.header.number + 1)]
