"""Variables of nodes and chaincodes, plain ones and those out of Secrets."""

import pytest

from tests.components.declared import named
from tests.components.options import NETWORK, SERVER, from_secrets, pod, variables
from tests.components.recording import record


def test_variables_come_from_secrets_and_what_a_node_says_itself_wins() -> None:
    """Whether the kind has the value in the file or in a Secret; the preview is told what must be there."""
    kind = {
        "environment": {"A": "plain", "B": "plain"},
        "secretEnvironment": {"C": {"secret": "kind", "key": "c"}, "D": {"secret": "kind", "key": "d"}},
    }
    own = {
        "environment": {"C": "plain"},
        "secretEnvironment": {"A": {"secret": "own", "key": "a"}, "D": {"secret": "own", "key": "d"}},
    }
    recorder = record({**NETWORK, "nodes": {"peer": kind, "peer0-one": own}})

    said = {name: variables(recorder, name) for name in ("peer0-one", "peer1-one")}
    assert {key: said["peer0-one"].get(key) for key in "ABC"} == {"A": None, "B": "plain", "C": "plain"}
    assert {key: said["peer1-one"].get(key) for key in "ABC"} == {"A": "plain", "B": "plain", "C": None}
    assert from_secrets(recorder, "peer0-one") == {"A": ("own", "a"), "D": ("own", "d")}
    assert from_secrets(recorder, "peer1-one") == {"C": ("kind", "c"), "D": ("kind", "d")}
    assert from_secrets(recorder, "orderer0-orderer") == {}
    ownership = recorder.of("NamespaceOwnership")["dev-cluster-ownership"]
    assert ownership["secretKeys"] == {"kind": ["c", "d"], "own": ["a", "d"]}


def test_the_preview_is_told_of_secrets_where_there_are_some() -> None:
    """Those of chaincodes and those that images are pulled with; else the resource is as it was."""
    secret = {"TOKEN": {"secret": "partner", "key": "token"}}
    chaincode = {**NETWORK["chaincodes"][0], "secretEnvironment": secret}
    recorder = record({**NETWORK, "chaincodes": [chaincode], "images": {"pullSecrets": ["mirror"]}})

    told = recorder.of("NamespaceOwnership")["dev-cluster-ownership"]
    assert (told["secretKeys"], told["pullSecrets"]) == ({"partner": ["token"]}, ["mirror"])
    assert record(NETWORK).of("NamespaceOwnership")["dev-cluster-ownership"].keys() == {
        "namespace",
        "instance",
        "owner",
        "dnsDomain",
    }


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("python", {"CHAINCODE_TLS_KEY": "/etc/chaincode/tls/server.key", "CHAINCODE_TLS_DISABLED": "false"}),
        ("go", {"CHAINCODE_TLS_CERT": "/etc/chaincode/tls/server.crt", "CHAINCODE_TLS_DISABLED": "false"}),
        ("node", {"CORE_CHAINCODE_TLS_KEY_FILE": "/etc/chaincode/tls/server.key"}),
        (
            "java",
            {"CORE_TLS_CLIENT_KEY_FILE": "/etc/chaincode/tls/server.key", "CORE_PEER_TLS_ENABLED": "true"},
        ),
    ],
)
def test_each_language_reads_what_it_needs(language: str, expected: dict[str, str]) -> None:
    """Package id, address and the TLS pair, under the names of each library; files that are there."""
    recorder = record({**NETWORK, "chaincodes": [{**NETWORK["chaincodes"][0], "language": language}]})
    found = variables(recorder, SERVER, "Deployment")

    assert expected.items() <= found.items()
    assert found["CHAINCODE_SERVER_ADDRESS"] == "0.0.0.0:9999"
    ids = {"node": "CORE_CHAINCODE_ID", "java": "CORE_CHAINCODE_ID_NAME"}
    assert found[ids.get(language, "CHAINCODE_ID")].startswith("assets_1.0:")
    files = {value.rpartition("/")[2] for value in found.values() if value.startswith("/etc/chaincode/tls/")}
    assert files <= set(named(recorder, "Secret")[SERVER]["data"])


def test_a_chaincodes_variables_and_replicas_are_the_files() -> None:
    """They come beside the language's; several servers stand apart."""
    chaincode = {**NETWORK["chaincodes"][0], "replicas": 2, "environment": {"LEVEL": "debug"}}
    recorder = record({**NETWORK, "chaincodes": [chaincode]})
    found = variables(recorder, SERVER, "Deployment")

    assert (found["CHAINCODE_TLS_DISABLED"], found["LEVEL"]) == ("false", "debug")
    assert named(recorder, "Deployment")[SERVER]["spec"]["replicas"] == 2
    assert "podAntiAffinity" in pod(recorder, SERVER, "Deployment")["spec"]["affinity"]
