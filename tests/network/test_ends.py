"""Every certificate of a network with its end: as registered, as nodes present it, as channels have it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heddle.errors import FabricError, HeddleError
from heddle.identity.authority import Authority, new_authority
from heddle.identity.certificate import CertificateRequest, Issued, Usage, issue
from heddle.network.certificates import ending_soon
from heddle.network.ends import CertificateEnd, InstanceCertificates, Presented, ends_of
from heddle.network.inventory import Registered
from heddle.network.network import Network
from heddle.network.purposes import EXTERNAL_ROOT
from tests.network.samples import sample_network

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ROOT = new_authority(common_name="ca", organization="o", now=NOW - timedelta(days=300))


def certificate(name: str, days: int = 365, authority: Authority = ROOT, key: bytes | None = None) -> Issued:
    """A certificate that ends in so many days."""
    request = CertificateRequest(common_name=name, usage=Usage.TLS, validity_days=days + 100)
    return issue(authority, request, private_key=key, now=NOW - timedelta(days=100))


def pem(name: str, days: int = 365) -> str:
    return certificate(name, days).certificate.decode()


def root(name: str) -> str:
    return new_authority(common_name=name, organization="o", now=NOW).certificate.decode()


TLS = {name: certificate(name, days) for name, days in (("orderer0-orderer", 40), ("peer0-one", 12))}


@pytest.fixture
def network() -> Network:
    """The sample with certificates; `two` is run elsewhere, with two roots."""
    network = sample_network()
    instance = network.instance

    def known(node: Any) -> Any:
        tls = TLS.get(node.name, certificate(node.name)).certificate.decode()
        return replace(node, tls_certificate=tls, identity_certificate=pem(f"{node.name} identity", 50))

    organizations = {
        name: replace(
            each,
            ca_certificate=root(f"{name} ca"),
            tls_ca_certificate=root(f"{name} tlsca"),
            users={user: pem(f"{user}@{name}") for user in ("admin", "user")},
        )
        for name, each in instance.organizations.items()
    }
    two = replace(organizations["two"], ca_certificate=root("two ca") + root("two second ca"), users={})
    assets = replace(instance.chaincodes["assets"], server_certificates={"one": pem("assets", 5)})
    instance = replace(
        instance,
        orderers=tuple(map(known, instance.orderers)),
        peers=tuple(map(known, instance.peers[:1])),
        organizations={**organizations, "two": two},
        chaincodes={"assets": assets},
        admin_tls_certificate=pem("orderer-admin"),
        operations_tls_certificate=pem("operations-client"),
        operations_ca_certificate=root("operations ca"),
    )
    return replace(network, instance=instance)


def ends(network: Network, ports: Mapping[str, Any] | None = None, **channels: Any) -> InstanceCertificates:
    return ends_of(network, Presented(ports=ports or {}, channels=channels), NOW)


def rows(found: InstanceCertificates, whose: str, purpose: str = "TLS") -> list[CertificateEnd]:
    return [each for each in found.certificates if (each.whose, each.purpose) == (whose, purpose)]


def test_every_certificate_is_there_the_first_to_end_first(network: Network) -> None:
    """Nodes, people, authorities, clients, servers, others' roots; each says what stops."""
    found = ends(network)

    named = {(each.whose, each.purpose) for each in found.certificates}
    assert named == {
        *((node, purpose) for node in TLS for purpose in ("TLS", "enrolment")),
        *((f"admin@{name}", "administrator") for name in ("orderer", "one")),
        *((f"user@{name}", "user") for name in ("orderer", "one")),
        *((name, purpose) for name in ("orderer", "one") for purpose in ("authority", "TLS authority")),
        *(("two", purpose) for purpose in ("root on channels", "TLS root on channels")),
        ("assets@one", "TLS of the chaincode"),
        *(("dev", f"{what} of operations") for what in ("client", "authority")),
        ("dev", "client of admin ports"),
    }
    assert len(rows(found, "two", "root on channels")) == 2
    assert [each.not_after for each in found.certificates] == sorted(e.not_after for e in found.certificates)
    first = found.certificates[0]
    assert (first.whose, first.days, first.soon, first.subject) == ("assets@one", 5, True, "CN=assets")
    assert first.not_after == "2026-12-03T12:00:00+00:00"
    assert all(
        each.stops.endswith(".") and each.fingerprint.startswith("sha256:") for each in found.certificates
    )


def test_what_is_presented_is_told_by_port(network: Network) -> None:
    """One row where all ports show what was issued last; white space is no difference."""
    issued = TLS["peer0-one"].certificate.decode()
    found = ends(network, {"peer0-one": {"gRPC 7051": issued, "operations 9443": f"{issued}\n"}})

    rows_ = rows(found, "peer0-one")
    assert [(each.presented_at, each.differs) for each in rows_] == [(("gRPC 7051", "operations 9443"), "")]


@pytest.mark.parametrize("same_key", [True, False])
def test_a_node_that_lags_behind_is_named(network: Network, same_key: bool) -> None:
    """What it presents ends first, and the one that was issued since is there, too."""
    issued = TLS["peer0-one"]
    shown = certificate("peer0-one", 1, key=issued.private_key if same_key else None).certificate.decode()

    old, new = rows(ends(network, {"peer0-one": {"gRPC 7051": shown}}), "peer0-one")

    assert (old.days, old.presented_at) == (1, ("gRPC 7051",))
    key = "the same key" if same_key else "another key"
    assert old.differs == f"not the one issued last, which is {new.serial}, for {key}"
    assert old.remedy.startswith("`heddle up` restarts it")
    assert (new.days, new.presented_at, new.differs) == (12, (), "issued, but not presented")


def test_what_does_not_answer_is_said(network: Network) -> None:
    """The registered certificate is listed all the same."""
    away: HeddleError = FabricError("peer0-one: no answer:\nit is gone")
    found = ends(network, {"peer0-one": {"gRPC 7051": away, "operations 9443": away}}, trade=away)

    (row,) = rows(found, "peer0-one")
    assert (row.presented_at, row.differs) == ((), "")
    assert found.not_seen == (
        "peer0-one, gRPC 7051, operations 9443: peer0-one: no answer: it is gone",
        "authorities on channel trade: peer0-one: no answer: it is gone",
    )


def test_others_roots_are_those_of_the_channels(network: Network) -> None:
    """One that the output knows is named once; one that the channel alone has is added, with its channels."""
    ours = network.instance.organizations["one"].ca_certificate
    stray = root("new ca of two")
    listed = [
        (msp_id, Registered(whose=msp_id, purpose=EXTERNAL_ROOT, pem=text, what=""))
        for msp_id, text in (("OneMSP", ours), ("TwoMSP", stray), ("ThreeMSP", root("three")))
    ]

    found = ends(network, trade=listed, more=listed[:2])

    assert [each.channels for each in rows(found, "one", "authority")] == [("trade", "more")]
    assert rows(found, "one", "root on channels") == []
    two = rows(found, "two", "root on channels")
    assert sorted(each.channels for each in two) == [(), (), ("trade", "more")]
    assert [each.channels for each in rows(found, "ThreeMSP", "root on channels")] == [("trade",)]


@given(hours=st.integers(-2000, 2000))
def test_days_are_whole_and_soon_is_thirty(hours: int) -> None:
    """Also for what has ended."""
    network = sample_network()
    one = replace(network.instance.orderers[0], tls_certificate=pem("n", 30))
    network = replace(network, instance=replace(network.instance, orderers=(one,), peers=()))
    now = NOW + timedelta(days=30, hours=-hours)

    (row,) = ends_of(network, Presented(), now).certificates

    assert row.days == hours // 24
    assert row.soon == (hours <= 30 * 24)
    assert bool(ending_soon(network.instance, now)) == (0 < hours <= 30 * 24)


@pytest.mark.parametrize(("days", "named"), [(400, False), (200, True), (20, True), (-1, False)])
def test_an_authority_is_named_a_year_before_its_end(network: Network, days: int, named: bool) -> None:
    """Also another organization's root: to put a new one on every channel takes planning."""
    instance, whose = network.instance, "two"
    root = pem("two", days)
    organizations = {**instance.organizations}
    organizations[whose] = replace(organizations[whose], ca_certificate=root, users={})
    words = ending_soon(replace(instance, organizations=organizations), NOW)

    assert ("authority ends within a year" in words and "root on channels of two" in words) is named


def test_status_names_the_first_that_ends_soon(network: Network) -> None:
    """In one line, however many they are."""
    words = ending_soon(network.instance, NOW)
    assert (
        words == "2 certificates end within 30 days, the first in 5 days: TLS of the chaincode of assets@one"
    )
