"""Heddle's clients on official nodes: three orderers, two peers, from nothing to a transaction."""

import json

import pytest

from heddle.configtx.genesis import genesis_block
from heddle.fabric import cscc, gateway, installation, lifecycle, operations, orderer, participation, qscc
from heddle.fabric.connection import Connections
from heddle.fabric.definition import Definition
from heddle.fabric.package import chaincode_package, package_id
from tests.real.network import RealNetwork
from tests.real.processes import free_ports

pytestmark = pytest.mark.real


async def test_from_nothing_to_a_transaction(real_network: RealNetwork, connections: Connections) -> None:
    """Every step a deployment takes, on nodes as they come from upstream."""
    network, peer = real_network, real_network.peers[0]
    user = network.organizations["organization"].user
    await _make_channel(network, connections)
    await _put_in_force(network, connections, await _install(network, connections))

    arguments = ["put", "a1", "ada", "7"]
    outcome = await gateway.invoke(connections, peer, user, "channel", "assets", arguments, deadline=30)
    assert json.loads(outcome.payload)["owner"] == "ada"
    answer = await gateway.evaluate(connections, peer, user, "channel", "assets", ["get", "a1"], deadline=10)
    assert json.loads(answer) == {"id": "a1", "owner": "ada", "value": "7"}
    chain = await qscc.chain_info(connections, peer, "channel", user, deadline=5)
    assert chain.height == outcome.commit.block + 1
    node = network.orderers[0]
    block = await orderer.deliver_block(connections, node, "channel", "newest", user, deadline=5)
    assert block.header.number == outcome.commit.block
    numbers = await operations.metrics(connections, peer, deadline=5)
    assert numbers.value("ledger_blockchain_height", channel="channel") == chain.height


async def _make_channel(network: RealNetwork, connections: Connections) -> None:
    """All orderers order it, all peers are on it."""
    organization, genesis = network.organizations["organization"], genesis_block(network.settings())
    for node in network.orderers:
        info = await participation.join(connections, node, "channel", genesis, network.admin_tls, deadline=10)
        assert (info.relation, info.status, info.height) == ("consenter", "active", 1)
    for peer in network.peers:
        await connections.wait_until_ready(peer, deadline=20)
        assert await cscc.join_channel(connections, peer, "channel", genesis, organization.admin, deadline=10)
        assert await cscc.channels(connections, peer, organization.user, deadline=5) == ("channel",)


async def _install(network: RealNetwork, connections: Connections) -> str:
    """The package's id, which is the same on every peer; the chaincode's server runs."""
    organization, [port] = network.organizations["organization"], free_ports(1)
    package = chaincode_package("assets_1", f"localhost:{port}", organization.tls_authority.certificate)
    expected = package_id("assets_1", package)
    network.chaincode("assets", expected, port, organization)
    for peer in network.peers:
        found = await installation.install(
            connections, peer, "assets_1", package, organization.admin, deadline=30
        )
        assert found == expected
    return expected


async def _put_in_force(network: RealNetwork, connections: Connections, package: str) -> None:
    """Approved, ready, committed."""
    peer, orderers, admin = network.peers[0], network.orderers, network.organizations["organization"].admin
    wanted = Definition(name="assets", version="1", sequence=1)
    await lifecycle.approve(connections, peer, orderers, "channel", wanted, package, admin, deadline=30)
    readiness = await lifecycle.check_readiness(connections, peer, "channel", wanted, admin, deadline=5)
    assert readiness.approvals == {"OrganizationMSP": True}
    await lifecycle.commit(connections, [peer], orderers, "channel", wanted, admin, deadline=30)
