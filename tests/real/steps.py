"""The steps from running nodes to a chaincode in use, for tests that begin after them."""

from dataclasses import dataclass

from fabric_protos.common.common_pb2 import Block

from heddle.configtx.genesis import genesis_block
from heddle.configtx.settings import ChannelSettings
from heddle.fabric import cscc, lifecycle, participation
from heddle.fabric.connection import Connections
from heddle.fabric.definition import Definition
from heddle.fabric.package import chaincode_package, package_id
from tests.real.network import RealNetwork
from tests.real.processes import free_ports


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """A chaincode in use on a channel."""

    name: str
    label: str
    package: bytes
    package_id: str
    definition: Definition


async def make_channel(
    connections: Connections, network: RealNetwork, settings: ChannelSettings | None = None
) -> Block:
    """Join all orderers and peers to a new channel; returns its genesis block."""
    settings = settings or network.settings()
    genesis = genesis_block(settings)
    for node in network.orderers:
        await participation.join(connections, node, settings.channel, genesis, network.admin_tls, deadline=20)
    for peer in network.peers:
        admin = network.organization_of(peer).admin
        await connections.wait_until_ready(peer, deadline=20)
        await cscc.join_channel(connections, peer, settings.channel, genesis, admin, deadline=20)
    return genesis


async def deploy_assets(
    connections: Connections, network: RealNetwork, channel: str = "channel", *, policy: bytes | None = None
) -> Deployed:
    """Run the sample chaincode for every organization and put it in force as `assets`."""
    wanted = Definition(name="assets", version="1", sequence=1)
    if policy is not None:
        wanted = Definition(name="assets", version="1", sequence=1, validation_parameter=policy)
    first: Deployed | None = None
    for organization in network.organizations.values():
        [port] = free_ports(1)
        label = f"assets_{organization.name}"
        root = organization.tls_authority.certificate
        package = chaincode_package(label, f"localhost:{port}", root)
        identifier = package_id(label, package)
        network.chaincode(label, identifier, port, organization)
        peers = [peer for peer in network.peers if peer.msp_id == organization.msp.msp_id]
        for peer in peers:
            await lifecycle.install(connections, peer, label, package, organization.admin, deadline=30)
        await lifecycle.approve(
            connections,
            peers[0],
            network.orderers,
            channel,
            wanted,
            identifier,
            organization.admin,
            deadline=30,
        )
        first = first or Deployed(
            name="assets", label=label, package=package, package_id=identifier, definition=wanted
        )
    assert first is not None
    admin = next(iter(network.organizations.values())).admin
    await lifecycle.commit(connections, network.peers, network.orderers, channel, wanted, admin, deadline=30)
    return first
