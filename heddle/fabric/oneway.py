"""Send messages to an orderer that answers none of them: where orderers take each other's (Step)."""

from collections.abc import Iterable
from typing import Any

import grpc

from heddle.calls import end_requests
from heddle.fabric.connection import Connections
from heddle.fabric.node import Node

__all__ = ["send_one_way"]


async def send_one_way(
    connections: Connections,
    node: Node,
    call: "grpc.aio.StreamStreamCall[Any, Any]",
    requests: Iterable[object],
    what: str,
) -> None:
    """Send the requests of a call, and wait until the node has taken them and ended the stream.

    A request may say by what connection it comes: none is asked for before the connection stands.

    Raises the failure of `what`: Unreachable, Refused.
    """
    try:
        await call.wait_for_connection()
        for request in requests:
            await call.write(request)
        await end_requests(call)
        async for _ in call:
            pass
    except grpc.aio.AioRpcError as error:
        raise connections.failure(node, what, error) from error
    finally:
        call.cancel()
