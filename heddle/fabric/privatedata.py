"""Read private data of a channel from a peer, block by block (core/peer/deliverevents.go, Fabric 3.1.5).

A peer hands out what it has of the collections whose members the asker belongs to, by the policy of each.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeAlias

import grpc
from fabric_protos.common.common_pb2 import Envelope
from fabric_protos.peer import events_pb2, events_pb2_grpc

from heddle.fabric.connection import Connections
from heddle.fabric.deliver import deliver, seek_envelope
from heddle.fabric.node import Node
from heddle.identity.signer import Signer

__all__ = ["deliver_private_data"]

_Deliver: TypeAlias = grpc.aio.StreamStreamMultiCallable[Envelope, events_pb2.DeliverResponse]


def _method(channel: grpc.aio.Channel) -> _Deliver:
    return events_pb2_grpc.DeliverStub(channel).DeliverWithPrivateData


async def deliver_private_data(
    connections: Connections,
    node: Node,
    channel: str,
    start: int,
    stop: int,
    signer: Signer,
    *,
    deadline: float,
) -> AsyncGenerator[events_pb2.BlockAndPrivateData, None]:
    """Yield the blocks `start` to `stop` with their private data, once the peer has committed them.

    Raises as `deliver` does, after the blocks that came before; nothing is asked again.
    """
    what = f"deliver blocks {start} to {stop} of {channel} with private data"
    request = seek_envelope(channel, start, stop, signer, wait=True, tls_cert_hash=connections.tls_cert_hash)
    stream = deliver(
        connections, node, _method, request, what, deadline=deadline, kind="block_and_private_data"
    )
    async with aclosing(stream) as answers:
        async for answer in answers:
            yield answer.block_and_private_data
