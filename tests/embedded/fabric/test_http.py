"""The HTTP server of the admin and operations endpoints."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heddle.embedded.fabric.http import Request, Response, json_response, serve_http
from heddle.embedded.fabric.orderer.participation import _form
from heddle.identity.authority import new_authority
from heddle.identity.certificate import CertificateRequest, Usage, issue


@pytest.fixture
async def address() -> AsyncIterator[str]:
    async def echo(request: Request) -> Response:
        if request.path == "/fail":
            raise RuntimeError("a mistake")
        body = request.body or request.path.encode()
        return Response(status=200, body=body, headers={"Content-Type": "application/octet-stream"})

    server = await serve_http(echo, "127.0.0.1:0", None, max_body=1000)
    port = server.sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.close()


async def test_requests_share_a_connection(address: str) -> None:
    """Bodies of either framing arrive whole, one request after the other."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    async with httpx.AsyncClient(base_url=address) as client:
        assert (await client.get("/a?b=c")).text == "/a"
        assert (await client.post("/a", content=b"\r\n\r\n")).content == b"\r\n\r\n"
        assert (await client.post("/a", content=chunks())).text == "onetwo"
        assert (await client.get("/fail")).status_code == 500
        assert (await client.post("/a", content=bytes(1001))).status_code == 413


async def test_a_probe_that_says_nothing_is_let_go(address: str) -> None:
    """Kubernetes opens and closes the port."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
    writer.close()
    await writer.wait_closed()
    async with httpx.AsyncClient(base_url=address) as client:
        assert (await client.get("/still")).text == "/still"
    assert await reader.read() == b""


@given(contents=st.dictionaries(st.text("abc-", min_size=1, max_size=5), st.binary(max_size=200), max_size=3))
def test_forms_keep_every_byte(contents: dict[str, bytes]) -> None:
    """A block in a form is the block that was sent, whatever bytes it has."""
    request = httpx.Request("POST", "http://x/", files={k: ("file", v) for k, v in contents.items()} or None)
    if contents:
        files, values = _form(request.headers["content-type"], request.read())
        assert files == contents
        assert not values


def test_json_ends_like_go_s() -> None:
    """Compact, with a newline."""
    assert json_response(200, {"a": None}).body == b'{"a":null}\n'


async def test_a_client_without_a_certificate_hears_why(tmp_path: Path) -> None:
    """The alert arrives, as from Fabric's nodes, instead of a connection that only ends."""
    authority = new_authority(common_name="tlsca", organization="one")
    own = issue(authority, CertificateRequest(common_name="node", hosts=("localhost",), usage=Usage.TLS))
    files = {"ca": authority.certificate, "certificate": own.certificate, "key": own.private_key}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(tmp_path / "ca"))
    server_side.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
    server_side.verify_mode = ssl.CERT_REQUIRED

    async def answer(_: Request) -> Response:
        return json_response(200, {})

    server = await serve_http(answer, "127.0.0.1:0", server_side)
    port = server.sockets[0].getsockname()[1]
    client_side = ssl.create_default_context(cafile=str(tmp_path / "ca"))
    try:
        async with httpx.AsyncClient(verify=client_side) as client:
            with pytest.raises((httpx.TransportError, ssl.SSLError), match=r"(?i)alert certificate required"):
                await client.get(f"https://localhost:{port}/")
        client_side.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
        async with httpx.AsyncClient(verify=client_side) as client:
            assert (await client.get(f"https://localhost:{port}/")).status_code == 200
    finally:
        server.close()


async def test_what_is_no_request_is_refused(address: str) -> None:
    """With an answer, in HTTP."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
    writer.write(b"nonsense\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
    writer.close()
