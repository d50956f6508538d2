"""Open a TLS session to a node whose secret can be exported (RFC 5705), which gRPC and `ssl` do not offer."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from heddle.errors import FabricError
from heddle.fabric.dial import Dialer
from heddle.fabric.failures import unreachable
from heddle.fabric.node import Node
from heddle.fabric.tls import presented_certificate
from heddle.kube.listener import LocalListener
from heddle.waiting import Deadline

__all__ = ["BoundTls"]

_CHUNK = 64 * 1024


class BoundTls(LocalListener):
    """One TLS session to a node's gRPC port, behind a plain listener on 127.0.0.1.

    Only the first connection is carried: what is exported belongs to that one's session.
    """

    def __init__(self, host: str, port: int, certificate: bytes) -> None:
        """Take the address to dial, and the certificate (DER) that the node must prove to have the key of."""
        super().__init__()
        self._far, self._certificate = (host, port), certificate
        self._session: SSL.Connection | None = None
        self._taken = False

    @classmethod
    async def to(cls, dialer: Dialer, node: Node, *, deadline: float) -> "BoundTls":
        """Return the way to a node, which presents a certificate of its own. Raises Unreachable."""
        clock = Deadline(deadline)
        shown = await presented_certificate(dialer, node, deadline=clock.left())
        host, port = await dialer.endpoint(node, node.port)
        return cls(host, port, shown.public_bytes(Encoding.DER))

    def exported(self, label: bytes, context: bytes, size: int, node: Node) -> bytes:
        """Return keying material of the session. Raises Unreachable where there is none, with the reason."""
        if self._session is None:
            raise unreachable(node, "open a TLS session", self.trouble or "it was not opened")
        return self._session.export_keying_material(label, size, context)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._taken:
            raise FabricError("the session is another connection's")
        self._taken = True
        far_reader, far_writer = await asyncio.open_connection(*self._far)
        try:
            session = await self._handshake(far_reader, far_writer)
            self._session, self.trouble = session, ""
            await _both(_out(session, reader, far_writer), _in(session, far_reader, far_writer, writer))
        finally:
            self._session = None
            far_writer.close()

    async def _handshake(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> SSL.Connection:
        """Return the session, once the node has shown the certificate and that it has its key."""
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        context.set_alpn_protos([b"h2"])
        session = SSL.Connection(context, None)
        session.set_connect_state()
        while True:
            try:
                session.do_handshake()
            except SSL.WantReadError:
                await _flush(session, writer)
                session.bio_write(await _some(reader))
            else:
                await _flush(session, writer)
                break
        shown = session.get_peer_certificate(as_cryptography=True)
        if shown is None or shown.public_bytes(Encoding.DER) != self._certificate:
            raise FabricError("it presents another certificate than a moment ago")
        return session

    def _words(self, error: Exception) -> str:
        return f"TLS: {error}" if isinstance(error, FabricError) else f"TLS: {error!r}"


async def _out(session: SSL.Connection, near: asyncio.StreamReader, far: asyncio.StreamWriter) -> None:
    while data := await near.read(_CHUNK):
        session.sendall(data)
        await _flush(session, far)


async def _in(
    session: SSL.Connection,
    far_reader: asyncio.StreamReader,
    far_writer: asyncio.StreamWriter,
    near: asyncio.StreamWriter,
) -> None:
    """Carry what the node sends until it ends; what TLS itself has to answer goes out meanwhile."""
    with contextlib.suppress(SSL.ZeroReturnError):
        while True:
            try:
                near.write(session.recv(_CHUNK))
                await near.drain()
            except SSL.WantReadError:
                await _flush(session, far_writer)
                session.bio_write(await _some(far_reader))


async def _both(*ways: Coroutine[Any, Any, None]) -> None:
    """Carry both ways until either ends."""
    tasks = [asyncio.create_task(way) for way in ways]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _flush(session: SSL.Connection, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(SSL.WantReadError):
        while True:
            writer.write(session.bio_read(_CHUNK))
    await writer.drain()


async def _some(reader: asyncio.StreamReader) -> bytes:
    data = await reader.read(_CHUNK)
    if not data:
        raise FabricError("the node ended the connection")
    return data
