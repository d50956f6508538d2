"""What a stack file that exchanges authorities declares, phase by phase."""

from typing import Any

import pytest

from tests.components.recording import Recorder, record

NETWORK: dict[str, Any] = {
    "name": "dev",
    "organizations": [{"name": "one", "peers": 2}, {"name": "two", "peers": 1}],
    "channels": [{"name": "channel", "organizations": ["one", "two"]}],
    "chaincodes": [{"name": "assets", "version": "1.0", "channel": "channel", "image": "registry/assets:1"}],
}


def _phase(phase: str, organization: str = "one", generation: int = 2) -> Recorder:
    entry = {organization: {"generation": generation, "phase": phase}}
    return record({**NETWORK, "certificates": {"authorities": entry}})


def _issuers(recorder: Recorder, part: str) -> set[str]:
    """The authorities by which certificates with this part in their names are issued."""
    return {each["authorityCertificate"] for name, each in recorder.of("Certificate").items() if part in name}


def _paths(recorder: Recorder, node: str) -> set[str]:
    (spec,) = (
        each["spec"]["template"]["spec"]
        for each in recorder.of("StatefulSet").values()
        if each["metadata"]["name"] == node
    )
    return {item["path"] for item in spec["volumes"][0]["projected"]["sources"][1]["secret"]["items"]}


def test_who_exchanges_nothing_sees_no_difference() -> None:
    """No exchange, no further authority, no further file: an older stack's `up` changes nothing."""
    recorder = record(NETWORK)
    assert recorder.of("AuthorityExchange") == {}
    assert {name for name in recorder.of("CertificateAuthority") if "one" in name} == {
        "dev-one-ca",
        "dev-one-tlsca",
    }
    assert "msp/cacerts/ca-2.pem" not in _paths(recorder, "peer0-one")


@pytest.mark.parametrize(
    ("phase", "generations", "issuing"),
    [("trusted", [1, 2], 1), ("issuing", [1, 2], 2), ("retired", [2], 2)],
)
def test_a_phase_says_what_is_trusted_and_what_issues(
    phase: str, generations: list[int], issuing: int
) -> None:
    """Nodes, channels and issued certificates take it from the exchange, so they wait for its proof."""
    recorder = _phase(phase)
    (exchange,) = recorder.of("AuthorityExchange").values()
    assert [each["generation"] for each in exchange["generations"]] == generations
    assert exchange["issuing"] == issuing
    assert [node["name"] for node in exchange["nodes"]] == ["peer0-one", "peer1-one"]
    assert exchange["channels"] == ["channel"]
    assert exchange["orderers"]
    wanted = {"dev-one-ca", "dev-one-tlsca"} if 1 in generations else set()
    wanted |= {"dev-one-ca-2", "dev-one-tlsca-2"}
    assert {name for name in recorder.of("CertificateAuthority") if "one" in name} == wanted
    two = len(generations) == 2
    assert ({"msp/cacerts/ca-2.pem", "msp/tlscacerts/tlsca-2.pem"} <= _paths(recorder, "peer0-one")) is two
    assert "msp/cacerts/ca-2.pem" not in _paths(recorder, "peer0-two")


@pytest.mark.parametrize(("phase", "protected"), [("trusted", 1), ("issuing", 2), ("retired", 2)])
def test_the_generation_that_issues_is_protected(phase: str, protected: int) -> None:
    """The other one may go: nothing that is in use was issued by it, or nothing yet."""
    recorder = _phase(phase)
    for name in recorder.of("CertificateAuthority"):
        if "one" in name:
            assert recorder.options[name].protect is (name.endswith("-2") == (protected == 2)), name


def test_orderers_are_exchanged_alone() -> None:
    """Their own nodes tell the channels; members' authorities stay."""
    recorder = _phase("trusted", "orderer")
    (exchange,) = recorder.of("AuthorityExchange").values()
    assert exchange["kind"] == "orderer"
    assert [node["name"] for node in exchange["nodes"]] == [node["name"] for node in exchange["orderers"]]
    assert "dev-one-ca-2" not in recorder.of("CertificateAuthority")


def test_each_generation_revokes_what_is_revoked() -> None:
    """Nodes look at the list of a certificate's own authority alone."""
    entry = {"authorities": {"one": {"generation": 2, "phase": "issuing"}}, "rekey": {"admin@one": 1}}
    recorder = record({**NETWORK, "certificates": entry})
    lists = recorder.of("RevocationList")
    assert set(lists) == {"dev-one-revocations", "dev-one-revocations-2"}
    assert {"msp/crls/crl.pem", "msp/crls/crl-2.pem"} <= _paths(recorder, "peer0-one")
