"""A node shows its certificate at each port, also to somebody whom the port lets in no further."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from heddle.errors import Unreachable
from heddle.fabric.dial import DirectDialer
from heddle.fabric.node import Node
from heddle.fabric.tls import presented_certificate
from heddle.identity.authority import new_authority
from heddle.identity.certificate import CertificateRequest, Usage, issue

PORT = 9443
LONG_AGO = datetime.now(UTC) - timedelta(days=30)
ROOT = new_authority(common_name="tlsca", organization="o", now=LONG_AGO)
REQUEST = CertificateRequest(common_name="n", hosts=("node.example",), usage=Usage.TLS, validity_days=1)
EXPIRED = issue(ROOT, REQUEST, now=LONG_AGO)


@pytest.fixture
async def endpoint(tmp_path: Path) -> AsyncIterator[str]:
    """Where a server with an expired certificate wants a client's, as operations ports do."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pair = tmp_path / "pair.pem"
    pair.write_bytes(EXPIRED.private_key + EXPIRED.certificate)
    context.load_cert_chain(pair)
    context.load_verify_locations(cadata=ROOT.certificate.decode())
    context.verify_mode = ssl.CERT_REQUIRED

    def leave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(leave, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


def node(endpoint: str, host: str = "node.example") -> Node:
    return Node(
        name="n",
        msp_id="M",
        host=host,
        port=7051,
        operations_port=PORT,
        operations_dial=endpoint,
        tls_root_certificates=(ROOT.certificate,),
    )


async def test_a_port_that_wants_a_client_shows_its_certificate(endpoint: str) -> None:
    """Whatever its date; nothing is sent there."""
    shown = await presented_certificate(DirectDialer(), node(endpoint), PORT, deadline=10)
    assert shown.public_bytes(Encoding.PEM) == EXPIRED.certificate


async def test_a_stranger_shows_nothing(endpoint: str) -> None:
    """The name and the chain are verified; the message names the port that was asked."""
    with pytest.raises(Unreachable, match=r"other\.example:9443"):
        await presented_certificate(DirectDialer(), node(endpoint, "other.example"), PORT, deadline=10)
