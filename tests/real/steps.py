"""The steps from running nodes to a chaincode in use, for tests that begin after them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fabric_protos.common.common_pb2 import Block

from heddle.configtx.genesis import genesis_block
from heddle.configtx.settings import ChannelSettings
from heddle.fabric import cscc, installation, lifecycle, participation
from heddle.fabric.connection import Connections
from heddle.fabric.definition import Definition
from heddle.fabric.node import Node
from heddle.fabric.package import chaincode_package, package_id
from tests.real.network import Organization, RealNetwork
from tests.real.processes import free_ports


@dataclass(frozen=True, kw_only=True)
class Packaged:
    """A chaincode package on an organization's peers, its service running."""

    label: str
    package: bytes
    package_id: str


@dataclass(frozen=True, kw_only=True)
class Deployed(Packaged):
    """A chaincode in use on a channel, with the first organization's package."""

    name: str
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
        wanted = replace(wanted, validation_parameter=policy)
    packages = await run_chaincode(connections, network, "assets")
    await define(connections, network, wanted, packages, channel)
    first = next(iter(packages.values()))
    return Deployed(
        name="assets",
        label=first.label,
        package=first.package,
        package_id=first.package_id,
        definition=wanted,
    )


async def run_chaincode(
    connections: Connections, network: RealNetwork, name: str, *, module: str = ""
) -> dict[str, Packaged]:
    """Start a module's chaincode service for every organization, and install its package on all peers."""
    packages = {}
    for organization in network.organizations.values():
        [port] = free_ports(1)
        label = f"{name}_{organization.name}"
        package = chaincode_package(label, f"localhost:{port}", organization.tls_authority.certificate)
        identifier = package_id(label, package)
        network.chaincode(label, identifier, port, organization, *([module] if module else []))
        for peer in _peers(network, organization):
            await installation.install(connections, peer, label, package, organization.admin, deadline=30)
        packages[organization.name] = Packaged(label=label, package=package, package_id=identifier)
    return packages


def _peers(network: RealNetwork, organization: Organization) -> list[Node]:
    return [peer for peer in network.peers if peer.msp_id == organization.msp.msp_id]


async def define(
    connections: Connections,
    network: RealNetwork,
    wanted: Definition,
    packages: Mapping[str, Packaged],
    channel: str = "channel",
) -> None:
    """Approve a definition for every organization, each with its package, and commit it."""
    for organization in network.organizations.values():
        await lifecycle.approve(
            connections,
            _peers(network, organization)[0],
            network.orderers,
            channel,
            wanted,
            packages[organization.name].package_id,
            organization.admin,
            deadline=30,
        )
    admin = next(iter(network.organizations.values())).admin
    await lifecycle.commit(connections, network.peers, network.orderers, channel, wanted, admin, deadline=30)
