"""Serve HTTP/1.1 on h11, for the participation API and the operations endpoint.

It exists so that a stand-in starts in a fraction of a second and its image holds no web framework.
"""

import asyncio
import json
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import cast

import h11

from heddle.embedded.fabric.tls import ByteStream, PlainStream, TlsStream

__all__ = ["Handler", "Request", "Response", "json_response", "serve_http"]

_LOG = logging.getLogger("http")
_MAX_HEADERS = 64 * 1024
_HANDSHAKE_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Request:
    """A client's request; header names are lower-case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Response:
    """The answer to a client."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Awaitable[Response]]


def json_response(status: int, value: object, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer in JSON, ended by a newline as Go's encoder does."""
    body = json.dumps(value, separators=(",", ":")).encode() + b"\n"
    return Response(status=status, body=body, headers={"Content-Type": "application/json", **(headers or {})})


async def serve_http(
    handler: Handler, address: str, context: ssl.SSLContext | None, *, max_body: int = 32 << 20
) -> asyncio.Server:
    """Serve on `host:port` until the returned server is closed; in TLS when a context is given."""
    host, _, port = address.rpartition(":")

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            stream = await _opened(PlainStream(reader, writer), context)
            await _Connection(handler, stream, max_body).serve()
        except ssl.SSLError as error:
            _LOG.warning("TLS: %s", error)
        except (ConnectionError, TimeoutError, h11.ProtocolError):
            _LOG.debug("connection ended", exc_info=True)
        finally:
            writer.close()

    return await asyncio.start_server(connected, host or None, int(port))


async def _opened(plain: PlainStream, context: ssl.SSLContext | None) -> ByteStream:
    if context is None:
        return plain
    tls = TlsStream(plain, context)
    async with asyncio.timeout(_HANDSHAKE_SECONDS):
        await tls.handshake()
    return tls


class _Connection:
    """Answer one client's requests, one after the other."""

    def __init__(self, handler: Handler, stream: ByteStream, max_body: int) -> None:
        self._handler = handler
        self._stream = stream
        self._max_body = max_body
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEADERS)

    async def serve(self) -> None:
        """Answer until the client or an answer ends the connection."""
        while await self._exchange():
            self._http.start_next_cycle()

    async def _exchange(self) -> bool:
        try:
            head = await self._event()
            if not isinstance(head, h11.Request):
                return False
            body = await self._body()
        except h11.RemoteProtocolError as error:
            await self._answer(json_response(error.error_status_hint, {"error": str(error)}), bodiless=False)
            return False
        response = (
            json_response(413, {"error": "http: request body too large"})
            if body is None
            else await self._handled(_request(head, body))
        )
        await self._answer(response, bodiless=head.method == b"HEAD")
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    async def _body(self) -> bytes | None:
        """Return the body, or None once it is longer than allowed."""
        parts, size = [], 0
        while isinstance(event := await self._event(), h11.Data):
            parts.append(bytes(event.data))
            size += len(parts[-1])
            if size > self._max_body:
                return None
        return b"".join(parts)

    async def _event(self) -> h11.Event | type[h11.PAUSED]:
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return cast("h11.Event | type[h11.PAUSED]", event)
            if self._http.they_are_waiting_for_100_continue:
                await self._send(h11.InformationalResponse(status_code=100, headers=[]))
            self._http.receive_data(await self._stream.read())

    async def _handled(self, request: Request) -> Response:
        try:
            return await self._handler(request)
        except Exception:
            # One bad request must not end the node; the client is told, the log has the trace.
            _LOG.exception("%s %s failed", request.method, request.path)
            return json_response(500, {"error": "internal error, see the node's log"})

    async def _answer(self, response: Response, *, bodiless: bool) -> None:
        headers = dict(response.headers)
        if response.status != HTTPStatus.NO_CONTENT:
            headers["Content-Length"] = str(len(response.body))
        head = h11.Response(
            status_code=response.status,
            headers=list(headers.items()),
            reason=HTTPStatus(response.status).phrase,
        )
        body = [] if bodiless or not response.body else [h11.Data(data=response.body)]
        await self._send(head, *body, h11.EndOfMessage())

    async def _send(self, *events: h11.Event) -> None:
        await self._stream.write(b"".join(self._http.send(event) or b"" for event in events))


def _request(head: h11.Request, body: bytes) -> Request:
    return Request(
        method=head.method.decode("latin-1"),
        path=head.target.decode("latin-1").partition("?")[0],
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers},
        body=body,
    )
