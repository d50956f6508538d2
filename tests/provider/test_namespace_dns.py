"""The DNS domain of the cluster is asked for, and another one than the stack file's refused."""

import pytest

from heddle.errors import ProviderError
from tests.kube.names import Names, serving
from tests.provider.harness import Engine
from tests.provider.namespaces import INPUTS, OWNERSHIP, REVERSED, Namespaces


async def test_another_dns_domain_is_refused_before_anything_is_made(
    namespaces: Namespaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names would go into certificates and onto the ledger that nobody in this cluster finds."""
    monkeypatch.setattr(Names, "known", {"kubernetes.default.svc.corp.example"})
    with serving() as namespaces.dns_port:
        for act in (Engine().preview, Engine().up):
            with pytest.raises(ProviderError, match=r"do not end with cluster\.local") as refused:
                await act(OWNERSHIP, "own", INPUTS)
            assert "cluster.dnsDomain" in refused.value.hint
        assert namespaces.objects == {}
        await Engine().up(OWNERSHIP, "own", {**INPUTS, "dnsDomain": "corp.example"})
    assert "fabric-dev" in namespaces.objects


async def test_another_dns_domain_is_told_where_nobody_outside_can_be_asked(
    namespaces: Namespaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CoreDNS answers SERVFAIL for a foreign name then, but knows whose its API server's address is."""
    monkeypatch.setattr(Names, "known", {"kubernetes.default.svc.corp.example"})
    monkeypatch.setattr(Names, "other", 2)
    monkeypatch.setattr(Names, "pointers", {REVERSED: "kubernetes.default.svc.corp.example"})
    with serving() as namespaces.dns_port:
        for act in (Engine().preview, Engine().up):
            with pytest.raises(ProviderError, match=r"do not end with cluster\.local but with corp\.example"):
                await act(OWNERSHIP, "own", INPUTS)
        assert namespaces.objects == {}
        await Engine().up(OWNERSHIP, "own", {**INPUTS, "dnsDomain": "corp.example"})
    assert "fabric-dev" in namespaces.objects


async def test_a_dns_that_serves_two_domains_takes_both(
    namespaces: Namespaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address has one name of them."""
    both = {"kubernetes.default.svc.corp.example", "kubernetes.default.svc.cluster.local"}
    monkeypatch.setattr(Names, "known", both)
    monkeypatch.setattr(Names, "pointers", {REVERSED: "kubernetes.default.svc.corp.example"})
    with serving() as namespaces.dns_port:
        await Engine().up(OWNERSHIP, "own", INPUTS)
    assert "fabric-dev" in namespaces.objects


async def test_a_foreign_name_of_the_address_tells_nothing(
    namespaces: Namespaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As from a name server outside, that has the same address for something else."""
    monkeypatch.setattr(Names, "known", {"kubernetes.default.svc.cluster.local"})
    monkeypatch.setattr(Names, "pointers", {REVERSED: "printer.corp.example"})
    with serving() as namespaces.dns_port:
        await Engine().up(OWNERSHIP, "own", INPUTS)
    assert "fabric-dev" in namespaces.objects


async def test_a_cluster_of_ipv6_is_no_other_domain(
    namespaces: Namespaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its names have no IPv4 address."""
    namespaces.api_address = ""
    monkeypatch.setattr(Names, "known_by_ipv6", {"kubernetes.default.svc.cluster.local"})
    with serving() as namespaces.dns_port:
        await Engine().up(OWNERSHIP, "own", INPUTS)
    assert "fabric-dev" in namespaces.objects


async def test_without_the_right_to_the_api_servers_service_its_name_alone_is_asked_for(
    namespaces: Namespaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where that is no answer, the missing right is named beside it."""
    namespaces.api_address = ""
    monkeypatch.setattr(Names, "known", {"kubernetes.default.svc.corp.example"})
    monkeypatch.setattr("heddle.provider.namespace_ownership._DNS_PATIENCE", 0.5)
    with serving() as namespaces.dns_port:
        with pytest.raises(ProviderError, match=r"do not end with cluster\.local"):
            await Engine().preview(OWNERSHIP, "own", INPUTS)
        monkeypatch.setattr(Names, "other", 2)
        _, message = await Engine().preview(OWNERSHIP, "own", INPUTS)

    assert "SERVFAIL" in message
    assert "the Service default/kubernetes cannot be read" in message
    assert "services is forbidden" in message


async def test_a_dns_that_has_just_begun_is_waited_for(
    namespaces: Namespaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CoreDNS answers SERVFAIL until it has read the Services: that is no word about the domain."""
    monkeypatch.setattr(Names, "known", {"kubernetes.default.svc.cluster.local"})
    with serving() as namespaces.dns_port:
        for act in (Engine().preview, Engine().up):
            monkeypatch.setattr(Names, "unsettled", [2, 2])
            await act(OWNERSHIP, "own", INPUTS)
            assert not Names.unsettled
    assert "fabric-dev" in namespaces.objects


async def test_a_dns_that_never_answers_is_said_after_the_wait(
    namespaces: Namespaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what it answered: the domain is not checked, and nothing is refused for it."""
    monkeypatch.setattr(Names, "unsettled", [2] * 100)
    monkeypatch.setattr("heddle.provider.namespace_ownership._DNS_PATIENCE", 1.0)
    with serving() as namespaces.dns_port:
        _, message = await Engine().preview(OWNERSHIP, "own", INPUTS)

    assert "SERVFAIL" in message
    assert "waited 1 s" in message


@pytest.mark.usefixtures("namespaces")
async def test_the_dns_domain_stays() -> None:
    """A stack of before, whose inputs do not name it, has the usual one."""
    engine = Engine()
    await engine.up(OWNERSHIP, "own", INPUTS)

    assert not (await engine.diff(OWNERSHIP, "own", {**INPUTS, "dnsDomain": "cluster.local"})).changes
    with pytest.raises(ProviderError, match="dnsDomain") as refused:
        await engine.diff(OWNERSHIP, "own", {**INPUTS, "dnsDomain": "corp.example"})
    assert "on the ledger" in str(refused.value)
