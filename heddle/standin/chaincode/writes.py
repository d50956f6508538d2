"""One write at a time on the stream to a peer.

fabric-chaincode-python 2.5.4 writes from the task of every transaction, and grpc.aio refuses a second write
while one is under way (GRPC_CALL_ERROR_TOO_MANY_OPERATIONS). Two transactions at once then lose an answer,
and the peer holds its ledger for `chaincode.executetimeout`, 30 s.
"""

import asyncio
from typing import Any, TypeAlias

from fabric_chaincode_python.fabric_shim import server

__all__ = ["serialize_writes"]

Stream: TypeAlias = Any
"""The shim ships no types."""


class _OneAtATime:
    """A stream whose writes wait for each other."""

    def __init__(self, context: Stream) -> None:
        self._context = context
        self._lock = asyncio.Lock()

    async def write(self, message: Stream) -> None:
        """Write when the write before is done."""
        async with self._lock:
            await self._context.write(message)


class _Service(server.ChaincodeService):  # type: ignore[misc]
    async def Connect(self, request_iterator: Stream, context: Stream) -> None:  # noqa: N802 - the service's name
        """Serve one peer."""
        await super().Connect(request_iterator, _OneAtATime(context))


def serialize_writes() -> None:
    """Make the shim's server use it. Call before `server.start`."""
    server.ChaincodeService = _Service
