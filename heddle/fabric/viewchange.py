"""Ask the orderers of a BFT channel for its next view, in the name of its consenters.

Fabric has no command by which a leader hands over. SmartBFT has a message: a consenter that misses the leader
asks all others for the next view, and who has a quorum's wishes changes to it
(SmartBFT internal/bft/viewchanger.go).
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import grpc
from fabric_protos.orderer import clusterserver_pb2, clusterserver_pb2_grpc
from google.protobuf.timestamp_pb2 import Timestamp

from heddle.configtx.nodeauth import BINDING_BYTES, BINDING_LABEL, binding_context, signed_content
from heddle.configtx.smartbft import view_change_message
from heddle.fabric.boundtls import BoundTls
from heddle.fabric.connection import Connections
from heddle.fabric.node import Node
from heddle.fabric.oneway import send_one_way
from heddle.identity.signer import Signer
from heddle.waiting import Deadline

__all__ = ["Wish", "ask_for_view"]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Describe the wish of one consenter, with its id, for a view of a channel."""

    channel: str
    view: int
    consenter: int
    signer: Signer


async def ask_for_view(
    connections: Connections, node: Node, wish: Wish, *, node_id: int, deadline: float
) -> None:
    """Tell an orderer, which has the id `node_id` on the channel, that a consenter wants the view.

    Returns when the orderer has taken it: what becomes of it is for the caller to see. Raises Unreachable,
    Refused.
    """
    clock = Deadline(deadline)
    way = await BoundTls.to(connections.dialer, node, deadline=clock.left())
    try:
        host, port = await way.listen()
        options = [("grpc.default_authority", node.host), ("grpc.enable_http_proxy", 0)]
        async with grpc.aio.insecure_channel(f"{host}:{port}", options=options) as channel:
            call = clusterserver_pb2_grpc.ClusterNodeServiceStub(channel).Step(timeout=clock.left())
            messages = _messages(way, node, wish, node_id)
            await send_one_way(connections, node, call, messages, f"change the view of {wish.channel}")
    finally:
        await way.close()


def _messages(
    way: BoundTls, node: Node, wish: Wish, node_id: int
) -> Iterator[clusterserver_pb2.ClusterNodeServiceStepRequest]:
    yield _authentication(way, node, wish, node_id)
    yield _request(wish)


def _authentication(
    way: BoundTls, node: Node, wish: Wish, node_id: int
) -> clusterserver_pb2.ClusterNodeServiceStepRequest:
    request = clusterserver_pb2.NodeAuthRequest(
        timestamp=Timestamp(seconds=int(time.time())),
        from_id=wish.consenter,
        to_id=node_id,
        channel=wish.channel,
    )
    request.session_binding = way.exported(BINDING_LABEL, binding_context(request), BINDING_BYTES, node)
    request.signature = wish.signer.sign(signed_content(request))
    return clusterserver_pb2.ClusterNodeServiceStepRequest(node_authrequest=request)


def _request(wish: Wish) -> clusterserver_pb2.ClusterNodeServiceStepRequest:
    content = clusterserver_pb2.NodeConsensusRequest(payload=view_change_message(wish.view))
    return clusterserver_pb2.ClusterNodeServiceStepRequest(node_conrequest=content)
