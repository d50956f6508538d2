"""What real nodes present at their ports, and the authorities that a real channel has."""

import asyncio
from dataclasses import replace

import pytest

from heddle.configtx.blocks import block_hash
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.network.ends import CertificateEnd, ask_certificates
from heddle.network.network import Network
from tests.network.processes import network_of_processes
from tests.real.network import RealNetwork
from tests.real.steps import make_channel

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def network(real_network: RealNetwork) -> Network:
    """The network with a channel, as its stack's outputs describe it."""

    async def prepare() -> str:
        async with Connections(DirectDialer()) as connections:
            return block_hash((await make_channel(connections, real_network)).header).hex()

    return network_of_processes(real_network, asyncio.run(prepare()))


def of(found: tuple[CertificateEnd, ...], whose: str, purpose: str) -> list[CertificateEnd]:
    return [each for each in found if (each.whose, each.purpose) == (whose, purpose)]


async def test_nodes_show_what_they_present_and_channels_whom_they_trust(network: Network) -> None:
    """Orderers at their admin port, too, which wants a client's certificate; nothing is left unseen."""
    found = await ask_certificates(network, deadline=30)

    assert found.not_seen == ()
    for node in (*network.instance.orderers, *network.instance.peers):
        rows = of(found.certificates, node.name, "TLS")
        ports = [f"gRPC {node.port}", *([f"admin {node.admin_port}"] if node.admin_port else [])]
        assert [port for row in rows for port in row.presented_at] == ports
    for name in network.instance.organizations:
        for purpose in ("authority", "TLS authority"):
            assert [each.channels for each in of(found.certificates, name, purpose)] == [("channel",)]


async def test_a_node_that_was_not_restarted_is_named(real_network: RealNetwork, network: Network) -> None:
    """The state has a certificate of this moment, the node the one that it was started with."""
    node, *others = network.instance.peers
    (authority,) = (
        each.tls_authority for each in real_network.organizations.values() if each.name == node.organization
    )
    request = CertificateRequest(common_name=node.name, hosts=(node.host,), usage=Usage.TLS)
    issued = replace(node, tls_certificate=issue(authority, request).certificate.decode())
    lagging = replace(network, instance=replace(network.instance, peers=(issued, *others)))

    found = await ask_certificates(lagging, deadline=30)

    rows = {bool(each.presented_at): each for each in of(found.certificates, node.name, "TLS")}
    assert rows[True].differs == f"not the one issued last, which is {rows[False].serial}, for another key"
    assert rows[False].differs == "issued, but not presented"
