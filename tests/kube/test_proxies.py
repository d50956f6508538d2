"""Networks whose only way out is a proxy: every client takes it, and says so when it fails."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
import yaml

from heddle.errors import FabricError, KubeError, Unreachable
from heddle.fabric.connection import Connections
from heddle.fabric.dial import ClusterDialer, DirectDialer
from heddle.fabric.node import Node
from heddle.identity.authority import new_authority
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.kube.client import KubeClient
from heddle.kube.proxies import proxy_for, proxy_name
from tests.fabric.apiserver import NAME, api_server
from tests.kube.clients import POD, echo, every_client
from tests.kube.proxy import Proxy, connect_proxy

VARIABLES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY")
ELSEWHERE = "https://api.example.com:6443"


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def beyond(kubeconfig: str, **cluster: str) -> str:
    """The same kubeconfig, with a server whose name only the proxy knows."""
    config = yaml.safe_load(kubeconfig)
    entry = config["clusters"][0]["cluster"]
    entry["server"] = entry["server"].replace("127.0.0.1", NAME)
    entry.update(cluster)
    return yaml.safe_dump(config)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", ""])
@pytest.mark.parametrize("password", ["", "me:p%40ss"])
async def test_the_api_server_is_reached_through_the_proxy_by_every_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, password: str
) -> None:
    """By the environment's variables as by the kubeconfig's `proxy-url`."""
    async with (
        echo() as port,
        api_server(tmp_path, {"fabric/peer1-0": {7051: port}}) as server,
        connect_proxy(password.replace("%40", "@")) as proxy,
    ):
        url = f"http://{password + '@' if password else ''}127.0.0.1:{proxy.port}"
        if variable:
            monkeypatch.setenv(variable, url)
        kubeconfig = beyond(server.kubeconfig, **({} if variable else {"proxy-url": url}))
        await every_client(kubeconfig, 7051)

        assert len(proxy.targets) == 3
        assert all(target.startswith(f"{NAME}:") for target in proxy.targets)


async def test_the_name_to_expect_counts_behind_a_proxy(tmp_path: Path) -> None:
    """A kubeconfig's `tls-server-name`, where the address dialled is another one."""
    async with (
        echo() as port,
        api_server(tmp_path, {"fabric/peer1-0": {7051: port}}) as server,
        connect_proxy() as proxy,
    ):
        other = beyond(server.kubeconfig, **{"proxy-url": proxy.url, "tls-server-name": NAME})
        other = other.replace(f"https://{NAME}", "https://balancer.test")
        await every_client(other, 7051)

        assert all(target.startswith("balancer.test:") for target in proxy.targets)


async def test_no_proxy_means_directly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also this machine's own addresses, as in Go; a kubeconfig's `proxy-url` counts nevertheless."""
    async with (
        echo() as port,
        api_server(tmp_path, {"fabric/peer1-0": {7051: port}}) as server,
        connect_proxy() as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        await every_client(server.kubeconfig, 7051)
        assert proxy.targets == []

        monkeypatch.setenv("NO_PROXY", "*")
        await every_client(beyond(server.kubeconfig, **{"proxy-url": proxy.url}), 7051)
        assert len(proxy.targets) == 3


async def test_a_proxy_that_refuses_is_named_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the message says where to write that there is none on the way."""
    async with api_server(tmp_path, {}) as server, connect_proxy("me:secret") as proxy:
        proxy.refusal = b"HTTP/1.1 403 Forbidden\r\n\r\n"
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        async with await KubeClient.open(beyond(server.kubeconfig)) as client:
            with pytest.raises(
                Unreachable, match=f"through the proxy http://127.0.0.1:{proxy.port}"
            ) as caught:
                await client.get("/version")
        assert "NO_PROXY" in caught.value.hint
        async with ClusterDialer(beyond(server.kubeconfig)) as dialer:
            reader, _ = await asyncio.open_connection(*await dialer.endpoint(POD, 7051))
            assert await reader.read() == b""
            assert "through the proxy" in dialer.trouble(POD, 7051)
        assert "secret" not in str(caught.value) + dialer.trouble(POD, 7051)


@asynccontextmanager
async def node_beyond(dial: str = "") -> AsyncIterator[Node]:
    """A gRPC server with a node's certificate, under a name that only the proxy knows."""
    authority = new_authority(common_name="ca", organization="o")
    pair = issue(authority, CertificateRequest(common_name="o", hosts=("o.test",), usage=Usage.TLS))
    server = grpc.aio.server()
    credentials = grpc.ssl_server_credentials([(pair.private_key, pair.certificate)])
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    try:
        roots = (authority.certificate,)
        address = dial and f"{dial}:{port}"
        yield Node(name="o", msp_id="M", host="o.test", port=port, tls_root_certificates=roots, dial=address)
    finally:
        await server.stop(None)


@pytest.mark.parametrize("dial", ["", "192.0.2.7"])
async def test_other_peoples_nodes_are_dialled_through_the_proxy(
    monkeypatch: pytest.MonkeyPatch, dial: str
) -> None:
    """By name or by the address to dial; TLS expects the node's name at the far end."""
    async with connect_proxy() as proxy, node_beyond(dial) as node:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        async with Connections(DirectDialer()) as connections:
            await connections.ping(node, deadline=10)
        assert set(proxy.targets) == {f"{dial or 'o.test'}:{node.port}"}


async def test_a_node_that_the_proxy_does_not_reach_names_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the error of the call."""
    async with connect_proxy() as proxy, node_beyond() as node:
        proxy.refusal = b"HTTP/1.1 502 Bad Gateway\r\n\r\n"
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        async with Connections(DirectDialer()) as connections:
            with pytest.raises(Unreachable, match=f"proxy http://127.0.0.1:{proxy.port}: it refuses: .*502"):
                await connections.ping(node, deadline=5)


async def test_what_is_no_proxy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is dialled."""
    monkeypatch.setenv("HTTPS_PROXY", "socks5://me:secret@10.0.0.1:1080")
    with pytest.raises(FabricError, match=r"\$HTTPS_PROXY names a proxy of the kind socks5") as caught:
        await DirectDialer().endpoint(POD, 7051)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "no_proxy", "proxied"),
    [
        (ELSEWHERE, "", True),
        (ELSEWHERE, "*", False),
        (ELSEWHERE, "example.com", False),
        (ELSEWHERE, " EXAMPLE.com ,x", False),
        (ELSEWHERE, ".example.com", False),
        (ELSEWHERE, "*.example.com", False),
        (ELSEWHERE, "ample.com", True),
        (ELSEWHERE, "api.example.com:6443", False),
        (ELSEWHERE, "api.example.com:443", True),
        ("https://example.com", ".example.com", True),
        ("https://example.com", "example.com:443", False),
        ("https://10.1.2.3:6443", "10.0.0.0/8", False),
        ("https://10.1.2.3:6443", "10.1.2.3", False),
        ("https://10.1.2.3:6443", "10.1.2.3:1", True),
        ("https://10.1.2.3:6443", "11.0.0.0/8,2001:db8::/32", True),
        ("https://[2001:db8::1]:6443", "2001:db8::/32", False),
        ("https://[2001:db8::1]:6443", "[2001:db8::1]:6443", False),
        ("https://[2001:db8::1]:6443", "2001:db8::1", False),
        ("https://127.0.0.1:6443", "", False),
        ("https://[::1]:6443", "", False),
        ("https://localhost:6443", "", False),
        ("http://api.example.com", "", False),
    ],
)
def test_addresses_without_a_proxy(url: str, no_proxy: str, *, proxied: bool) -> None:
    """As golang.org/x/net/http/httpproxy decides, which kubectl follows."""
    environment = {"HTTPS_PROXY": "proxy.example.com:3128", "NO_PROXY": no_proxy}
    assert proxy_for(url, "", environment) == ("http://proxy.example.com:3128" if proxied else "")


@pytest.mark.parametrize("value", ["http://", "http://[", "http://h:99999", "http://me:secret@"])
def test_a_url_that_is_none(value: str) -> None:
    """Is refused without being quoted: it may hold a password."""
    for case in ((ELSEWHERE, value, {}), (ELSEWHERE, "", {"HTTPS_PROXY": value})):
        with pytest.raises(KubeError, match="not the URL of a proxy") as caught:
            proxy_for(*case)
        assert "secret" not in str(caught.value)


def test_a_proxys_name_has_no_password() -> None:
    """For messages."""
    assert proxy_name("http://me:secret@proxy:3128") == "http://proxy:3128"
    assert Proxy(port=1).url == "http://127.0.0.1:1"
