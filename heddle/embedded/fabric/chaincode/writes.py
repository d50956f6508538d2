"""The stream to a peer: one write at a time, and a transaction's event with its answer.

fabric-chaincode-python 2.5.4 writes from the task of every transaction, and grpc.aio refuses a second write
while one is under way (GRPC_CALL_ERROR_TOO_MANY_OPERATIONS). Two transactions at once then lose an answer,
and the peer holds its ledger for `chaincode.executetimeout`, 30 s. What `set_event` takes, it never sends.
"""

import asyncio
from typing import Any, TypeAlias

from fabric_chaincode_python.fabric_shim import server
from fabric_protos.peer import chaincode_event_pb2, chaincode_shim_pb2

__all__ = ["emit", "serialize_writes"]

Stream: TypeAlias = Any
Stub: TypeAlias = Any
"""The shim ships no types."""


def emit(stub: Stub, name: str, payload: bytes) -> None:
    """Set the transaction's one event; the peer adds chaincode and transaction id."""
    event = chaincode_event_pb2.ChaincodeEvent(event_name=name, payload=payload)
    stub.client.context.events[stub.channel_id, stub.tx_id] = event


class _Written:
    """A stream whose writes wait for each other."""

    def __init__(self, context: Stream) -> None:
        self._context = context
        self._lock = asyncio.Lock()
        self.events: dict[tuple[str, str], chaincode_event_pb2.ChaincodeEvent] = {}
        """By channel and transaction id. Of one stream: two peers run the same transaction on one server."""

    async def write(self, message: Stream) -> None:
        """Write when the write before is done."""
        if message.type == chaincode_shim_pb2.ChaincodeMessage.COMPLETED:
            event = self.events.pop((message.channel_id, message.txid), None)
            if event is not None:
                message.chaincode_event.CopyFrom(event)
        async with self._lock:
            await self._context.write(message)


class _Service(server.ChaincodeService):  # type: ignore[misc]
    async def Connect(self, request_iterator: Stream, context: Stream) -> None:  # noqa: N802 - the service's name
        """Serve one peer."""
        await super().Connect(request_iterator, _Written(context))


def serialize_writes() -> None:
    """Make the shim's server use it. Call before `server.start`."""
    server.ChaincodeService = _Service
