"""Names of a domain: looked up outside and at the cluster's DNS, with what to do about those nobody knows."""

import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from heddle.doctor import domain
from heddle.doctor.findings import Finding
from heddle.errors import KubeError
from heddle.kube import dns as kube_dns
from heddle.kube.apiserver import ApiServer
from tests.kube.names import Names, serving

HOSTS = ["orderer0-orderer.fabric.example.com", "peer0-org1.fabric.example.com"]
KUBECONFIG = yaml.safe_dump(
    {
        "current-context": "a",
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
        "clusters": [{"name": "a", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "a", "user": {"token": "t"}}],
    }
)


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Names]]:
    """The cluster's DNS, reached directly."""
    with serving() as port:

        async def endpoint(_: ApiServer) -> kube_dns._Endpoint:
            return kube_dns._Endpoint(host="127.0.0.1", port=port)

        monkeypatch.setattr(kube_dns, "_endpoint", endpoint)
        monkeypatch.setattr(Names, "known", set())
        yield Names


def looked_up(monkeypatch: pytest.MonkeyPatch, outside: set[str]) -> dict[str, Finding]:
    """What is found, by what was looked at, where this machine knows the names of `outside`."""

    def getaddrinfo(host: str, *_: Any, **__: Any) -> list[str]:
        if host not in outside:
            raise socket.gaierror("Name or service not known")
        return ["an address"]

    with monkeypatch.context() as patched:
        patched.setattr(domain, "socket", SimpleNamespace(getaddrinfo=getaddrinfo, SOCK_STREAM=1))
        findings = domain.domain_findings("fabric.example.com", HOSTS, KUBECONFIG)
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

    async def refuse(_: ApiServer) -> None:
        raise KubeError("the Service kube-system/kube-dns has no ready endpoint")

    monkeypatch.setattr(kube_dns, "_endpoint", refuse)

    found = looked_up(monkeypatch, set(HOSTS))

    assert "no ready endpoint" in found["names inside"].found
    assert f"nslookup {HOSTS[0]}" in found["names inside"].step


@pytest.mark.usefixtures("dns")
@pytest.mark.parametrize(("is_", "step"), [("corp.example", ""), ("cluster.local", "cluster.dnsDomain")])
def test_the_clusters_own_domain_is_looked_up(monkeypatch: pytest.MonkeyPatch, is_: str, step: str) -> None:
    """Another one than the stack file says is found, with what to write there."""
    monkeypatch.setattr(Names, "known", {"kubernetes.default.svc.corp.example"})

    found = domain.dns_domain_finding(is_, KUBECONFIG)

    assert is_ in found.found
    assert step in found.step
    assert bool(step) == bool(found.step)


def test_a_domain_that_cannot_be_looked_up_is_said() -> None:
    """With where else it stands."""
    found = domain.dns_domain_finding("cluster.local", KUBECONFIG)

    assert "cannot be asked" in found.found
    assert "/etc/resolv.conf" in found.step


@pytest.mark.usefixtures("dns")
def test_the_domain_that_the_cluster_has_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its DNS can ask nobody outside, and says so for every other name."""

    async def address(_: ApiServer) -> tuple[str, str]:
        return "10.96.0.1", ""

    monkeypatch.setattr(kube_dns, "_api_address", address)
    monkeypatch.setattr(Names, "other", 2)
    monkeypatch.setattr(Names, "pointers", {"1.0.96.10.in-addr.arpa": "kubernetes.default.svc.corp.example"})

    found = domain.dns_domain_finding("cluster.local", KUBECONFIG)

    assert found.found == "the cluster's own names do not end with cluster.local but with corp.example"
    assert "`cluster.dnsDomain: corp.example`" in found.step
