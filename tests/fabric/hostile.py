"""A node that answers whatever it is told to, over real TLS: gRPC, and HTTP as on an admin endpoint."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import grpc

from heddle.errors import FabricError
from heddle.fabric.node import ClientTls, Node
from heddle.identity.authority import new_authority
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.identity.signer import Signer

AUTHORITY = new_authority(common_name="ca", organization="a")
ADMIN = issue(
    AUTHORITY, CertificateRequest(common_name="admin", organizational_units=("admin",), usage=Usage.IDENTITY)
)
SIGNER = Signer(msp_id="AMSP", certificate=ADMIN.certificate, private_key=ADMIN.private_key)
TLS = ClientTls(certificate=ADMIN.certificate, private_key=ADMIN.private_key)
SECRETS = (ADMIN.private_key.decode(), ADMIN.private_key.decode().splitlines()[1])


@dataclass
class Hostile:
    """`answers` are the messages of the next gRPC call, `http` the raw bytes of the next HTTP answer."""

    node: Node
    answers: list[bytes] = field(default_factory=list)
    http: bytes = b""
    requests: list[bytes] = field(default_factory=list)

    async def one(self, request: bytes, context: object) -> bytes:
        self.requests.append(request)
        return self.answers[0]

    async def many(self, requests: AsyncIterator[bytes], context: object) -> AsyncIterator[bytes]:
        async for request in requests:
            self.requests.append(request)
            break
        for answer in self.answers:
            yield answer

    async def web(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(self.http)
            await writer.drain()
        finally:
            writer.close()


Handler: TypeAlias = "grpc.RpcMethodHandler[bytes, bytes]"


class _Any(grpc.GenericRpcHandler):
    def __init__(self, hostile: Hostile) -> None:
        self._unary: Handler = grpc.unary_unary_rpc_method_handler(hostile.one)
        self._stream: Handler = grpc.stream_stream_rpc_method_handler(hostile.many)

    def service(self, details: grpc.HandlerCallDetails) -> Handler:
        streaming = details.method.rpartition("/")[2] in ("Broadcast", "Deliver", "DeliverFiltered")
        return self._stream if streaming else self._unary


@asynccontextmanager
async def hostile_node(folder: Path) -> AsyncIterator[Hostile]:
    pair = issue(AUTHORITY, CertificateRequest(common_name="node", hosts=("localhost",), usage=Usage.TLS))
    (folder / "pair.pem").write_bytes(pair.private_key + pair.certificate)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "pair.pem")
    hostile = Hostile(node=Node(name="n", msp_id="AMSP", host="localhost", port=1))
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((_Any(hostile),))
    port = server.add_secure_port(
        "127.0.0.1:0", grpc.ssl_server_credentials([(pair.private_key, pair.certificate)])
    )
    await server.start()
    web = await asyncio.start_server(hostile.web, "127.0.0.1", 0, ssl=context)
    web_port = web.sockets[0].getsockname()[1]
    hostile.node = Node(
        name="evil",
        msp_id="AMSP",
        host="localhost",
        port=port,
        dial=f"127.0.0.1:{port}",
        tls_root_certificates=(AUTHORITY.certificate,),
        admin_port=web_port,
        admin_dial=f"127.0.0.1:{web_port}",
        operations_port=web_port,
        operations_dial=f"127.0.0.1:{web_port}",
    )
    try:
        yield hostile
    finally:
        web.close()
        await server.stop(None)


async def refused(call: Callable[[], Awaitable[object]], *, must: bool = False) -> str:
    """Make the call: what it answers or the FabricError; `must`: an error is the only right outcome."""
    text = ""
    try:
        await call()
    except FabricError as error:
        text = str(error)
    assert text or not must, "an answer that is none was believed"
    assert not text or "evil (localhost:" in text
    assert not any(secret in text for secret in SECRETS)
    assert len(text) < 5000
    return text
