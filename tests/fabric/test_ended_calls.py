"""A call that ends while its requests are sent is a node that does not answer, and no error of ours."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import pytest
from fabric_protos.common.common_pb2 import Envelope

from heddle.errors import Unreachable
from heddle.fabric import orderer
from heddle.fabric.connection import Connections
from heddle.fabric.deliver import deliver
from heddle.fabric.dial import DirectDialer
from heddle.fabric.node import Node
from heddle.fabric.oneway import send_one_way

NODE = Node(name="orderer0", msp_id="M", host="orderer0", port=7050, tls_root_certificates=())
ENDED = grpc.aio.AioRpcError(
    grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata(), details="the node went away"
)


class EndedCall:
    """A call that ended between its request and the end of its requests, as seen on a busy machine."""

    async def wait_for_connection(self) -> None:
        """The connection stood."""

    async def write(self, _: object) -> None:
        """The request was sent."""

    async def done_writing(self) -> None:
        """What grpc.aio raises."""
        raise grpc.aio.InternalError('Failed "execute_batch"')

    async def __aiter__(self) -> AsyncIterator[object]:
        """The call's status, which the answers bring."""
        raise ENDED
        yield

    def cancel(self) -> None:
        """Nothing is left of it."""


class EndedChannel:
    """A channel whose calls all end so."""

    def stream_stream(self, *_: Any, **__: Any) -> Callable[..., EndedCall]:
        """A method of the channel."""
        return lambda *_, **__: EndedCall()


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Connections:
    async def channel(*_: object) -> EndedChannel:
        return EndedChannel()

    monkeypatch.setattr(Connections, "channel", channel)
    return Connections(DirectDialer())


async def _deliver(connections: Connections) -> None:
    method: Any = lambda _: lambda **_: EndedCall()  # noqa: E731 - a method of a channel, as `deliver` takes it
    async for _ in deliver(connections, NODE, method, Envelope(), "deliver", deadline=5):
        pass


async def _offer(connections: Connections) -> None:
    await orderer._offer(connections, NODE, Envelope(), 5)


async def _send_one_way(connections: Connections) -> None:
    call: Any = EndedCall()
    await send_one_way(connections, NODE, call, [Envelope()], "step")


@pytest.mark.parametrize("ask", [_deliver, _offer, _send_one_way], ids=lambda ask: ask.__name__)
async def test_the_node_is_said_to_be_unreachable(
    connections: Connections, ask: Callable[[Connections], Awaitable[None]]
) -> None:
    with pytest.raises(Unreachable, match="the node went away"):
        await ask(connections)
