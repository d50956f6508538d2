"""A node on a busy machine: its TLS handshake takes seconds, and it is reached all the same."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import pytest

from heddle.errors import Unreachable
from heddle.fabric.connection import Connections
from heddle.fabric.node import Node
from heddle.identity.authority import new_authority
from heddle.identity.certificate import CertificateRequest, Usage, issue

HANDSHAKE = 3.0


@asynccontextmanager
async def slow_node(seconds: float) -> AsyncIterator[Node]:
    """A gRPC server behind a way that carries nothing for so long."""
    authority = new_authority(common_name="ca", organization="o")
    issued = issue(authority, CertificateRequest(common_name="n", hosts=("localhost",), usage=Usage.TLS))
    server = grpc.aio.server()
    credentials = grpc.ssl_server_credentials([(issued.private_key, issued.certificate)])
    behind = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)  # what is tested is the client's patience
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", behind)

        async def one_way(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            while chunk := await source.read(65536):
                target.write(chunk)
                await target.drain()
            target.close()

        await asyncio.gather(one_way(reader, far_writer), one_way(far_reader, writer), return_exceptions=True)

    way = await asyncio.start_server(carry, "127.0.0.1", 0)
    port = way.sockets[0].getsockname()[1]
    try:
        yield Node(
            name="n", msp_id="M", host="localhost", port=port, tls_root_certificates=(authority.certificate,)
        )
    finally:
        way.close()
        await server.stop(None)


async def test_a_handshake_of_seconds_is_waited_for(connections: Connections) -> None:
    """An attempt that is given up after a second, as gRPC was told to, never gets through."""
    async with slow_node(HANDSHAKE) as node:
        await connections.ping(node, deadline=20)


async def test_a_call_whose_time_is_over_is_late_and_not_broken(connections: Connections) -> None:
    """So that a message can say that the node is slow."""
    async with slow_node(HANDSHAKE) as node:
        with pytest.raises(Unreachable) as late:
            await connections.ping(node, deadline=0.5)

    assert late.value.late
