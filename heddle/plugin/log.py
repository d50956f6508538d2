"""Send a provider's messages to the engine that started it."""

import contextlib
from typing import Any

import grpc
import grpc.aio
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from heddle.plugin.interface import Severity

__all__ = ["EngineLog"]

_SEVERITIES = {
    Severity.DEBUG: engine_pb2.DEBUG,
    Severity.INFO: engine_pb2.INFO,
    Severity.WARNING: engine_pb2.WARNING,
    Severity.ERROR: engine_pb2.ERROR,
}
_DEADLINE = 10.0
"""Seconds; a message is never worth more waiting."""


class EngineLog:
    """Send messages to the Engine service at `address` ("host:port"); until one is known, drops them."""

    def __init__(self, address: str = "") -> None:
        self._channel: grpc.aio.Channel | None = None
        self._address = ""
        self.attach(address)

    def attach(self, address: str) -> None:
        """Use another engine from now on; an empty address changes nothing."""
        if address and address != self._address:
            self._address = address
            self._channel = grpc.aio.insecure_channel(address)

    async def __call__(
        self, severity: Severity, message: str, urn: str = "", *, ephemeral: bool = False
    ) -> None:
        """Send one message. An engine that has gone loses it: there is nobody left to read it."""
        if self._channel is None:
            return
        request = engine_pb2.LogRequest(
            severity=_SEVERITIES[severity], message=message, urn=urn, ephemeral=ephemeral
        )
        with contextlib.suppress(grpc.aio.AioRpcError):
            # The stub's types know only blocking channels.
            engine: Any = engine_pb2_grpc.EngineStub(self._channel)
            await engine.Log(request, timeout=_DEADLINE)

    async def close(self) -> None:
        """Close the connection to the engine."""
        if self._channel is not None:
            await self._channel.close(None)
            self._channel = None
