"""Ask a peer's gateway which of a channel's orderers answer it (internal/pkg/gateway/submit.go)."""

import grpc
from fabric_protos.common.common_pb2 import Envelope
from fabric_protos.gateway import gateway_pb2, gateway_pb2_grpc

from heddle.fabric.connection import Connections
from heddle.fabric.failures import gateway_details
from heddle.fabric.node import Node

__all__ = ["ordering_answers"]

_ANSWERED = "received unsuccessful response from orderer"


async def ordering_answers(
    connections: Connections, node: Node, channel: str, *, deadline: float
) -> dict[str, bool]:
    """Return by host:port of the channel's orderers whether they answered the gateway.

    No other question shows a gateway's connections. So the gateway is handed an envelope without content,
    which no orderer takes (BAD_REQUEST, orderer/common/broadcast), and tells what orderers said. With BFT it
    names orderers that it could not reach first, and stops once too few are left to take the envelope. With
    Raft it names those that it could not reach. Raises FabricError where the peer does not answer.
    """
    request = gateway_pb2.SubmitRequest(
        channel_id=channel,
        # The gateway wants a signature and does not look at it.
        prepared_transaction=Envelope(signature=b"none"),
    )
    stub = gateway_pb2_grpc.GatewayStub(await connections.channel(node))
    try:
        await stub.Submit(request, timeout=deadline)
    except grpc.aio.AioRpcError as error:
        details = gateway_details(error)
        if not details and error.code() is not grpc.StatusCode.ABORTED:
            raise connections.failure(node, f"orderers of {channel}", error) from error
        return {each.address: each.message.startswith(_ANSWERED) for each in details}
    return {}
