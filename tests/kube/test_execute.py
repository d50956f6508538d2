"""A command in a pod: its input arrives, its output comes back, and every end of it is told apart."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from heddle.errors import KubeError, Unreachable
from heddle.kube.apiserver import ApiServer
from heddle.kube.execute import Ended, execute
from tests.kube.test_hostile_forward import server_at

GOOD = b"\x03" + json.dumps({"status": "Success"}).encode()
BAD = b"\x03" + json.dumps({"status": "Failure", "message": "command terminated with exit code 1"}).encode()


class Pod:
    """Takes `expects` bytes of input, then sends `frames` and ends."""

    def __init__(self, frames: list[bytes], expects: int = 0) -> None:
        self.frames, self.expects = frames, expects
        self.got, self.path = b"", ""

    async def run(self, connection: ServerConnection) -> None:
        self.path = connection.request.path if connection.request else ""
        while len(self.got) < self.expects:
            frame = await connection.recv()
            assert isinstance(frame, bytes)
            assert frame[0] == 0
            self.got += frame[1:]
        for frame in self.frames:
            await connection.send(frame)


@asynccontextmanager
async def serving(pod: Pod) -> AsyncIterator[ApiServer]:
    protocols: Any = ["v4.channel.k8s.io"]
    async with serve(pod.run, "127.0.0.1", 0, subprotocols=protocols, compression=None) as server:
        yield server_at(f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}")


async def test_input_arrives_and_output_comes_back() -> None:
    """Whole, in whatever pieces it travels; arguments are the command's own, no shell reads them."""
    content = bytes(range(256)) * 1000
    pod = Pod([b"\x01", b"\x01one ", b"\x02noise", b"\x01two", GOOD], expects=len(content))
    async with serving(pod) as server:
        ended = await execute(server, "n", "p", ["/usr/bin/dd", "of=a b&c"], stdin=content)
    assert ended == Ended(output=b"one two", errors=b"noise")
    assert pod.got == content
    assert pod.path.startswith(
        "/api/v1/namespaces/n/pods/p/exec?command=%2Fusr%2Fbin%2Fdd&command=of%3Da+b%26c&"
    )


async def test_a_command_that_fails_says_why_itself() -> None:
    """Its own words before the API server's, without control characters."""
    async with serving(Pod([b"\x02dd: no space left on device\x1b[2J\n", BAD])) as server:
        with pytest.raises(KubeError, match="no space left on device") as failed:
            await execute(server, "n", "p", ["/usr/bin/dd"])
    assert "\x1b" not in failed.value.message
    async with serving(Pod([BAD])) as server:
        with pytest.raises(KubeError, match="exit code 1"):
            await execute(server, "n", "p", ["/usr/bin/dd"])


@pytest.mark.parametrize("frames", [[], [b"\x01half of it"], [b""]])
async def test_a_broken_way_is_no_answer(frames: list[bytes]) -> None:
    """What the command did is not known then: the caller decides whether it may be repeated."""
    async with serving(Pod(frames)) as server:
        with pytest.raises(Unreachable):
            await execute(server, "n", "p", ["/usr/bin/dd"])


async def test_a_status_that_is_none_is_refused() -> None:
    """Nothing is taken for success but Success."""
    async with serving(Pod([b"\x03not json"])) as server:
        with pytest.raises(KubeError, match="a status that is none"):
            await execute(server, "n", "p", ["/usr/bin/dd"])
