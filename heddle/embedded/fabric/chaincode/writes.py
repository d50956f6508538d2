"""Write to the stream to a peer: one write at a time, and a transaction's event with its answer.

fabric-chaincode-python 2.5.4 writes from the task of every transaction, and grpc.aio refuses a second write
while one is under way (GRPC_CALL_ERROR_TOO_MANY_OPERATIONS). Two transactions at once then lose an answer,
and the peer holds its ledger for `chaincode.executetimeout`, 30 s. What `set_event` takes, it never sends.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol, cast

from fabric_chaincode_python.fabric_shim import server
from fabric_chaincode_python.fabric_shim.stub import ChaincodeStub
from fabric_protos.peer.chaincode_event_pb2 import ChaincodeEvent
from fabric_protos.peer.chaincode_shim_pb2 import ChaincodeMessage

__all__ = ["emit", "serialize_writes"]


class _Stream(Protocol):
    async def write(self, message: ChaincodeMessage) -> None: ...


def emit(stub: ChaincodeStub, name: str, payload: bytes) -> None:
    """Set the transaction's one event; the peer adds chaincode and transaction id."""
    event = ChaincodeEvent(event_name=name, payload=payload)
    # The shim keeps the stream that `_Service` gave it.
    cast("_Written", stub.client.context).events[stub.channel_id, stub.tx_id] = event


class _Written:
    """A stream whose writes wait for each other."""

    def __init__(self, context: _Stream) -> None:
        self._context = context
        self._lock = asyncio.Lock()
        self.events: dict[tuple[str, str], ChaincodeEvent] = {}
        """By channel and transaction id. Of one stream: two peers run the same transaction on one server."""

    async def write(self, message: ChaincodeMessage) -> None:
        """Write when the write before is done."""
        if message.type == ChaincodeMessage.COMPLETED:
            event = self.events.pop((message.channel_id, message.txid), None)
            if event is not None:
                message.chaincode_event.CopyFrom(event)
        async with self._lock:
            await self._context.write(message)


class _Service(server.ChaincodeService):
    async def Connect(  # noqa: N802 - the service's name
        self, request_iterator: AsyncIterator[ChaincodeMessage], context: _Stream
    ) -> None:
        """Serve one peer's stream of messages."""
        await super().Connect(request_iterator, _Written(context))


def serialize_writes() -> None:
    """Make the shim's server use it. Call before `server.start`."""
    server.ChaincodeService = _Service  # type: ignore[misc] # a class, replaced on purpose
