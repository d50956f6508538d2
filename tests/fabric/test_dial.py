"""Ways to nodes: directly, and through an API server."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from heddle.errors import FabricError
from heddle.fabric.connection import Connections
from heddle.fabric.dial import ClusterDialer, DirectDialer, split_address
from heddle.fabric.node import Node
from tests.fabric.apiserver import api_server

POD = Node(name="peer1", msp_id="AMSP", host="peer1.fabric.svc", port=7051, namespace="fabric", pod="peer1-0")


@asynccontextmanager
async def echo() -> AsyncIterator[int]:
    """A server that returns what it gets."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_direct_prefers_the_address_to_dial() -> None:
    """A node that has an address to dial for a port is reached there, under its own name otherwise."""
    node = Node(name="o", msp_id="M", host="o.example", port=7050, admin_port=9443, admin_dial="127.0.0.1:1")
    dialer = DirectDialer()
    assert await dialer.endpoint(node, 7050) == ("o.example", 7050)
    assert await dialer.endpoint(node, 9443) == ("127.0.0.1", 1)


def test_addresses_are_host_and_port() -> None:
    """IPv6 addresses have brackets; anything else is refused, not guessed."""
    assert split_address("[::1]:7050") == ("::1", 7050)
    for wrong in ("host", ":1", "host:", "host:x"):
        with pytest.raises(ValueError, match="host:port"):
            split_address(wrong)


async def test_a_pod_is_reached_with_the_kubeconfig_s_credentials(tmp_path: Path) -> None:
    """Certificate, token and CA are the kubeconfig's; bytes arrive unchanged, also on several connections."""
    async with (
        echo() as port,
        api_server(tmp_path, {"fabric/peer1-0": {7051: port}}) as server,
        ClusterDialer(server.kubeconfig) as dialer,
    ):
        address = await dialer.endpoint(POD, 7051)
        assert address == await dialer.endpoint(POD, 7051)
        assert address[0] == "127.0.0.1"

        async def there_and_back() -> None:
            reader, writer = await asyncio.open_connection(*address)
            content = os.urandom(3_000_000)
            writer.write(content)
            assert await reader.readexactly(len(content)) == content
            writer.close()
            await writer.wait_closed()

        await asyncio.gather(*(there_and_back() for _ in range(4)))
        assert set(server.tokens) == {"Bearer secret-token"}
        assert dialer.trouble(POD, 7051) == ""


async def test_what_the_api_server_says_is_kept(tmp_path: Path) -> None:
    """A pod that is not there: the connection ends, and the reason can be shown beside the failed call."""
    async with api_server(tmp_path, {}) as server, ClusterDialer(server.kubeconfig) as dialer:
        reader, writer = await asyncio.open_connection(*await dialer.endpoint(POD, 7051))
        assert await reader.read() == b""
        writer.close()
        assert dialer.trouble(POD, 7051) == 'API server: HTTP 404 pods "peer1-0" not found'


async def test_a_port_that_nobody_listens_on_says_so(tmp_path: Path) -> None:
    """The error of the node's kubelet comes on a channel of its own."""
    async with echo() as port:
        pass
    async with (
        api_server(tmp_path, {"fabric/peer1-0": {7051: port}}) as server,
        ClusterDialer(server.kubeconfig) as dialer,
    ):
        reader, writer = await asyncio.open_connection(*await dialer.endpoint(POD, 7051))
        assert await reader.read() == b""
        writer.close()
        assert "an error occurred forwarding" in dialer.trouble(POD, 7051)


async def _echoed(dialer: ClusterDialer, port: int) -> bytes:
    reader, writer = await asyncio.open_connection(*await dialer.endpoint(POD, port))
    writer.write(b"hello")
    found = await reader.read(5)
    writer.close()
    return found


async def test_a_pod_that_listens_at_another_port_is_found(tmp_path: Path) -> None:
    """As one that has not restarted yet, or has already; also when it comes back at the wanted port."""
    async with (
        echo() as port,
        api_server(tmp_path, {"fabric/peer1-0": {30101: port}}) as server,
        ClusterDialer(server.kubeconfig) as dialer,
    ):
        assert await _echoed(dialer, 7051) == b"", "nobody is at the wanted port"
        assert await _echoed(dialer, 7051) == b"hello"
        server.pods["fabric/peer1-0"] = {7051: port}
        assert await _echoed(dialer, 7051) == b"", "nobody is at the other one any more"
        assert await _echoed(dialer, 7051) == b"hello"


async def test_another_port_than_that_of_grpc_stays_what_it_is(tmp_path: Path) -> None:
    """A node that has just started refuses its admin port, too: the gRPC server does not answer for it."""
    async with (
        echo() as port,
        api_server(tmp_path, {"fabric/peer1-0": {7051: port}}) as server,
        ClusterDialer(server.kubeconfig) as dialer,
    ):
        assert [await _echoed(dialer, 9443), await _echoed(dialer, 9443)] == [b"", b""]
        server.pods["fabric/peer1-0"] = {7051: 1, 9443: port}
        assert await _echoed(dialer, 9443) == b"hello"


async def test_closing_ends_open_connections(tmp_path: Path) -> None:
    """Nothing listens and nothing is carried after close."""
    async with (
        echo() as port,
        api_server(tmp_path, {"fabric/peer1-0": {7051: port}}) as server,
    ):
        dialer = ClusterDialer(server.kubeconfig)
        address = await dialer.endpoint(POD, 7051)
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        await dialer.close()
        assert await reader.read() == b""
        writer.close()
        with pytest.raises(OSError, match="Connect call failed"):
            await asyncio.open_connection(*address)


async def test_nodes_without_a_pod_are_dialled_directly() -> None:
    """Other people's nodes are not in our cluster; no kubeconfig is read for them."""
    dialer = ClusterDialer("/does/not/exist")
    other = Node(name="o", msp_id="M", host="orderer.example", port=7050)
    assert await dialer.endpoint(other, 7050) == ("orderer.example", 7050)
    with pytest.raises(FabricError, match="/does/not/exist"):
        await dialer.endpoint(POD, 7051)


async def test_an_unknown_context_is_named(tmp_path: Path) -> None:
    """The mistake is in the stack file or the kubeconfig, so both are in the message."""
    async with api_server(tmp_path, {}) as server:
        with pytest.raises(FabricError, match="elsewhere is not in it; there is: here"):
            await ClusterDialer(server.kubeconfig, "elsewhere").endpoint(POD, 7051)


@pytest.mark.parametrize("roots", [(), (b"",), (b" \n",)])
async def test_a_node_without_tls_roots_is_not_dialled(roots: tuple[bytes, ...]) -> None:
    """The machine's own authorities would be believed then: anybody with a public certificate."""
    node = Node(name="o", msp_id="M", host="o.test", port=1, admin_port=2, tls_root_certificates=roots)
    async with Connections(DirectDialer()) as connections:
        with pytest.raises(FabricError, match="no TLS root certificate"):
            await connections.channel(node)
        with pytest.raises(FabricError, match="no TLS root certificate"):
            await connections.http(node, 2)
