"""Names of a domain: looked up outside and at the cluster's DNS, with what to do about those nobody knows."""

import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from heddle.doctor import domain
from heddle.doctor.findings import Finding
from heddle.embedded.kubernetes.dns import resolves_by_tcp
from heddle.fabric.node import Node

HOSTS = ["orderer0-orderer.fabric.example.com", "peer0-org1.fabric.example.com"]
KUBECONFIG = "apiVersion: v1\nkind: Config\n"


class Names(socketserver.StreamRequestHandler):
    """A DNS server over TCP that knows some names."""

    known: ClassVar[set[str]] = set()

    def handle(self) -> None:
        (length,) = struct.unpack("!H", self.rfile.read(2))
        query = self.rfile.read(length)
        name = _name(query[12:])
        code, count = (0, 1) if name in self.known else (3, 0)
        header = query[:2] + struct.pack("!5H", 0x8180 | code, 1, count, 0, 0)
        record = b"\xc0\x0c" + struct.pack("!2HIH4B", 1, 1, 5, 4, 192, 0, 2, 1) if count else b""
        answer = header + query[12:] + record
        self.wfile.write(struct.pack("!H", len(answer)) + answer)


def _name(question: bytes) -> str:
    labels, place = [], 0
    while question[place]:
        labels.append(question[place + 1 : place + 1 + question[place]].decode())
        place += question[place] + 1
    return ".".join(labels)


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Names]]:
    """The cluster's DNS, reached directly."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Names) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found = Node(name="dns", msp_id="", host="127.0.0.1", port=server.server_address[1])

        async def dns_server(_: str) -> Node:
            return found

        monkeypatch.setattr(domain, "_dns_server", dns_server)
        yield Names
        server.shutdown()


def looked_up(monkeypatch: pytest.MonkeyPatch, outside: set[str]) -> dict[str, Finding]:
    """What is found, by what was looked at, where this machine knows the names of `outside`."""

    def getaddrinfo(host: str, *_: Any, **__: Any) -> list[str]:
        if host not in outside:
            raise socket.gaierror("Name or service not known")
        return ["an address"]

    with monkeypatch.context() as patched:
        patched.setattr(domain, "socket", SimpleNamespace(getaddrinfo=getaddrinfo, SOCK_STREAM=1))
        findings = domain.domain_findings("fabric.example.com", HOSTS, KUBECONFIG, resolves_by_tcp)
        return {one.what: one for one in findings}


def test_names_that_resolve_everywhere_need_nothing(
    dns: type[Names], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both sides were really asked, for every node."""
    monkeypatch.setattr(dns, "known", set(HOSTS))

    found = looked_up(monkeypatch, set(HOSTS))

    assert {name: one.step for name, one in found.items()} == {"names outside": "", "names inside": ""}
    assert "all 2 resolve" in found["names inside"].found


def test_names_that_one_side_does_not_know_are_listed(
    dns: type[Names], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the record that is missing, on the side where it is."""
    monkeypatch.setattr(dns, "known", {HOSTS[0]})

    found = looked_up(monkeypatch, set())

    assert "peer0-org1" in found["names inside"].found
    assert "orderer0-orderer" not in found["names inside"].found
    assert "*.fabric.example.com" in found["names inside"].step
    assert "*.fabric.example.com" in found["names outside"].step


def test_a_dns_that_cannot_be_asked_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the way to try it by hand."""

    async def refuse(_: str) -> None:
        raise LookupError("the Service kube-system/kube-dns has no ready endpoint")

    monkeypatch.setattr(domain, "_dns_server", refuse)

    found = looked_up(monkeypatch, set(HOSTS))

    assert "no ready endpoint" in found["names inside"].found
    assert f"nslookup {HOSTS[0]}" in found["names inside"].step
