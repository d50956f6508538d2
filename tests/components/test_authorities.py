"""What a stack file that exchanges authorities declares, phase by phase."""

from typing import Any

import pytest

from heddle.network.instance import read_instance
from tests.components.recording import Recorder, record
from tests.identity.offline import OfflineRoot

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


ROOT = OfflineRoot()
BELOW = {
    kind: [ROOT.authority(f"{kind} {number}", "one").certificate.decode() for number in (1, 2)]
    for kind in ("ca", "tlsCa")
}


def _given(*generations: int, **entry: Any) -> dict[str, Any]:
    """An entry of `certificates.authorities` whose generations stand below one root."""
    given = [
        {
            "generation": number,
            **{
                kind: {"certificate": BELOW[kind][number - 1] + ROOT.pem, "key": f"/keys/{kind}-{number}"}
                for kind in BELOW
            },
        }
        for number in generations
    ]
    return {"generation": generations[-1], "given": given, **entry}


def _msp(recorder: Recorder) -> dict[str, Any]:
    """The organization as the channel has it."""
    (channel,) = recorder.of("Channel").values()
    return next(
        each["msp"] for each in channel["peerOrganizations"] if each["msp"]["mspId"].lower().startswith("one")
    )


def test_authorities_that_others_certified_stand_below_their_root() -> None:
    """On channels, in nodes' files, in what servers present, and in what clients get."""
    recorder = record({**NETWORK, "certificates": {"authorities": {"one": _given(1)}}})
    authority = recorder.of("CertificateAuthority")["dev-one-ca"]
    assert authority["chain"] == [BELOW["ca"][0], ROOT.pem]
    assert authority["keyFile"] == "/keys/ca-1"
    msp = _msp(recorder)
    assert msp["rootCertificates"] == msp["tlsRootCertificates"] == [ROOT.pem]
    assert msp["intermediateCertificates"] == [BELOW["ca"][0]]
    assert msp["tlsIntermediateCertificates"] == [BELOW["tlsCa"][0]]
    assert {
        "msp/cacerts/ca.pem",
        "msp/tlscacerts/tlsca.pem",
        "msp/intermediatecerts/ca-1.pem",
        "msp/tlsintermediatecerts/tlsca-1.pem",
    } <= _paths(recorder, "peer0-one")
    assert "msp/intermediatecerts/ca-1.pem" not in _paths(recorder, "peer0-two")
    assert _issuers(recorder, "peer0-one-tls") == {BELOW["tlsCa"][0]}
    packages = {each["tlsRootCertificate"] for each in recorder.of("ChaincodePackage").values()}
    assert packages == {ROOT.pem, "cert of dev-two-tlsca"}
    organization = read_instance(recorder.instance).organization("one")
    assert organization.ca_certificate == BELOW["ca"][0] + ROOT.pem
    assert read_instance(recorder.instance).peers[0].tls_root_certificates == (ROOT.pem, BELOW["tlsCa"][0])


@pytest.mark.parametrize("phase", ["trusted", "issuing", "retired"])
def test_two_generations_may_have_their_root_in_common(phase: str) -> None:
    """It is trusted once: files and channels name each certificate once."""
    entry = _given(1, 2, phase=phase) if phase != "retired" else _given(2, phase=phase)
    recorder = record({**NETWORK, "certificates": {"authorities": {"one": entry}}})
    msp = _msp(recorder)
    assert msp["rootCertificates"] == [ROOT.pem]
    assert msp["intermediateCertificates"] == BELOW["ca"][1 if phase == "retired" else 0 :]
    paths = _paths(recorder, "peer0-one")
    assert ("msp/intermediatecerts/ca-2.pem" in paths) is (phase != "retired")
    assert "msp/cacerts/ca-2.pem" not in paths


def test_one_authority_may_be_certified_and_the_other_made_here() -> None:
    entry = _given(1)
    del entry["given"][0]["tlsCa"]
    recorder = record({**NETWORK, "certificates": {"authorities": {"one": entry}}})
    assert "chain" not in recorder.of("CertificateAuthority")["dev-one-tlsca"]
    msp = _msp(recorder)
    assert msp["tlsRootCertificates"] == ["cert of dev-one-tlsca"]
    assert "tlsIntermediateCertificates" not in msp


def test_a_fabric_ca_issues_and_no_key_of_an_authority_is_here() -> None:
    """What is trusted stands in the file; certificates ask the CA, people under a name of their own."""
    chains = {kind: {"certificate": BELOW[kind][0] + ROOT.pem} for kind in BELOW}
    chains["tlsCa"]["name"] = "tls"
    server = {
        "url": "https://ca.one:7054",
        "rootCertificate": ROOT.pem,
        "registrar": "registrar",
        "secret": "/secret",
    }
    entry = {"generation": 1, "fabricCa": {**server, **chains}}
    certificates = {"authorities": {"one": entry}, "rekey": {"peer0-one": 1}}
    recorder = record({**NETWORK, "certificates": certificates})
    assert not [name for name in recorder.of("CertificateAuthority") if "one" in name]
    revocations = recorder.of("RevocationList")["dev-one-revocations"]
    assert (revocations["fabricCa"]["name"], "authorityPrivateKey" in revocations) == ("", False)
    assert recorder.of("AuthorityExchange") == {}
    msp = _msp(recorder)
    assert msp["rootCertificates"] == [ROOT.pem]
    assert msp["tlsIntermediateCertificates"] == [BELOW["tlsCa"][0]]
    tls = recorder.of("Certificate")["dev-peers-one-peer0-one-tls"]
    assert "authorityPrivateKey" not in tls
    assert (tls["fabricCa"]["name"], tls["fabricCa"]["secretFile"]) == ("tls", "/secret")
    people = [
        each["commonName"] for name, each in recorder.of("Certificate").items() if name.startswith("dev-one-")
    ]
    assert people == ["admin@one", "user@one"]
    assert "msp/tlsintermediatecerts/tlsca-1.pem" in _paths(recorder, "peer0-one")
