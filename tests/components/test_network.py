"""What a Network declares for a stack file."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from heddle.network.network import network_of
from heddle.plugin.values import Secret, Value
from tests.components.declared import CASES, NETWORK, NODES, named
from tests.components.recording import HASH, Recorder, record
from tests.shipped import shipped_stack

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("kind", ["StatefulSet", "PersistentVolumeClaim", "ConfigMap"])
def test_every_node_has_one_of_each(network: Recorder, kind: str) -> None:
    """Named like the node, whatever their order in the file."""
    assert sorted(named(network, kind)) == sorted(NODES)


def test_services_are_of_nodes_and_chaincode_servers(network: Recorder) -> None:
    """Without a public address no port is opened on the cluster's nodes."""
    services = named(network, "Service")

    assert sorted(services) == sorted([*NODES, "assets-one-d0ff59", "assets-two-d0ff59"])
    assert {service["spec"]["type"] for service in services.values()} == {"ClusterIP"}
    assert {endpoint["publicEndpoint"] for endpoint in network.instance["peers"]} == {""}


def test_with_a_public_address_nodes_get_a_port_there_and_chaincodes_do_not(public: Recorder) -> None:
    """The port is Kubernetes' choice; only gRPC is in a node's Service."""
    services = named(public, "Service")

    assert {name for name, service in services.items() if service["spec"]["type"] == "NodePort"} == set(NODES)
    assert {port["name"] for name in NODES for port in services[name]["spec"]["ports"]} == {"grpc"}
    assert public.instance["orderers"][0]["publicEndpoint"] == "192.0.2.1:30000"


def test_operations_endpoints_want_the_instances_own_client(network: Recorder) -> None:
    """Of an authority that issues nothing else: no organization's certificate opens them."""
    root = base64.b64encode(b"cert of dev-operations-ca").decode()
    nodes = [name for name in named(network, "StatefulSet") if not name.startswith("couchdb")]
    assert {named(network, "Secret")[name]["data"]["operations-ca.pem"] for name in nodes} == {root}
    issued = [
        name
        for name, each in network.of("Certificate").items()
        if each["authorityCertificate"] == "cert of dev-operations-ca"
    ]
    assert issued == ["dev-operations-client"]
    for name in nodes:
        files = named(network, "ConfigMap")[name]["data"]
        if "orderer.yaml" in files:
            tls = yaml.safe_load(files["orderer.yaml"])["Operations"]["TLS"]
            clients = (tls["Enabled"], tls["ClientAuthRequired"], tls["ClientRootCAs"])
        else:
            tls = yaml.safe_load(files["core.yaml"])["operations"]["tls"]
            clients = (tls["enabled"], tls["clientAuthRequired"], tls["clientRootCAs"]["files"])
        assert clients == (True, True, ["/etc/hyperledger/fabric/tls/operations-ca.crt"])


def test_another_authority_of_operations_takes_over_in_one_edit() -> None:
    """Nodes trust the next one alone; those that have not restarted let its client in by what it presents."""
    recorder = record({**NETWORK, "certificates": {"operations": 2}})
    root = base64.b64encode(b"cert of dev-operations-ca-2").decode()
    assert {named(recorder, "Secret")["peer0-one"]["data"]["operations-ca.pem"]} == {root}
    client = recorder.of("Certificate")["dev-operations-client"]
    assert client["authorityCertificate"] == "cert of dev-operations-ca-2"
    exchange = recorder.of("AuthorityExchange")["dev-operations-authorities"]
    assert [each["tlsCertificate"] for each in exchange["generations"]] == [
        "cert of dev-operations-ca",
        "cert of dev-operations-ca-2",
    ]
    assert (exchange["kind"], exchange["issuing"], exchange.get("nodes") or []) == ("operations", 2, [])
    presented = recorder.instance["operationsTlsCertificate"]
    assert presented == "cert of dev-operations-clientbridge of dev-operations-authorities"
    protected = {
        name: recorder.options[name].protect for name in ("dev-operations-ca", "dev-operations-ca-2")
    }
    assert protected == {"dev-operations-ca": False, "dev-operations-ca-2": True}


def test_an_organization_that_orders_has_no_user(network: Recorder) -> None:
    """Its members may sign what orderers sign, by Fabric's default; nobody used that identity."""
    issued = network.of("Certificate").values()
    people = {
        f"{each['commonName']}@{each['organization']}" for each in issued if each["usage"] == "identity"
    }
    assert "admin@orderer" in people
    assert "user@orderer" not in people
    assert {"admin@one", "user@one", "admin@two", "user@two"} <= people


def test_private_keys_are_in_secrets_alone(network: Recorder) -> None:
    """A node's own keys; authorities' and administrators' never enter the cluster."""
    secrets = network.of("Secret")
    elsewhere = {name: each for name, each in network.objects().items() if name not in secrets}
    assert [name for name, each in elsewhere.items() if "key of" in json.dumps(each)] == []

    inside = json.dumps([list(each["data"].values()) for each in secrets.values()])
    for name in ("dev-one-ca", "dev-one-tlsca", "dev-one-admin", "dev-one-user", "dev-orderers-admin-tls"):
        assert base64.b64encode(f"key of {name}".encode()).decode() not in inside


def test_a_channel_has_its_members_and_their_anchors(network: Recorder) -> None:
    """Organizations are known on the ledger by their MSP ids, which no consortium has twice."""
    channel = network.of("Channel")["dev-channel-channel-ledger"]

    assert [each["name"] for each in channel["peerOrganizations"]] == ["OneDevMSP", "TwoDevMSP"]
    assert channel["peerOrganizations"][0]["anchorPeers"] == ["peer0-one.fabric-dev.svc.cluster.local:7051"]
    assert [each["node"] for each in channel["consenters"]] == NODES[:3]
    assert [each["mspId"] for each in channel["signers"]] == ["OrdererDevMSP", "OneDevMSP", "TwoDevMSP"]
    assert len(network.of("PeerMembership")) == 3 + 1


def test_a_channels_own_batch_counts_for_it_alone() -> None:
    """The ordering service's is the default of the others."""
    channels = [{**NETWORK["channels"][0], "batch": {"timeout": "1s"}}, NETWORK["channels"][1]]
    declared = record({**NETWORK, "channels": channels}).of("Channel")

    assert declared["dev-channel-channel-ledger"]["batch"]["timeout"] == "1s"
    assert declared["dev-channel-own-ledger"]["batch"]["timeout"] == "2s"


def test_policies_open_only_what_is_used(network: Recorder, public: Recorder) -> None:
    """Closed by default; gRPC to the cluster, or to all if public; chaincodes to their own peers."""
    policies = named(network, "NetworkPolicy")

    assert policies["closed-by-default"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress"]}
    grpc = policies["peers-one"]["spec"]["ingress"][0]
    assert grpc["from"] == [{"namespaceSelector": {}}]
    assert "from" not in named(public, "NetworkPolicy")["peers-one"]["spec"]["ingress"][0]
    chaincode = policies["chaincode-assets-one-d0ff59"]["spec"]["ingress"][0]["from"][0]["podSelector"]
    assert chaincode["matchLabels"]["heddle.dev/organization"] == "one"
    operations = policies["peers-one"]["spec"]["ingress"][1]["from"][1]["podSelector"]
    assert operations == {
        "matchExpressions": [{"key": "app.kubernetes.io/name", "operator": "NotIn", "values": ["chaincode"]}]
    }


@pytest.mark.parametrize(("size_class", "expected"), [({"class": "fast"}, "fast"), ({}, None)])
def test_the_storage_class_is_named_or_left_to_the_cluster(
    size_class: dict[str, str], expected: str | None
) -> None:
    """An empty class would mean no class at all."""
    declared = record({**NETWORK, "storage": {"size": "5Gi", **size_class}}).of("PersistentVolumeClaim")

    assert {each["spec"].get("storageClassName") for each in declared.values()} == {expected}


@pytest.mark.parametrize(
    ("extra", "peer", "orderer"),
    [
        ({}, "docker.io/hyperledger/fabric-peer:3.1.5", "docker.io/hyperledger/fabric-orderer:3.1.5"),
        (
            {"images": {"peer": "mirror/peer:1"}},
            "mirror/peer:1",
            "docker.io/hyperledger/fabric-orderer:3.1.5",
        ),
        ({"standin": True}, "localhost/heddle/standin:0.1.0", "localhost/heddle/standin:0.1.0"),
    ],
)
def test_images(extra: dict[str, Any], peer: str, orderer: str) -> None:
    """Upstream's, the stack's, or the stand-ins under their own name."""
    pods = {
        name: inputs["spec"]["template"]["spec"]["containers"][0]["image"]
        for name, inputs in named(record({**NETWORK, **extra}), "StatefulSet").items()
    }

    assert (pods["peer0-one"], pods["orderer0-orderer"]) == (peer, orderer)


def test_the_outputs_are_what_the_command_line_reads(network: Recorder) -> None:
    """The two sides of the stack's output agree."""
    outputs: dict[str, Value] = {"instance": network.instance, "access": Secret(network.access)}
    found = network_of("dev", outputs)
    instance = found.instance

    assert [node.name for node in (*instance.orderers, *instance.peers)] == NODES
    assert found.signer("one").msp_id == "OneDevMSP"
    assert instance.chaincode("assets").package_ids == {
        "one": f"assets_1.0:{HASH}",
        "two": f"assets_1.0:{HASH}",
    }
    assert instance.channel("own").peers == ("peer0-two",)
    assert found.orderers[0].admin_port == 9443
    assert "key of" not in json.dumps(network.instance)


def test_every_name_in_the_state_is_there_once(network: Recorder) -> None:
    """URNs are made of type and name."""
    urns = [(each.type, each.name) for each in network.declared]

    assert len(urns) == len(set(urns))


def test_names_in_the_state_stay(network: Recorder) -> None:
    """A child under another name is another resource: users' stacks would lose the one they have.

    New ones are added to tests/cases/components/names.txt; one that must go needs an alias in its component.
    """
    names = sorted(f"{each.type} {each.name}" for each in network.declared)

    assert names == (CASES / "names.txt").read_text().splitlines()


def test_the_page_of_up_counts_what_its_stack_declares() -> None:
    """With the stack itself, as the engines count."""
    instance = shipped_stack("offline")["config"]["fabric:instance"]
    declared = record(instance, public_address="192.0.2.1").declared

    assert f"+ {len(declared) + 1} created" in (ROOT / "docs/operations/up.md").read_text()


def test_a_reordered_file_declares_the_same_resources() -> None:
    """Children are keyed by names, never by positions."""
    reordered = {
        key: list(reversed(value)) if isinstance(value, list) else value for key, value in NETWORK.items()
    }

    before, after = record(NETWORK), record(reordered)

    assert {(each.type, each.name) for each in before.declared} == {
        (each.type, each.name) for each in after.declared
    }
    assert {name: each["spec"] for name, each in named(before, "StatefulSet").items()} == {
        name: each["spec"] for name, each in named(after, "StatefulSet").items()
    }


def test_the_longest_msp_id_has_authorities() -> None:
    """Fabric takes 249 characters, an X.509 common name 64."""
    organization = {"name": "one", "mspId": "M" * 249}
    recorder = record({"name": "dev", "organizations": [organization]})
    names = {name: each["commonName"] for name, each in recorder.of("CertificateAuthority").items()}
    assert names["dev-one-ca"] == f"{'M' * 61} CA"
    assert names["dev-one-tlsca"] == f"{'M' * 57} TLS CA"
    assert names["dev-orderer-tlsca"] == "OrdererDevMSP TLS CA"


def test_one_number_renews_every_certificate() -> None:
    """Whose it is does not matter: nodes, administrators, users and chaincode servers expire alike."""
    declared = record({**NETWORK, "certificates": {"renewal": 2, "validityDays": 90}}).of("Certificate")

    assert {(each["renewal"], each["validityDays"]) for each in declared.values()} == {(2, 90)}
