"""Whatever an API server sends through a port-forward: the connection ends, and the reason is known."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection, serve

from heddle.kube.apiserver import ApiServer
from heddle.kube.portforward import Forward

TOKEN = "Bearer token-of-the-admin"
PORT = 7050
OPENED = [struct.pack("<BH", channel, PORT) for channel in (0, 1)]


class Pod:
    """`frames` are sent as soon as somebody connects."""

    def __init__(self) -> None:
        self.frames: list[bytes | str] = []

    async def forward(self, connection: ServerConnection) -> None:
        for frame in self.frames:
            await connection.send(frame)


def server_at(url: str, **others: Any) -> ApiServer:
    authorization = SimpleNamespace(get_api_key_with_prefix=lambda _: TOKEN, username="")
    values = {"tls": None, "proxy": "", "configuration": authorization, **others}
    return ApiServer(url=url, **values)


@asynccontextmanager
async def forwarding(pod: Pod) -> AsyncIterator[Forward]:
    protocols: Any = ["v4.channel.k8s.io"]
    async with serve(pod.forward, "127.0.0.1", 0, subprotocols=protocols, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        forward = Forward(server_at(f"http://127.0.0.1:{port}"), "n", "p", PORT)
        try:
            yield forward
        finally:
            await forward.close()


async def through(forward: Forward) -> bytes:
    """What a client of the forwarded port gets before the connection ends."""
    reader, writer = await asyncio.open_connection(*await forward.listen())
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("frames", "trouble"),
    [
        ([b""], "a frame of no channel"),
        ([""], "a frame of no channel"),
        ([b"\x02\x8a\x1b"], "a frame of no channel"),
        ([b"\x00"], "another port"),
        ([b"\x00\x00\x00"], "another port"),
        ([b"\x00\x8a\x1bdata"], "another port"),
        (["text"], "a frame of no channel"),
        ([*OPENED, b"\x01no such port\x1b[2J"], "no such port"),
    ],
)
async def test_what_is_no_port_forward_is_said(frames: list[bytes | str], trouble: str) -> None:
    """And ends the connection."""
    pod = Pod()
    pod.frames = frames
    async with forwarding(pod) as forward:
        assert await through(forward) == b""
        assert trouble in forward.trouble
        assert "\x1b" not in forward.trouble


async def test_what_a_port_forward_is_gets_through() -> None:
    """Data behind the frames that open both channels reaches the client, and nothing is troubled."""
    pod = Pod()
    pod.frames = [*OPENED, b"\x00data", b"\x00 and more"]
    async with forwarding(pod) as forward:
        assert await through(forward) == b"data and more"


async def test_any_frames() -> None:
    """Data reaches the client only behind the frames that open a channel; nothing is unhandled."""
    frame = st.sampled_from(OPENED) | st.binary(max_size=8) | st.text(max_size=4)
    tried: list[list[bytes | str]] = []

    @settings(max_examples=80)
    @given(st.lists(frame, max_size=5))
    def cases(frames: list[bytes | str]) -> None:
        tried.append(frames)

    cases()
    unhandled: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
    pod = Pod()
    async with forwarding(pod) as forward:
        for pod.frames in tried:
            await through(forward)
            assert TOKEN not in forward.trouble
    assert unhandled == []


@pytest.mark.parametrize(
    ("url", "others"),
    [
        ("ftp://x", {}),
        ("http://127.0.0.1:99999", {}),
        ("http://[", {}),
        ("http://127.0.0.1:1", {"proxy": "nonsense"}),
        ("http://127.0.0.1:1", {"proxy": "http://["}),
        ("https://127.0.0.1:1", {"tls": "no context"}),
        (
            "http://127.0.0.1:1",
            {"configuration": SimpleNamespace(get_api_key_with_prefix=lambda _: 3, username="")},
        ),
    ],
)
async def test_an_address_that_is_none(url: str, others: dict[str, Any]) -> None:
    """From a kubeconfig that anybody wrote: the connection ends, the reason is known."""
    unhandled: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
    forward = Forward(server_at(url, **others), "n", "p", PORT)
    try:
        assert await through(forward) == b""
        assert forward.trouble.startswith("API server")
        assert TOKEN not in forward.trouble
    finally:
        await forward.close()
    assert unhandled == []
