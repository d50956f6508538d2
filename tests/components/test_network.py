"""What a Network declares for a stack file."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from heddle.network.network import network_of
from heddle.plugin.values import Secret, Value
from tests.components.recording import HASH, Recorder, record

NETWORK: dict[str, Any] = {
    "name": "dev",
    "organizations": [{"name": "one", "peers": 2}, {"name": "two", "peers": 1}],
    "channels": [
        {"name": "channel", "organizations": ["one", "two"]},
        {"name": "own", "organizations": ["two"]},
    ],
    "chaincodes": [
        {"name": "assets", "version": "1.0", "channel": "channel", "image": "sample", "endorsement": "all"}
    ],
}
CASES = Path(__file__).parent.parent / "cases" / "components"
NODES = ["orderer0-orderer", "orderer1-orderer", "orderer2-orderer", "peer0-one", "peer1-one", "peer0-two"]


@pytest.fixture(scope="module")
def network() -> Recorder:
    return record(NETWORK)


@pytest.fixture(scope="module")
def public() -> Recorder:
    return record({**NETWORK, "disposable": True}, public_address="192.0.2.1")


def pod_specs(recorder: Recorder) -> Iterator[dict[str, Any]]:
    for kind in ("StatefulSet", "Deployment"):
        for inputs in recorder.of(kind).values():
            yield inputs["spec"]["template"]["spec"]


def named(recorder: Recorder, kind: str) -> dict[str, dict[str, Any]]:
    """Objects of a kind by their names in Kubernetes."""
    return {inputs["metadata"]["name"]: inputs for inputs in recorder.of(kind).values()}


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


def test_pods_fit_the_restricted_standard(network: Recorder) -> None:
    """What the namespace enforces, so that no pod is refused."""
    namespace = network.of("Namespace")["dev-cluster-namespace"]
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"

    for pod in pod_specs(network):
        security = pod["securityContext"]
        assert (security["runAsNonRoot"], security["runAsUser"], security["fsGroup"]) == (True, 1000, 1000)
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            own = container["securityContext"]
            assert (own["allowPrivilegeEscalation"], own["readOnlyRootFilesystem"]) == (False, True)
            assert own["capabilities"] == {"drop": ["ALL"]}


def test_nodes_start_together_and_are_replaced_one_by_one(network: Recorder) -> None:
    """OnDelete: only a Rollout restarts a node; it depends on every StatefulSet of its set."""
    for inputs in network.of("StatefulSet").values():
        assert inputs["spec"]["updateStrategy"] == {"type": "OnDelete"}
        assert inputs["spec"]["replicas"] == 1

    rollouts = network.of("Rollout")
    assert sorted(rollouts) == ["dev-orderers-rollout", "dev-peers-rollout"]
    assert set(rollouts["dev-peers-rollout"]["revisions"]) == {"peer0-one", "peer1-one", "peer0-two"}
    for name in rollouts:
        last = max(network.position(each) for each in network.of("StatefulSet") if each.startswith(name[:-8]))
        assert last < network.position(name)


def test_one_node_of_the_instance_restarts_at_a_time(network: Recorder) -> None:
    """The orderers, then the peers of all organizations, which one rollout takes one after the other."""
    rollouts = set(network.of("Rollout"))

    waits = {name: [each for each in _after(network, name) if each in rollouts] for name in rollouts}

    assert waits == {
        "dev-orderers-rollout": [],
        "dev-peers-rollout": ["dev-orderers-rollout"],
    }


def test_orderers_can_be_asked_to_hand_over(network: Recorder) -> None:
    """The leader knows its successor by the certificate that the successor itself shows."""
    inputs = network.of("Rollout")["dev-orderers-rollout"]

    assert inputs["tlsIdentities"].keys() == {name for name in NODES if name.startswith("orderer")}
    for name, identity in inputs["tlsIdentities"].items():
        assert identity["certificate"] == inputs["certificates"][name]
        assert identity["privateKey"]
    assert [signer["mspId"] for signer in inputs["signers"]] == [
        each["mspId"] for each in inputs["nodes"][:1]
    ]


def test_orderers_of_bft_are_known_by_what_they_sign_with() -> None:
    """The others know who asks for the next view by its enrolment certificate, which its channels name."""
    declared = record({**NETWORK, "ordering": {"type": "bft", "nodes": 4}})
    inputs = declared.of("Rollout")["dev-orderers-rollout"]

    assert "tlsIdentities" not in inputs
    consenters = declared.of("Channel")["dev-channel-channel-ledger"]["consenters"]
    assert {each["node"]: each["identity"] for each in consenters} == {
        name: each["certificate"] for name, each in inputs["consenterIdentities"].items()
    }
    assert {each["mspId"] for each in inputs["consenterIdentities"].values()} == {consenters[0]["mspId"]}


def test_a_rollout_of_orderers_knows_the_gateways(network: Recorder) -> None:
    """Of all peers, by channel: they must reach a restarted orderer again."""
    rollout = network.of("Rollout")["dev-orderers-rollout"]

    assert [each["name"] for each in rollout["gateways"]] == ["peer0-one", "peer1-one", "peer0-two"]
    assert rollout["memberships"] == network.of("Rollout")["dev-peers-rollout"]["memberships"]


def test_a_rollout_of_peers_knows_who_endorses_together(network: Recorder) -> None:
    """Every organization's administrator asks its own peers; each channel has its peers of all of them."""
    rollout = network.of("Rollout")["dev-peers-rollout"]

    assert rollout["channels"] == ["channel", "own"]
    assert rollout["memberships"] == {
        "channel": ["peer0-one", "peer0-two", "peer1-one"],
        "own": ["peer0-two"],
    }
    assert [signer["mspId"] for signer in rollout["signers"]] == ["OneDevMSP", "TwoDevMSP"]


def test_a_pod_can_be_taken_out_of_its_service_alone(network: Recorder) -> None:
    """By one label, which its StatefulSet and the NetworkPolicies do not know."""
    for name, inputs in named(network, "StatefulSet").items():
        selector = named(network, "Service")[name]["spec"]["selector"]
        owner = inputs["spec"]["selector"]["matchLabels"]
        assert selector.items() <= inputs["spec"]["template"]["metadata"]["labels"].items()
        assert selector.keys() - owner.keys() == {"app.kubernetes.io/managed-by"}
    for policy in network.of("NetworkPolicy").values():
        assert "managed-by" not in json.dumps(policy["spec"])


def test_all_pods_start_at_the_same_time(network: Recorder) -> None:
    """Only the restarts are in a row: no StatefulSet waits for a Rollout, directly or through others."""
    for name in network.of("StatefulSet"):
        assert not [each for each in _all_before(network, name) if each.endswith("-rollout")]


def test_probes_ask_what_they_should(network: Recorder) -> None:
    """The gRPC port says ready; a busy node is not dead, so liveness asks the operations port."""
    for inputs in network.of("StatefulSet").values():
        container = inputs["spec"]["template"]["spec"]["containers"][0]
        assert container["startupProbe"]["tcpSocket"] == {"port": "grpc"}
        assert container["readinessProbe"]["tcpSocket"] == {"port": "grpc"}
        assert container["livenessProbe"]["tcpSocket"] == {"port": "operations"}


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


def test_a_pod_sees_exactly_the_files_that_its_objects_hold(network: Recorder) -> None:
    """No key of a ConfigMap or Secret is forgotten, none is asked for in vain."""
    for name, inputs in named(network, "StatefulSet").items():
        volumes = inputs["spec"]["template"]["spec"]["volumes"]
        sources = volumes[0]["projected"]["sources"]
        config, secret = sources[0]["configMap"], sources[1]["secret"]
        assert (config["name"], secret["name"]) == (name, name)
        assert {item["key"] for item in config["items"]} == set(named(network, "ConfigMap")[name]["data"])
        assert {item["key"] for item in secret["items"]} == set(named(network, "Secret")[name]["data"])


def test_the_template_changes_with_the_files_of_this_node_alone() -> None:
    """Another MSP id for one organization: its peers are outdated, nobody else."""

    def checksums(recorder: Recorder) -> dict[str, str]:
        return {
            name: inputs["spec"]["template"]["metadata"]["annotations"]["heddle.dev/checksum"]
            for name, inputs in named(recorder, "StatefulSet").items()
        }

    before = checksums(record(NETWORK))
    organizations = [{**NETWORK["organizations"][0], "mspId": "OtherMSP"}, NETWORK["organizations"][1]]
    after = checksums(record({**NETWORK, "organizations": organizations}))

    assert {name for name in before if before[name] != after[name]} == {"peer0-one", "peer1-one"}


def test_what_cannot_be_made_again_is_protected_unless_disposable(
    network: Recorder, public: Recorder
) -> None:
    """Authorities and channels."""
    precious = [*network.of("CertificateAuthority"), *network.of("Channel")]

    assert [name for name in precious if not network.options[name].protect] == []
    assert [name for name in precious if public.options[name].protect] == []


def test_a_claim_is_retained_unless_disposable(network: Recorder, public: Recorder) -> None:
    """Never protected: a node may leave the file, and its volume stays as a leftover."""
    claims = network.of("PersistentVolumeClaim")

    assert [name for name in claims if network.options[name].protect] == []
    assert [name for name in claims if not network.options[name].retain_on_delete] == []
    assert [name for name in claims if public.options[name].retain_on_delete] == []


def test_a_leaving_organization_is_off_its_channels_and_unprotected() -> None:
    """Its nodes run on until it is out of the file, and it signs for its own removal."""
    one, two = NETWORK["organizations"]
    shared = {**NETWORK, "channels": NETWORK["channels"][:1]}
    network = record(shared)
    leaving = record({**shared, "organizations": [one, {**two, "leaving": True}]})

    authorities = leaving.of("CertificateAuthority")
    assert {name for name in authorities if not leaving.options[name].protect} == {
        "dev-two-ca",
        "dev-two-tlsca",
    }
    assert named(leaving, "StatefulSet").keys() == named(network, "StatefulSet").keys()
    for before, after in zip(network.of("Channel").values(), leaving.of("Channel").values(), strict=True):
        assert {each["name"] for each in after["peerOrganizations"]} < {
            each["name"] for each in before["peerOrganizations"]
        }
        assert after["signers"] == before["signers"]
    assert [name for name in leaving.of("PeerMembership") if name.endswith("-two")] == []
    assert leaving.of("VolumeTerms")["dev-storage-terms"]["members"] == {"one": "stays", "two": "may leave"}


def test_objects_go_with_a_disposable_namespace() -> None:
    """Destroying such an instance deletes a namespace, not a hundred objects."""
    disposable = record({**NETWORK, "disposable": True})
    for name in disposable.objects():
        if name != "dev-cluster-namespace":
            assert disposable.options[name].deleted_with is not None, name


def test_a_protected_namespace_takes_nothing_along(network: Recorder) -> None:
    """It stays with the claims in it, so whatever else is deleted is deleted for itself, not forgotten."""
    assert network.options["dev-cluster-namespace"].protect
    for name in network.objects():
        assert network.options[name].deleted_with is None, name


def test_memberships_go_with_their_peer(network: Recorder) -> None:
    """A peer that is gone has nothing to leave."""
    for name in [*network.of("PeerMembership"), *network.of("ChaincodeInstallation")]:
        assert network.options[name].deleted_with is not None, name


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


def test_a_chaincode_is_installed_everywhere_and_approved_once_per_member(network: Recorder) -> None:
    """Every peer runs it, every organization approves, one definition is committed after that."""
    assert sorted(network.of("ChaincodeInstallation")) == [
        f"dev-chaincode-assets-{peer}" for peer in ("peer0-one", "peer0-two", "peer1-one")
    ]
    assert sorted(network.of("ChaincodeApproval")) == ["dev-chaincode-assets-one", "dev-chaincode-assets-two"]
    definition = network.of("ChaincodeDefinition")["dev-chaincode-assets-definition"]
    assert definition["endorsementPolicy"] == "AND('OneDevMSP.peer','TwoDevMSP.peer')"
    assert [peer["name"] for peer in definition["peers"]] == ["peer0-one", "peer0-two"]
    before = [*network.of("ChaincodeInstallation"), *network.of("ChaincodeApproval")]
    assert max(map(network.position, before)) < network.position("dev-chaincode-assets-definition")


def test_a_definition_waits_for_its_servers(network: Recorder) -> None:
    """Where an image cannot be had, the definition before stays in force, and its server serves it."""
    assert set(network.of("Deployment")) <= set(_after(network, "dev-chaincode-assets-definition"))


def test_installing_does_not_wait_for_the_channel(network: Recorder) -> None:
    """What needs the package alone runs beside the making of the channel."""
    waits = {resource for name in network.of("ChaincodeInstallation") for resource in _after(network, name)}

    assert waits == {"dev-peers-rollout"}


def _after(recorder: Recorder, name: str) -> list[str]:
    """Names of what a resource explicitly depends on."""
    depends_on: Any = recorder.options[name].depends_on
    return [resource._name for resource in depends_on]


def _all_before(recorder: Recorder, name: str) -> set[str]:
    """Names of all that a resource explicitly depends on, and of what these depend on."""
    before: set[str] = set()
    new = {name}
    while new:
        new = {each for known in new for each in _after(recorder, known)} - before
        before |= new
    return before


def test_a_chaincode_server_is_named_by_its_version(network: Recorder) -> None:
    """A new version is another server, to its last name; TLS is for the package's address."""
    deployment = named(network, "Deployment")["assets-one-d0ff59"]
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    environment = {each["name"]: each["value"] for each in container["env"]}

    assert environment["CHAINCODE_ID"] == f"assets_1.0:{HASH}"
    assert environment["CHAINCODE_TLS_DISABLED"] == "false"
    selector = named(network, "Service")["assets-one-d0ff59"]["spec"]["selector"]
    assert selector.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    package = network.of("ChaincodePackage")["dev-chaincode-assets-one-1.0-package"]
    tls = network.of("Certificate")["dev-chaincode-assets-one-1.0-tls"]
    assert package["address"].rpartition(":")[0] in tls["hosts"]


def test_a_chaincode_server_serves_until_its_successor_does(network: Recorder) -> None:
    """Two run while one takes the other's place; the old one ends when nobody is sent to it any more."""
    for deployment in network.of("Deployment").values():
        assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
        pod = deployment["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        seconds = container["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert 0 < seconds < pod.get("terminationGracePeriodSeconds", 30)
        assert container["readinessProbe"]


def test_metadata_is_part_of_every_organizations_package(network: Recorder) -> None:
    """Packages of stacks without any are declared as before."""
    files = {"META-INF/statedb/couchdb/indexes/owner.json": '{"index": {"fields": ["owner"]}}'}
    chaincode = NETWORK["chaincodes"][0]
    packages = record({**NETWORK, "chaincodes": [{**chaincode, "metadata": files}]}).of("ChaincodePackage")

    assert [each["metadata"] for each in packages.values()] == [files] * 2
    assert not any("metadata" in each for each in network.of("ChaincodePackage").values())


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


def test_a_chaincode_connects_to_its_peers_and_dns_alone() -> None:
    """It is code of others; the stack file may open it."""
    chaincode = NETWORK["chaincodes"][0]
    closed, open_ = (
        named(record({**NETWORK, "chaincodes": [{**chaincode, **said}]}), "NetworkPolicy")
        for said in ({}, {"egress": "open"})
    )
    spec = closed["chaincode-assets-one-d0ff59"]["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    peers, dns = spec["egress"]
    assert peers["to"][0]["podSelector"]["matchLabels"]["heddle.dev/organization"] == "one"
    assert {(port["port"], port["protocol"]) for port in dns["ports"]} == {(53, "UDP"), (53, "TCP")}
    assert "egress" not in open_["chaincode-assets-one-d0ff59"]["spec"]


def test_a_chaincode_reads_variables_from_secrets() -> None:
    """Their values are in no output, and not in the state."""
    place = {"API_TOKEN": {"secret": "partner", "key": "token"}}
    chaincode = {**NETWORK["chaincodes"][0], "secretEnvironment": place}
    recorded = record({**NETWORK, "chaincodes": [chaincode]})
    container = named(recorded, "Deployment")["assets-one-d0ff59"]["spec"]["template"]["spec"]["containers"][
        0
    ]

    assert {
        "name": "API_TOKEN",
        "valueFrom": {"secretKeyRef": {"name": "partner", "key": "token"}},
    } in container["env"]


@pytest.mark.parametrize(("nodes", "budgets"), [(1, 0), (3, 1)])
def test_a_budget_keeps_all_but_one_consenter(nodes: int, budgets: int) -> None:
    """A single consenter has none: it would block every drain."""
    declared = record({**NETWORK, "ordering": {"nodes": nodes}}).of("PodDisruptionBudget")

    assert len(declared) == budgets
    assert all(each["spec"]["minAvailable"] == nodes - 1 for each in declared.values())


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
