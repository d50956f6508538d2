"""The port-forward of an API server: enough of it to carry real connections to loopback ports."""

import asyncio
import base64
import http
import json
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import yaml
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from heddle.identity.authority import new_authority
from heddle.identity.certificate import CertificateRequest, Usage, issue

NAME = "api.test"
"""A name that the server's certificate covers, too. No resolver knows it."""


@dataclass
class FakeApiServer:
    """Pods by "namespace/name", each with its ports on loopback; who asked with which token is kept."""

    pods: dict[str, dict[int, int]]
    token: str = "secret-token"
    kubeconfig: str = ""
    tokens: list[str | None] = field(default_factory=list)
    certificates: list[object] = field(default_factory=list)
    impersonations: list[list[tuple[str, str]]] = field(default_factory=list)
    """Headers of each request that say as whom the caller acts."""
    open: int = 0

    def check(self, connection: ServerConnection, request: Request) -> Response | None:
        """Refuse as an API server refuses: before the upgrade, with a Status object."""
        self.tokens.append(request.headers.get("Authorization"))
        headers = ((name.lower(), value) for name, value in request.headers.raw_items())
        self.impersonations.append([each for each in headers if each[0].startswith("impersonate-")])
        if request.path == "/version":
            return connection.respond(http.HTTPStatus.OK, json.dumps({"gitVersion": "v1.0.0"}))
        parts = urlsplit(request.path).path.split("/")
        if request.path.endswith(f"/pods/{parts[6]}") and "/".join((parts[4], parts[6])) in self.pods:
            ports = [{"name": "grpc", "containerPort": port} for port in self.pods[f"{parts[4]}/{parts[6]}"]]
            return connection.respond(
                http.HTTPStatus.OK, json.dumps({"spec": {"containers": [{"ports": ports}]}})
            )
        if "/".join((parts[4], parts[6])) not in self.pods:
            status = {
                "kind": "Status",
                "apiVersion": "v1",
                "metadata": {},
                "status": "Failure",
                "message": f'pods "{parts[6]}" not found',
                "reason": "NotFound",
                "details": {"name": parts[6], "kind": "pods"},
                "code": 404,
            }
            return connection.respond(http.HTTPStatus.NOT_FOUND, json.dumps(status) + "\n")
        return None

    async def forward(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        url = urlsplit(connection.request.path)
        parts = url.path.split("/")
        port = int(parse_qs(url.query)["ports"][0])
        for channel in (0, 1):
            await connection.send(struct.pack("<BH", channel, port))
        try:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", self.pods[f"{parts[4]}/{parts[6]}"].get(port, 1)
            )
        except OSError as error:
            await connection.send(b"\x01an error occurred forwarding: " + str(error).encode())
            return
        self.open += 1

        async def outward() -> None:
            while chunk := await reader.read(32 * 1024):
                await connection.send(b"\x00" + chunk)
            await connection.close()

        task = asyncio.create_task(outward())
        try:
            async for frame in connection:
                assert isinstance(frame, bytes)
                writer.write(frame[1:])
                await writer.drain()
        finally:
            task.cancel()
            writer.close()
            self.open -= 1


@asynccontextmanager
async def api_server(folder: Path, pods: dict[str, dict[int, int]]) -> AsyncIterator[FakeApiServer]:
    """It serves TLS and asks for client certificates; its kubeconfig holds certificate, key, token and CA."""
    authority = new_authority(common_name="kubernetes", organization="")
    server_pair = issue(
        authority, CertificateRequest(common_name="api", hosts=("127.0.0.1", NAME), usage=Usage.TLS)
    )
    client_pair = issue(authority, CertificateRequest(common_name="admin", usage=Usage.TLS))
    for name, content in (
        ("ca.pem", authority.certificate),
        ("pair.pem", server_pair.private_key + server_pair.certificate),
    ):
        (folder / name).write_bytes(content)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(folder / "ca.pem"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(folder / "pair.pem")
    fake = FakeApiServer(pods)
    async with serve(
        fake.forward,
        "127.0.0.1",
        0,
        ssl=context,
        process_request=fake.check,
        subprotocols=["v4.channel.k8s.io"],  # type: ignore[list-item]  # it is a plain str at run time
        max_size=None,
        compression=None,
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        fake.kubeconfig = yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "here",
                "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
                "clusters": [
                    {
                        "name": "c",
                        "cluster": {
                            "server": f"https://127.0.0.1:{port}",
                            "certificate-authority-data": _b64(authority.certificate),
                        },
                    }
                ],
                "users": [
                    {
                        "name": "u",
                        "user": {
                            "client-certificate-data": _b64(client_pair.certificate),
                            "client-key-data": _b64(client_pair.private_key),
                            "token": fake.token,
                        },
                    }
                ],
            }
        )
        yield fake


def _b64(content: bytes) -> str:
    return base64.b64encode(content).decode()
