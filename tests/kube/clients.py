"""All clients of an API server that there are here, one after the other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import yaml

from heddle.embedded.engine.kubernetes.connect import connect
from heddle.embedded.engine.kubernetes.settings import Settings
from heddle.fabric.dial import ClusterDialer
from heddle.fabric.node import Node
from heddle.kube.client import KubeClient

POD = Node(name="peer1", msp_id="AMSP", host="peer1.fabric.svc", port=7051, namespace="fabric", pod="peer1-0")


async def every_client(kubeconfig: str, port: int) -> None:
    """The API client, a port-forward, and the embedded engine's client."""
    async with await KubeClient.open(kubeconfig) as client:
        assert (await client.get("/version") or {})["gitVersion"] == "v1.0.0"
    async with ClusterDialer(kubeconfig) as dialer:
        reader, writer = await asyncio.open_connection(*await dialer.endpoint(POD, port))
        writer.write(b"through")
        assert await reader.readexactly(7) == b"through", dialer.trouble(POD, port)
        writer.close()
    settings = Settings(kubeconfig=yaml.safe_load(kubeconfig))
    await asyncio.to_thread(connect, settings)


@asynccontextmanager
async def echo() -> AsyncIterator[int]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read(65536))
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
