"""Operations endpoints get TLS one node at a time, and let in the instance's own client alone."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from heddle.errors import FabricError, PlainHttp
from heddle.fabric import operations
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.fabric.node import ClientTls, Node
from heddle.identity.authority import new_authority
from heddle.identity.bridge import bridge
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.network.answers import ask_orderer_channels
from heddle.network.releases import ask_release
from heddle.planner.facts import LedgerState, NoAnswer
from heddle.releases import read_release
from heddle.versions import FABRIC
from tests.contract.conftest import KINDS
from tests.contract.standins import prepared_standins
from tests.real.network import RealNetwork, prepared_network
from tests.real.steps import make_channel


@pytest.fixture(params=KINDS)
def network(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RealNetwork]:
    """Three orderers and a peer on a channel, as an earlier release runs them."""
    prepared = prepared_standins if request.param == "stand-in" else prepared_network
    network = prepared(tmp_path, orderers=3, peers={"alpha": 1})
    try:
        network.start()
        asyncio.run(_channel(network))
        yield network
    finally:
        network.stop()


async def _channel(network: RealNetwork) -> None:
    async with Connections(DirectDialer()) as connections:
        await make_channel(connections, network)


def _secured(network: RealNetwork, node: Node) -> None:
    """Restart a node with the configuration of this release."""
    network.secure_operations(node)
    network.programs[node.name].stop()
    network.start()


async def _leaders(network: RealNetwork, connections: Connections) -> list[str]:
    """Who says that it leads; asked until somebody does, as a restart may take the lead away."""
    async with asyncio.timeout(60):
        while True:
            facts = [
                await ask_orderer_channels(
                    connections,
                    node,
                    ["channel"],
                    network.admin_tls,
                    operations_tls=network.operations_tls,
                    deadline=10,
                )
                for node in network.orderers
            ]
            answers = {each.name: each.channels["channel"] for each in facts}
            leaders = [
                name for name, each in answers.items() if isinstance(each, LedgerState) and each.leader
            ]
            if leaders:
                return leaders
            await asyncio.sleep(0.2)


async def test_old_and_new_nodes_are_asked_side_by_side(
    network: RealNetwork, connections: Connections
) -> None:
    """Whoever leads is known after every step, so the leader restarts last; an old node is named as such."""
    tls = network.operations_tls
    for done, node in enumerate(network.orderers, start=1):
        _secured(network, node)
        assert len(await _leaders(network, connections)) == 1
        for number, each in enumerate(network.orderers, start=1):
            if number <= done:
                assert await operations.version(connections, each, tls=tls, deadline=10)
                continue
            with pytest.raises(PlainHttp, match="speaks plain HTTP, not TLS") as caught:
                await operations.version(connections, each, tls=tls, deadline=10)
            assert "`heddle up` restarts it" in caught.value.hint


async def test_only_the_instances_client_is_let_in(network: RealNetwork, connections: Connections) -> None:
    """Not without a certificate, not with that of a chaincode's server or of the orderers' admin endpoint."""
    (peer,), (alpha,) = network.peers, network.organizations.values()
    _secured(network, peer)
    chaincode = alpha.tls("chaincode")
    theirs = ClientTls(certificate=chaincode.certificate, private_key=chaincode.private_key)
    for other in (None, theirs, network.admin_tls):
        for ask in (operations.metrics, operations.version):
            with pytest.raises(FabricError):
                await ask(connections, peer, tls=other, deadline=5)
    metrics = await operations.metrics(connections, peer, tls=network.operations_tls, deadline=10)
    assert metrics.value("ledger_blockchain_height", channel="channel")


async def test_another_authority_takes_over_while_nodes_restart(
    network: RealNetwork, connections: Connections
) -> None:
    """Its client is let in by those that know the former one alone, and by those that know it alone."""
    nodes = (network.orderers[0], network.peers[0])
    for node in nodes:
        _secured(network, node)
    former = network.operations_authority
    network.operations_authority = new_authority(common_name="operations CA 2", organization="instance")
    made = issue(network.operations_authority, CertificateRequest(common_name="client", usage=Usage.TLS))
    leads = bridge(former, network.operations_authority.certificate)
    client = ClientTls(certificate=made.certificate + leads, private_key=made.private_key)
    for node in nodes:
        assert await operations.version(connections, node, tls=client, deadline=10)
        _secured(network, node)
        assert await operations.version(connections, node, tls=client, deadline=10)
        with pytest.raises(FabricError):
            await operations.version(connections, node, tls=network.operations_tls, deadline=5)


async def test_every_node_tells_its_release(network: RealNetwork, connections: Connections) -> None:
    """Orderers and peers alike, with TLS and before they have it; what does not answer is a fact, too."""
    tls = network.operations_tls
    _secured(network, network.peers[0])
    for node in (*network.orderers, *network.peers):
        release = await ask_release(connections, node, tls, deadline=10)
        assert isinstance(release, str)
        assert str(read_release(release)) == FABRIC
    network.programs[network.peers[0].name].stop()
    assert isinstance(await ask_release(connections, network.peers[0], tls, deadline=5), NoAnswer)
