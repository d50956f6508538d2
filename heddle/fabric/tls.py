"""Make TLS contexts for a node's HTTP endpoints, and look at the certificate that a node presents."""

import asyncio
import ssl
import tempfile
from pathlib import Path

from cryptography import x509

from heddle.errors import FabricError
from heddle.fabric.dial import Dialer
from heddle.fabric.failures import unreachable
from heddle.fabric.node import ClientTls, Node

__all__ = ["presented_certificate", "roots_of", "tls_context"]

_ANY_DATE = ssl.VerifyFlags(0x200000)
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, for which Python has no name: chain, name and key are verified."""


def tls_context(node: Node, own: ClientTls | None, *, any_date: bool = False) -> ssl.SSLContext:
    """Return a context that verifies the node by its roots, `any_date`: also with expired certificates.

    Raises FabricError for roots or a client certificate that cannot be used.
    """
    try:
        context = _loaded_context(node, own)
    except (ssl.SSLError, ValueError, TypeError) as error:
        raise FabricError(
            f"{node.at()}: its TLS roots or our client certificate cannot be used: {type(error).__name__}",
            hint="They come from the stack's outputs or inputs and must be PEM: `up` writes them anew.",
        ) from None
    if any_date:
        context.verify_flags |= _ANY_DATE
    return context


def roots_of(node: Node) -> bytes:
    """Return the node's TLS roots, PEM. Raises FabricError without any: the machine's would count."""
    roots = b"\n".join(node.tls_root_certificates)
    if not roots.strip():
        raise FabricError(
            f"{node.at()}: no TLS root certificate of it is known, so whoever answers could be anybody",
            hint="It comes from the stack's outputs or from an organization's definition: put it there.",
        )
    return roots


async def presented_certificate(
    dialer: Dialer, node: Node, port: int | None = None, *, deadline: float
) -> x509.Certificate:
    """Return the certificate that a node presents at a port, by default its gRPC port, whatever its date.

    All else is verified: its chain to the node's roots, the node's name, and that the node holds its key.
    Raises Unreachable when the node does not answer by the deadline, or proves to be another one.
    """
    what = "look at its certificate"
    context = tls_context(node, None, any_date=True)
    asked = node.port if port is None else port
    if asked == node.port:
        context.set_alpn_protocols(["h2"])
    try:
        async with asyncio.timeout(deadline):
            host, way = await dialer.endpoint(node, asked)
            _, writer = await asyncio.open_connection(
                host, way, ssl=context, server_hostname=node.verified_host
            )
    except TimeoutError as error:
        raise unreachable(node, what, f"not within {deadline:.0f} s", port=asked) from error
    except OSError as error:  # ssl's errors, too
        raise unreachable(node, what, str(error), port=asked, tunnel=dialer.trouble(node, asked)) from error
    try:
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        writer.transport.abort()
    return x509.load_der_x509_certificate(shown)


def _loaded_context(node: Node, own: ClientTls | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=roots_of(node).decode())
    if own is not None:
        # ssl reads key pairs from files only; the file is private and gone as soon as it was read.
        with tempfile.TemporaryDirectory(prefix="heddle-") as scratch:
            pair = Path(scratch, "pair.pem")
            pair.touch(mode=0o600)
            pair.write_bytes(own.private_key + b"\n" + own.certificate)
            context.load_cert_chain(pair)
    return context
