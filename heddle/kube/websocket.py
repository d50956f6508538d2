"""Open a websocket of the API server, by which it carries the streams of a pod."""

import ssl
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from heddle.errors import KubeError
from heddle.kube.apiserver import ApiServer
from heddle.plain import ShapeError, parse_json
from heddle.text import printable

__all__ = ["connection_words", "open_websocket"]

_STATUS_BYTES = 64 * 1024
_OPEN_SECONDS = 15.0
_FRAME_BYTES = 16 * 1024 * 1024
"""Bytes of a frame at most; kubelets send 32 KiB (streaming/portforward, and SPDY's own)."""


async def open_websocket(server: ApiServer, path: str, protocol: str) -> ClientConnection:
    """Open a websocket of the API server with a subprotocol. Raises what `connection_words` has words for."""
    url = "ws" + server.url.removeprefix("http") + path  # "https://…" → "wss://…"
    options: dict[str, Any] = {}
    if server.tls is not None:
        options["ssl"] = server.tls
    return await connect(
        url,
        subprotocols=[Subprotocol(protocol)],
        additional_headers=await server.headers(),
        proxy=server.proxy or None,
        compression=None,
        max_size=_FRAME_BYTES,
        open_timeout=_OPEN_SECONDS,
        # A kubelet busy with writing to the pod answers pings late; gRPC's keepalive notices the dead.
        ping_timeout=None,
        close_timeout=2,
        **options,
    )


def connection_words(server: ApiServer, error: Exception) -> str:
    """Return why a websocket could not be opened, or broke, for people; never the token."""
    if isinstance(error, websockets.InvalidStatus):
        words = _status_message(bytes(error.response.body or b""))
        return f"API server: HTTP {error.response.status_code} {words}".strip()
    if isinstance(error, KubeError):
        return error.message
    if isinstance(error, OSError | ssl.SSLError | TimeoutError | websockets.WebSocketException):
        return f"API server {server.way}: {printable(str(error)) or type(error).__name__}"
    # A URL, proxy or token that websockets finds no words for. What it says may hold the token.
    return f"API server {server.way}: it cannot be used ({type(error).__name__})"


def _status_message(body: bytes) -> str:
    """Return the message of the Status object that the API server refuses with, else the body as it is."""
    try:
        words = parse_json(body, limit=_STATUS_BYTES)["message"].text()
    except ShapeError:
        words = body.decode(errors="replace")
    return printable(words)
