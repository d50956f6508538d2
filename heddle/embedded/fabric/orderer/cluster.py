"""Call other stand-in orderers: one signed Envelope per call, over the same TLS as everything else.

Upstream speaks `orderer.Cluster/Step` here; stand-ins and upstream's orderers do not mix in one channel.
"""

import json
from typing import Any

import grpc
import grpc.aio
from fabric_protos.common import common_pb2

from heddle.configtx.envelope import signed_envelope
from heddle.embedded.fabric.orderer.messages import Message, Submit, encode
from heddle.embedded.fabric.orderer.node import OrdererNode

__all__ = ["METHOD", "SERVICE", "ClusterClient"]

SERVICE = "heddle.standin.Cluster"
METHOD = "Call"
_DEADLINE = 3.0
"""Seconds; upstream's General.Cluster.RPCTimeout is 7."""


class ClusterClient:
    """Calls the other orderers of a channel."""

    def __init__(self, node: OrdererNode, channel: str) -> None:
        self._node = node
        self._channel = channel

    async def call(self, address: str, message: Message, roots: bytes) -> dict[str, Any]:
        """Send a message and return the answer. Raises ConnectionError when there is none."""
        envelope = signed_envelope(common_pb2.MESSAGE, self._channel, encode(message), self._node.signer)
        method = self._node.dialled.to(address, roots).unary_unary(
            f"/{SERVICE}/{METHOD}", request_serializer=bytes, response_deserializer=bytes
        )
        try:
            # A leader may have come back a moment ago; a client's message waits for the connection.
            patient = isinstance(message, Submit)
            answer = await method(envelope.SerializeToString(), timeout=_DEADLINE, wait_for_ready=patient)
        except grpc.aio.AioRpcError as error:
            raise ConnectionError(f"{address}: {error.code().name} {error.details()}") from error
        value: dict[str, Any] = json.loads(answer)
        if "error" in value:
            raise ConnectionError(f"{address}: {value['error']}")
        return value
