"""Open connections to nodes, shared by the calls of one task or program."""

import asyncio
import hashlib
import logging
import ssl
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from typing import Self

import grpc
import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from heddle.errors import FabricError, Unreachable
from heddle.fabric.answers import HttpAnswer, unreadable
from heddle.fabric.dial import Dialer
from heddle.fabric.failures import http_words, plain_http, rpc_failure, speaks_plain_http, unreachable
from heddle.fabric.node import ClientTls, Node
from heddle.fabric.tls import roots_of, tls_context
from heddle.plain import ShapeError
from heddle.waiting import retry

__all__ = ["Connections"]

_MESSAGE_BYTES = 100 * 1024 * 1024
"""Fabric's own limit (peer.maxRecvMsgSize, General.MaxRecvMsgSize)."""
_BODY_BYTES = 64 * 1024 * 1024
"""Bytes of an HTTP answer at most: metrics of a node with hundreds of channels are a tenth of that."""

# grpc.aio answers a message that it cannot parse with None, which our clients look for, and with a traceback
# in this log.
logging.getLogger("grpc._common").addFilter(lambda record: "deserializing" not in str(record.msg))


class Connections:
    """gRPC channels and HTTP clients to nodes, made when first used and closed together.

    TLS is always on for gRPC and always verifies the node's name, whatever address is dialled. `client_tls`
    is for networks whose gRPC endpoints ask for client certificates; Heddle's own do not. Belongs to one
    event loop and closes the dialer too; use as an async context manager.
    """

    def __init__(self, dialer: Dialer, *, client_tls: ClientTls | None = None) -> None:
        self.dialer = dialer
        self._client_tls = client_tls
        self._lock = asyncio.Lock()
        self._channels: dict[Node, grpc.aio.Channel] = {}
        self._https: dict[tuple[Node, int, ClientTls | None, bool, bool], httpx.AsyncClient] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every channel and client, then the dialer."""
        channels, self._channels = list(self._channels.values()), {}
        clients, self._https = list(self._https.values()), {}
        for channel in channels:
            await channel.close(None)
        for client in clients:
            await client.aclose()
        await self.dialer.close()

    def presenting(self, client_tls: ClientTls) -> "Connections":
        """Return other connections, over the same ways, that present a client certificate to gRPC.

        Close them before these: the ways are these connections' own.
        """
        return Connections(_Borrowed(self.dialer), client_tls=client_tls)

    @property
    def tls_cert_hash(self) -> bytes:
        """Return the SHA-256 of our TLS certificate (DER) for Deliver under mutual TLS; else empty."""
        if self._client_tls is None:
            return b""
        certificate = x509.load_pem_x509_certificate(self._client_tls.certificate)
        return hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()

    async def channel(self, node: Node) -> grpc.aio.Channel:
        """Return the gRPC channel to the node's main port. It opens at the first call, where errors show."""
        async with self._lock:
            if node not in self._channels:
                host, port = await self.dialer.endpoint(node, node.port)
                self._channels[node] = grpc.aio.secure_channel(
                    f"{host}:{port}", self._credentials(node), options=_options(node)
                )
            return self._channels[node]

    async def http(
        self,
        node: Node,
        port: int,
        *,
        client_tls: ClientTls | None = None,
        tls: bool = True,
        any_date: bool = False,
    ) -> httpx.AsyncClient:
        """Return an HTTP client for the node's relative URLs; `tls=False` for a plain operations endpoint.

        `any_date`: a certificate that has expired does, too.
        """
        key = (node, port, client_tls, tls, any_date)
        async with self._lock:
            if key not in self._https:
                host, local_port = await self.dialer.endpoint(node, port)
                self._https[key] = httpx.AsyncClient(
                    base_url=f"{'https' if tls else 'http'}://{host}:{local_port}",
                    # Uncompressed: a small answer cannot become a large one.
                    headers={"Host": f"{node.host}:{port}", "Accept-Encoding": "identity"},
                    verify=tls_context(node, client_tls, any_date=any_date) if tls else False,
                    event_hooks={"request": [_verify_name_of(node)]},
                    trust_env=False,
                )
            return self._https[key]

    async def request(
        self,
        node: Node,
        port: int,
        method: str,
        path: str,
        what: str,
        *,
        deadline: float,
        client_tls: ClientTls | None = None,
        tls: bool = True,
        any_date: bool = False,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        login: tuple[str, str] | None = None,
    ) -> HttpAnswer:
        """Send an HTTP request and return the whole answer, whatever its status.

        `any_date`: also to a node whose certificate has expired; for questions alone.
        `login`: name and password, where a server asks for them (RFC 7617).
        Raises Unreachable when there is none by the deadline, and for one that is larger than any real one;
        PlainHttp where the port does not speak TLS.
        """
        client = await self.http(node, port, client_tls=client_tls, tls=tls, any_date=any_date)
        headers = (
            {}
            if login is None
            else {"Authorization": f"Basic {b64encode(':'.join(login).encode()).decode()}"}
        )
        request = client.build_request(method, path, files=files, headers=headers, timeout=deadline)
        try:
            # httpx's own time limit begins anew with every piece.
            async with asyncio.timeout(deadline):
                response = await client.send(request, stream=True)
                try:
                    return await _whole(response)
                finally:
                    await response.aclose()
        # httpx lets a TLS alert that comes after the handshake through as it is.
        except (httpx.HTTPError, ssl.SSLError) as error:
            if tls and speaks_plain_http(error):
                raise plain_http(node, what, port) from error
            trouble, late = self.dialer.trouble(node, port), isinstance(error, httpx.TimeoutException)
            words = http_words(error)
            raise unreachable(node, what, words, port=port, tunnel=trouble, late=late) from error
        except TimeoutError as error:
            words = f"not whole within {deadline:.0f} s"
            raise unreachable(node, what, words, port=port, late=True) from error
        except ShapeError as error:
            raise unreadable(node, what, str(error), port=port) from error

    def failure(self, node: Node, what: str, error: grpc.aio.AioRpcError) -> FabricError:
        """Return a failed call as `Unreachable` or `Refused`, with what the dialer knows."""
        return rpc_failure(node, what, error, tunnel=self.dialer.trouble(node, node.port))

    async def ping(self, node: Node, *, deadline: float) -> None:
        """Call the node's gRPC server once. Raises Unreachable unless it answers, with whatever status.

        Uses grpc.health.v1, which Fabric's servers carry; a server without it is up as well.
        """
        channel = await self.channel(node)
        check = channel.unary_unary("/grpc.health.v1.Health/Check", _as_is, _as_is)
        try:
            await check(b"", timeout=deadline)
        except grpc.aio.AioRpcError as error:
            failure = self.failure(node, "connect", error)
            if isinstance(failure, Unreachable):
                raise failure from error

    async def wait_until_ready(self, node: Node, *, deadline: float) -> None:
        """Wait until the node's gRPC server answers. Raises the last Unreachable at the deadline."""
        await retry(
            lambda left: self.ping(node, deadline=min(5.0, left)),
            deadline=deadline,
            longest=1.0,
            until=f"until {node.name} answers",
        )

    def _credentials(self, node: Node) -> grpc.ChannelCredentials:
        own = self._client_tls
        return grpc.ssl_channel_credentials(
            root_certificates=roots_of(node),
            private_key=own.private_key if own else None,
            certificate_chain=own.certificate if own else None,
        )


class _Borrowed:
    """A dialer that somebody else closes."""

    def __init__(self, dialer: Dialer) -> None:
        self.endpoint, self.trouble = dialer.endpoint, dialer.trouble

    async def close(self) -> None:
        """Leave the ways open: others use them."""


async def _whole(response: httpx.Response) -> HttpAnswer:
    pieces, size = [], 0
    async for piece in response.aiter_raw():
        size += len(piece)
        if size > _BODY_BYTES:
            raise ShapeError(f"it has more than {_BODY_BYTES} bytes")
        pieces.append(piece)
    return HttpAnswer(status=response.status_code, content=b"".join(pieces))


def _as_is(message: bytes) -> bytes:
    return message


def _options(node: Node) -> tuple[tuple[str, str | int], ...]:
    return (
        ("grpc.ssl_target_name_override", node.verified_host),
        ("grpc.max_send_message_length", _MESSAGE_BYTES),
        ("grpc.max_receive_message_length", _MESSAGE_BYTES),
        # Fabric's servers end connections that ping more than once a minute (Keepalive.ServerMinInterval).
        ("grpc.keepalive_time_ms", 120_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        # A node that restarts is back in seconds; the default backs off to two minutes.
        ("grpc.initial_reconnect_backoff_ms", 200),
        # grpc.min_reconnect_backoff_ms stays at its 20 s: it is how long one attempt to connect may take, and
        # a busy machine needs seconds for a handshake through the API server. A call's deadline comes first.
        ("grpc.max_reconnect_backoff_ms", 2_000),
        ("grpc.dns_min_time_between_resolutions_ms", 2_000),
        # Channels differ in the name they verify: they must not share connections by address.
        ("grpc.use_local_subchannel_pool", 1),
        # The dialer has put the proxy on the way where there is one; gRPC's own rules differ from Go's.
        ("grpc.enable_http_proxy", 0),
    )


def _verify_name_of(node: Node) -> Callable[[httpx.Request], Awaitable[None]]:
    """Return a request hook that lets TLS expect the node's name, whatever address is dialled."""

    async def hook(request: httpx.Request) -> None:
        request.extensions["sni_hostname"] = node.verified_host

    return hook
