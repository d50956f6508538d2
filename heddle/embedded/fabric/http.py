"""A small HTTP/1.1 server on asyncio, for the participation API and the operations endpoint.

It exists so that a stand-in starts in a fraction of a second and its image holds no web framework.
"""

import asyncio
import json
import logging
import ssl
from asyncio.sslproto import SSLProtocol
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

__all__ = ["Handler", "Request", "Response", "json_response", "serve_http"]

_LOG = logging.getLogger("http")
_MAX_HEADERS = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a client sent; header names are lower-case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Response:
    """What the client gets."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Awaitable[Response]]


def json_response(status: int, value: object, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON body, ended by a newline as Go's encoder does."""
    body = json.dumps(value, separators=(",", ":")).encode() + b"\n"
    return Response(status=status, body=body, headers={"Content-Type": "application/json", **(headers or {})})


async def serve_http(
    handler: Handler, address: str, context: ssl.SSLContext | None, *, max_body: int = 32 << 20
) -> asyncio.Server:
    """Serve on `host:port` until the returned server is closed; TLS when a context is given."""
    host, _, port = address.rpartition(":")

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await _exchange(handler, reader, writer, max_body):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ssl.SSLError):
            _LOG.debug("connection ended", exc_info=True)
        finally:
            writer.close()

    loop = asyncio.get_running_loop()

    def protocol() -> asyncio.BaseProtocol:
        reader = asyncio.StreamReader(limit=_MAX_HEADERS, loop=loop)
        streams = asyncio.StreamReaderProtocol(reader, connected, loop=loop)
        if context is None:
            return streams
        return _TlsProtocol(loop, streams, context, None, server_side=True)  # type: ignore[arg-type]

    return await loop.create_server(protocol, host or None, int(port))


class _TlsProtocol(SSLProtocol):
    """asyncio drops the alert that tells a client why its certificate was refused; this sends it first."""

    def _fatal_error(self, exc: BaseException, message: str = "Fatal error on transport") -> None:
        _LOG.warning("TLS: %s", exc)
        self._process_outgoing()  # type: ignore[attr-defined]
        if isinstance(self._transport, asyncio.Transport):
            self._transport.close()


async def _exchange(
    handler: Handler, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, max_body: int
) -> bool:
    """One request and its response; false when the connection is to be closed."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return False
    request_line, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = request_line.split(" ", 2)
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines if line)
    }
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await _body(reader, headers, max_body)
    if body is None:
        response = json_response(413, {"error": "http: request body too large"})
    else:
        response = await _handled(
            handler, Request(method=method, path=target.partition("?")[0], headers=headers, body=body)
        )
    keep = body is not None and headers.get("connection", "").lower() != "close"
    _write(writer, response, keep=keep, bodiless=method == "HEAD")
    await writer.drain()
    return keep


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str], limit: int) -> bytes | None:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        parts: list[bytes] = []
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            if sum(map(len, parts)) + size > limit:
                return None
            parts.append((await reader.readexactly(size + 2))[:-2])
        await reader.readuntil(b"\r\n")
        return b"".join(parts)
    length = int(headers.get("content-length", "0"))
    return None if length > limit else await reader.readexactly(length)


async def _handled(handler: Handler, request: Request) -> Response:
    try:
        return await handler(request)
    except Exception:
        # One bad request must not end the node; the client is told, the log has the trace.
        _LOG.exception("%s %s failed", request.method, request.path)
        return json_response(500, {"error": "internal error, see the node's log"})


def _write(writer: asyncio.StreamWriter, response: Response, *, keep: bool, bodiless: bool) -> None:
    reason = HTTPStatus(response.status).phrase
    headers = {
        **response.headers,
        "Content-Length": str(len(response.body)),
        "Connection": "keep-alive" if keep else "close",
    }
    if response.status == HTTPStatus.NO_CONTENT:
        del headers["Content-Length"]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"HTTP/1.1 {response.status} {reason}\r\n{head}\r\n".encode("latin-1"))
    if not bodiless:
        writer.write(response.body)
