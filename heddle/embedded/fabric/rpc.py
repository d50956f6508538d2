"""Make gRPC servers and clients with the options and TLS that Fabric's nodes use."""

from typing import Any, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message

__all__ = ["OPTIONS", "Dialled", "add_port", "client_channel", "open_stream", "tls_certificate_of"]

RequestT = TypeVar("RequestT", bound=Message)
ResponseT = TypeVar("ResponseT", bound=Message)
OPTIONS = [
    ("grpc.max_receive_message_length", 100 * 1024 * 1024),
    ("grpc.max_send_message_length", 100 * 1024 * 1024),
    ("grpc.so_reuseport", 0),
]


def add_port(
    server: grpc.aio.Server, address: str, *, certificate: bytes, key: bytes, client_roots: bytes | None
) -> None:
    """Listen on `host:port` with TLS, with client certificates required when roots for them are given.

    Plain TCP when there is no certificate, as upstream with TLS off.
    """
    if not certificate:
        server.add_insecure_port(address)
        return
    credentials = grpc.ssl_server_credentials(
        [(key, certificate)], root_certificates=client_roots, require_client_auth=client_roots is not None
    )
    server.add_secure_port(address, credentials)


def client_channel(
    address: str, *, roots: bytes, certificate: bytes = b"", key: bytes = b"", tls: bool = True
) -> grpc.aio.Channel:
    """Return a channel to `host:port` that verifies the host's name against the roots."""
    options = [*OPTIONS, ("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 1000)]
    if not tls:
        return grpc.aio.insecure_channel(address, options=options)
    credentials = grpc.ssl_channel_credentials(roots, key or None, certificate or None)
    return grpc.aio.secure_channel(address, credentials, options=options)


def open_stream(
    channel: grpc.aio.Channel,
    method: str,
    request: type[RequestT],
    response: type[ResponseT],
    timeout: float | None = None,
) -> "grpc.aio.StreamStreamCall[RequestT, ResponseT]":
    """Begin a call in which both sides stream; `request` and `response` are the messages' classes."""
    begin: grpc.aio.StreamStreamMultiCallable[RequestT, ResponseT] = channel.stream_stream(
        method,
        request_serializer=request.SerializeToString,
        response_deserializer=response.FromString,
    )
    return begin(timeout=timeout)


class Dialled:
    """Channels to other nodes, kept by address and roots until `close`.

    Args:
        certificate: own TLS certificate, shown to servers that ask for one.
        key: its key.
        tls: whether this network's nodes speak TLS at all.
    """

    def __init__(self, *, certificate: bytes, key: bytes, tls: bool) -> None:
        self._certificate = certificate
        self._key = key
        self._tls = tls
        self._channels: dict[tuple[str, bytes], grpc.aio.Channel] = {}

    def to(self, address: str, roots: bytes) -> grpc.aio.Channel:
        """Return the channel to `host:port`."""
        wanted = (address, roots)
        if wanted not in self._channels:
            self._channels[wanted] = client_channel(
                address, roots=roots, certificate=self._certificate, key=self._key, tls=self._tls
            )
        return self._channels[wanted]

    async def close(self) -> None:
        """Close all channels to other nodes."""
        for channel in self._channels.values():
            await channel.close(None)


def tls_certificate_of(context: "grpc.aio.ServicerContext[Any, Any]") -> bytes:
    """Return the client's TLS certificate as PEM; empty when it showed none."""
    return b"".join(context.auth_context().get("x509_pem_cert", []))
