"""What a chaincode declares: packages, approvals, definitions and servers."""

from tests.components.declared import NETWORK, named, waits_for
from tests.components.recording import HASH, Recorder, record


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
    assert set(network.of("Deployment")) <= set(waits_for(network, "dev-chaincode-assets-definition"))


def test_installing_does_not_wait_for_the_channel(network: Recorder) -> None:
    """What needs the package alone runs beside the making of the channel."""
    waits = {
        resource for name in network.of("ChaincodeInstallation") for resource in waits_for(network, name)
    }

    assert waits == {"dev-peers-rollout"}


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
