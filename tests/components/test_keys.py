"""What a stack file that asks for new keys, revocations and passwords declares."""

import base64
from typing import Any

from tests.components.recording import Recorder, record

NETWORK: dict[str, Any] = {
    "name": "dev",
    "stateDatabase": "CouchDB",
    "organizations": [{"name": "one", "peers": 2}, {"name": "two", "peers": 1}],
    "channels": [{"name": "channel", "organizations": ["one", "two"]}],
}
REKEY = {"peer0-one": 1, "admin@one": 2, "orderer0-orderer": 1, "user@two": 0}


def _revoked(recorder: Recorder) -> dict[str, Any]:
    """What the channel says is revoked, by MSP id."""
    (channel,) = recorder.of("Channel").values()
    members = [*channel["ordererOrganizations"], *channel["peerOrganizations"]]
    return {each["name"]: each["msp"].get("revocationLists") for each in members}


def _files(recorder: Recorder, node: str) -> set[str]:
    """The files that a node's pod has of its Secret."""
    (spec,) = (
        each["spec"]["template"]["spec"]
        for each in recorder.of("StatefulSet").values()
        if each["metadata"]["name"] == node
    )
    return {item["path"] for item in spec["volumes"][0]["projected"]["sources"][1]["secret"]["items"]}


def _waited_for(recorder: Recorder, name: str) -> list[str]:
    depends_on: Any = recorder.options[name].depends_on
    return [resource._name for resource in depends_on]


def test_nobody_who_lost_no_key_sees_a_difference() -> None:
    """No list, no file, no number: an instance of an earlier release declares what it did."""
    recorder = record({**NETWORK, "certificates": {"rekey": {"user@two": 0}}})
    assert recorder.of("RevocationList") == {}
    assert all("rekey" not in each for each in recorder.of("Certificate").values())
    assert all("renewal" not in each for each in recorder.of("Password").values())
    assert set(map(str, _revoked(recorder).values())) == {"None"}
    assert "msp/crls/crl.pem" not in _files(recorder, "peer0-one")


def test_a_number_makes_new_keys_of_its_holder_alone() -> None:
    """A peer's both; of an orderer the one that signs: channels know orderers by their TLS key."""
    recorder = record({**NETWORK, "certificates": {"rekey": REKEY}})
    rekeyed = {name: each["rekey"] for name, each in recorder.of("Certificate").items() if "rekey" in each}
    assert rekeyed == {
        "dev-one-admin": 2,
        "dev-peers-one-peer0-one-identity": 1,
        "dev-peers-one-peer0-one-tls": 1,
        "dev-orderers-orderer0-orderer-identity": 1,
    }


def test_an_orderers_tls_key_has_a_number_of_its_own() -> None:
    """A stack that made another signing key before does not get another TLS key unasked."""
    before, after = (
        record({**NETWORK, "certificates": {"rekey": {**REKEY, "orderer0-orderer-tls": number}}})
        for number in (0, 1)
    )
    name = "dev-orderers-orderer0-orderer"
    assert "rekey" not in before.of("Certificate")[f"{name}-tls"]
    assert after.of("Certificate")[f"{name}-tls"]["rekey"] == 1
    assert after.of("Certificate")[f"{name}-identity"]["rekey"] == 1
    assert "tlsKeys" not in before.of("Rollout")["dev-orderers-rollout"]
    assert after.of("Rollout")["dev-orderers-rollout"]["tlsKeys"] == {"orderer0-orderer": 1}


def test_a_bft_orderer_gets_both_keys_by_one_number() -> None:
    """Its channels know it by its enrolment and note its TLS certificates: both go at once."""
    ordering, rekey = {"type": "bft", "nodes": 4}, {"orderer2-orderer": 1}
    recorder = record({**NETWORK, "ordering": ordering, "certificates": {"rekey": rekey}})
    rekeyed = {name: each["rekey"] for name, each in recorder.of("Certificate").items() if "rekey" in each}
    assert rekeyed == {
        "dev-orderers-orderer2-orderer-identity": 1,
        "dev-orderers-orderer2-orderer-tls": 1,
    }
    assert recorder.of("Rollout")["dev-orderers-rollout"]["tlsKeys"] == {"orderer2-orderer": 1}


def test_too_few_orderers_keep_their_tls_keys() -> None:
    """The certificate refuses a higher number; the file may name it, as after three orderers became one."""

    def refusals(nodes: int) -> list[str]:
        file = {
            **NETWORK,
            "ordering": {"nodes": nodes},
            "certificates": {"rekey": {"orderer0-orderer-tls": 1}},
        }
        certificates = record(file).of("Certificate")
        return [name for name, each in certificates.items() if "rekeyRefusal" in each]

    assert refusals(1) == ["dev-orderers-orderer0-orderer-tls"]
    assert refusals(3) == []


def test_a_chaincode_server_gets_a_new_key_by_its_own_number() -> None:
    """For one organization: its peers know the server by their TLS root, so nothing is installed anew."""
    chaincode = {"name": "assets", "version": "1.0", "channel": "channel", "image": "sample"}
    before, after = (
        record({**NETWORK, "chaincodes": [chaincode], "certificates": {"rekey": {"assets@one": number}}})
        for number in (0, 1)
    )
    assert {
        name: each.get("rekey") for name, each in after.of("Certificate").items() if "assets" in name
    } == {
        "dev-chaincode-assets-one-1.0-tls": 1,
        "dev-chaincode-assets-two-1.0-tls": None,
    }
    assert before.of("ChaincodePackage") == after.of("ChaincodePackage")
    assert after.of("RevocationList") == {}


def test_what_was_given_up_is_on_a_list_under_its_holders_name() -> None:
    """Of identities; no list revokes TLS certificates. Those in use must not be on it."""
    recorder = record({**NETWORK, "certificates": {"rekey": {"admin@one": 1}}})
    (made,) = recorder.of("RevocationList").values()
    assert made["superseded"] == [{"holder": "admin@one", "serial": "3fa1", "expires": "then"}]
    assert made["authorityCertificate"] == "cert of dev-one-ca"
    assert made["inUse"] == {
        "admin@one": "serial of dev-one-admin",
        "user@one": "serial of dev-one-user",
        "peer0-one": "serial of dev-peers-one-peer0-one-identity",
        "peer1-one": "serial of dev-peers-one-peer1-one-identity",
    }


def test_channels_and_nodes_of_the_organization_take_its_list() -> None:
    """Nobody else's nodes restart for it."""
    organizations = [{**NETWORK["organizations"][0], "revoked": ["3F:A1"]}, NETWORK["organizations"][1]]
    ordering = {"organization": {"revoked": ["17"]}}
    recorder = record({**NETWORK, "organizations": organizations, "ordering": ordering})

    assert {name: each["revoked"] for name, each in recorder.of("RevocationList").items()} == {
        "dev-one-revocations": ["3fa1"],
        "dev-orderer-revocations": ["17"],
    }
    assert _revoked(recorder) == {
        "OneDevMSP": ["list of dev-one-revocations"],
        "OrdererDevMSP": ["list of dev-orderer-revocations"],
        "TwoDevMSP": None,
    }
    having = {
        name
        for name in ("orderer0-orderer", "peer0-one", "peer1-one", "peer0-two")
        if "msp/crls/crl.pem" in _files(recorder, name)
    }
    assert having == {"orderer0-orderer", "peer0-one", "peer1-one"}
    (secret,) = (each for each in recorder.of("Secret").values() if each["metadata"]["name"] == "peer0-one")
    assert secret["data"]["msp-crl.pem"] == base64.b64encode(b"list of dev-one-revocations").decode()


def test_nodes_have_their_new_keys_before_channels_refuse_the_old_ones() -> None:
    """The channel waits for the peers where an organization revokes; else they start together."""
    before = record(NETWORK)
    after = record({**NETWORK, "certificates": {"rekey": {"peer0-one": 1}}})
    channel = "dev-channel-channel-ledger"
    waits = {
        name: [each for each in _waited_for(recorder, channel) if "peers" in each]
        for name, recorder in (("before", before), ("after", after))
    }
    assert waits == {"before": [], "after": ["dev-peers-rollout"]}


def test_one_number_makes_new_passwords() -> None:
    """Of databases; the mark on the namespace is no password, and nobody may change it."""
    passwords = record({**NETWORK, "passwords": {"renewal": 1}}).of("Password")
    assert {name: each.get("renewal") for name, each in passwords.items()} == {
        "dev-cluster-owner": None,
        "dev-peers-one-couchdb0-one-password": 1,
        "dev-peers-one-couchdb1-one-password": 1,
        "dev-peers-two-couchdb0-two-password": 1,
    }


def test_certificates_are_renewed_by_holder_organization_or_all() -> None:
    """The numbers add up; who is not named keeps the former one. An orderer's name means both of its own."""
    renew = {"orderer0-orderer": 1, "two": 1, "admin@one": 2, "peer0-two": 1}
    recorder = record({**NETWORK, "certificates": {"renewal": 3, "renew": renew}})

    assert {name: each["renewal"] for name, each in recorder.of("Certificate").items()} == {
        "dev-operations-client": 3,
        "dev-orderer-admin": 3,
        "dev-orderers-admin-tls": 3,
        "dev-orderers-orderer0-orderer-identity": 4,
        "dev-orderers-orderer0-orderer-tls": 4,
        "dev-orderers-orderer1-orderer-identity": 3,
        "dev-orderers-orderer1-orderer-tls": 3,
        "dev-orderers-orderer2-orderer-identity": 3,
        "dev-orderers-orderer2-orderer-tls": 3,
        "dev-one-admin": 5,
        "dev-one-user": 3,
        "dev-peers-one-peer0-one-identity": 3,
        "dev-peers-one-peer0-one-tls": 3,
        "dev-peers-one-peer1-one-identity": 3,
        "dev-peers-one-peer1-one-tls": 3,
        "dev-two-admin": 4,
        "dev-two-user": 4,
        "dev-peers-two-peer0-two-identity": 5,
        "dev-peers-two-peer0-two-tls": 5,
    }


def test_a_window_is_for_every_certificate_and_for_no_authority() -> None:
    """Left out it is declared nowhere: the programs of earlier releases declare the same."""
    before, after = record(NETWORK), record({**NETWORK, "certificates": {"renewBefore": "30d"}})

    assert all("renewBefore" not in each for each in before.of("Certificate").values())
    assert {each["renewBefore"] for each in after.of("Certificate").values()} == {"30d"}
    assert before.of("CertificateAuthority") == after.of("CertificateAuthority")
