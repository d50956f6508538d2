"""Carry the bytes of one client's connection to a stand-in's HTTP endpoint, in TLS or in clear."""

import asyncio
import ssl
from collections.abc import Callable
from typing import Protocol, TypeVar

__all__ = ["ByteStream", "PlainStream", "TlsStream"]

T = TypeVar("T")
_CHUNK = 64 * 1024


class ByteStream(Protocol):
    """A connection that is read and written in bytes."""

    async def read(self) -> bytes:
        """Return the next bytes; empty at the end."""

    async def write(self, data: bytes) -> None:
        """Send bytes to the client."""


class PlainStream:
    """Read and write a connection in clear."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        """Return the next bytes; empty at the end."""
        return await self._reader.read(_CHUNK)

    async def write(self, data: bytes) -> None:
        """Send bytes to the client."""
        self._writer.write(data)
        await self._writer.drain()


class TlsStream:
    """The server's side of TLS over a plain connection.

    asyncio's own TLS drops the alert that tells a client why its certificate was refused; Fabric's nodes send
    it, and so does this.
    """

    def __init__(self, plain: PlainStream, context: ssl.SSLContext) -> None:
        self._plain = plain
        self._received, self._to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._received, self._to_send, server_side=True)

    async def handshake(self) -> None:
        """Agree on keys and check the client's certificate. Raises ssl.SSLError after the alert is sent."""
        await self._do(self._tls.do_handshake)

    async def read(self) -> bytes:
        """Return the next bytes; empty at the end."""
        try:
            return await self._do(lambda: self._tls.read(_CHUNK))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    async def write(self, data: bytes) -> None:
        """Send bytes to the client."""
        await self._do(lambda: self._tls.write(data))

    async def _do(self, action: Callable[[], T]) -> T:
        while True:
            try:
                result = action()
            except ssl.SSLWantReadError:
                await self._send()
                if data := await self._plain.read():
                    self._received.write(data)
                else:
                    self._received.write_eof()
            except ssl.SSLError:
                await self._send()
                raise
            else:
                await self._send()
                return result

    async def _send(self) -> None:
        if data := self._to_send.read():
            await self._plain.write(data)
