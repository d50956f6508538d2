"""A drill's nodes are the backup's, in a namespace of their own, and cannot meet those that live."""

from typing import Any

import pytest

from heddle.backup.restoring.drill import drill_name
from heddle.backup.restoring.drillobjects import aliases_of, drill_namespace, drill_objects, with_aliases
from heddle.errors import BackupError
from heddle.plugin.values import secret
from heddle.state.resource import Resource

LIVING = "fabric-demo"


def resource(kind: str, manifest: dict[str, Any]) -> Resource:
    return Resource(urn=f"urn:{kind}:{manifest['metadata']['name']}", type=kind, custom=True, inputs=manifest)


def metadata(name: str) -> dict[str, Any]:
    return {"name": name, "namespace": LIVING, "labels": {"heddle.dev/node": name}}


def node(name: str) -> list[Resource]:
    port = {"name": "grpc", "port": 7050, "targetPort": "grpc", "nodePort": 30050}
    service = {"type": "NodePort", "selector": {"heddle.dev/node": name}, "ports": [port]}
    pod = {"containers": [{"name": "orderer", "image": "i"}]}
    return [
        resource(
            "kubernetes:core/v1:Service", {"kind": "Service", "metadata": metadata(name), "spec": service}
        ),
        resource(
            "kubernetes:core/v1:Secret",
            {"kind": "Secret", "metadata": metadata(name), "data": secret({"k": "a2V5"})},
        ),
        resource("kubernetes:core/v1:PersistentVolumeClaim", {"metadata": metadata(name), "spec": {}}),
        resource(
            "kubernetes:apps/v1:StatefulSet",
            {"metadata": metadata(name), "spec": {"template": {"metadata": {}, "spec": pod}}},
        ),
    ]


def server(name: str) -> list[Resource]:
    spec = {"selector": {"heddle.dev/chaincode": name}, "ports": [{"name": "chaincode", "port": 9999}]}
    return [
        resource("kubernetes:core/v1:Service", {"kind": "Service", "metadata": metadata(name), "spec": spec}),
        resource("kubernetes:core/v1:Secret", {"kind": "Secret", "metadata": metadata(name)}),
        resource("kubernetes:apps/v1:Deployment", {"metadata": metadata(name), "spec": {"replicas": 0}}),
    ]


STATE = [*node("orderer0"), *node("peer0"), *node("peer1")]


def test_all_objects_of_its_nodes_move_into_its_namespace() -> None:
    """Theirs alone; secrets as plain values, since the API server takes no others."""
    found = drill_objects(STATE, {"orderer0", "peer0"}, "drill")
    made = [*found.services.values(), *found.stored, *found.statefulsets.values()]
    assert {each["metadata"]["namespace"] for each in made} == {"drill"}
    assert {each["metadata"]["name"] for each in made} == {"orderer0", "peer0"}
    assert {"k": "a2V5"} in [each.get("data") for each in found.stored]
    assert found.others == ("peer1",)


def test_chaincode_servers_come_along_where_they_are_asked() -> None:
    """With Service and Secret, running, also those of a network that slept; else their names lead nowhere."""
    state = [*STATE, *server("assets-org1")]
    without, found = (drill_objects(state, {"peer0"}, "drill", servers=servers) for servers in (False, True))
    assert (without.deployments, "assets-org1" in without.others) == ({}, True)
    assert found.deployments["assets-org1"]["spec"]["replicas"] == 1
    assert found.deployments["assets-org1"]["metadata"]["namespace"] == "drill"
    assert "assets-org1" in found.services
    assert "assets-org1" not in found.others
    assert "assets-org1" in [each["metadata"]["name"] for each in found.stored]


def test_services_are_inside_the_cluster_alone() -> None:
    """The living node has the node port."""
    service = drill_objects(STATE, {"orderer0"}, "drill").services["orderer0"]
    assert service["spec"]["ports"] == [{"name": "grpc", "port": 7050, "targetPort": "grpc"}]
    assert "type" not in service["spec"]


def test_a_node_that_the_state_lacks_is_refused() -> None:
    """It could not be started."""
    with pytest.raises(BackupError, match="no node orderer9"):
        drill_objects(STATE, {"orderer9"}, "drill")


def test_every_name_leads_to_the_drill_or_nowhere() -> None:
    """Also names on ledgers of others' nodes, and of this network's that are not in the drill."""
    hosts = {"orderer0.fabric-demo.svc": "orderer0", "orderer0.example.org": "orderer0"}
    named = {"orderer0.example.org", "peer9.elsewhere.org", "peer1.example.org"}
    aliases = aliases_of({"orderer0": "10.0.0.7"}, hosts, named, ["assets.fabric-demo.svc"])
    assert aliases == [
        {"ip": "10.0.0.7", "hostnames": ["orderer0.example.org", "orderer0.fabric-demo.svc"]},
        {
            "ip": "127.0.0.1",
            "hostnames": ["assets.fabric-demo.svc", "peer1.example.org", "peer9.elsewhere.org"],
        },
    ]
    statefulset = drill_objects(STATE, {"orderer0"}, "drill").statefulsets["orderer0"]
    changed = with_aliases(statefulset, aliases)
    assert changed["spec"]["template"]["spec"]["hostAliases"] == aliases
    assert changed["spec"]["replicas"] == 1  # also of a network that slept when it was backed up
    assert "hostAliases" not in statefulset["spec"]["template"]["spec"]


@pytest.mark.parametrize("address", ["203.0.113.7", "[2001:db8::1]"])
def test_an_address_on_a_ledger_is_refused(address: str) -> None:
    """No hosts file leads it elsewhere."""
    with pytest.raises(BackupError, match="a drill would reach what lives there"):
        aliases_of({}, {}, {address}, [])


def test_its_namespace_is_closed_and_known_again() -> None:
    """By its label, so that nothing else is ever removed; its name fits Kubernetes' limit."""
    namespace, policy = drill_namespace("x", "prod")
    assert namespace["metadata"]["labels"]["heddle.dev/drill"] == "prod"
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert policy["spec"]["egress"] == [{"to": [{"podSelector": {}}]}]
    assert drill_name("fabric-demo") == "fabric-demo-drill"
    assert len(drill_name("n" * 63)) <= 63
