"""Settings of nodes, images and chaincodes: what of the file reaches the layout."""

from typing import Any

import pytest

from heddle.spec.load import parse_instance
from heddle.topology import NodePlan, Topology, plan
from heddle.versions import COUCHDB_IMAGE, PEER_IMAGE, STANDIN_IMAGE


def laid_out(**options: Any) -> Topology:
    return plan(parse_instance({"name": "dev", "organizations": [{"name": "one"}], **options}, source="test"))


def peers(**settings: Any) -> tuple[NodePlan, NodePlan]:
    (organization,) = laid_out(nodes=settings).organizations
    return organization.nodes[0], organization.nodes[1]


def test_what_is_said_of_a_node_wins_field_by_field() -> None:
    """The kind's other fields stay."""
    first, second = peers(
        peer={
            "resources": {"requests": {"cpu": 1, "memory": "1Gi"}},
            "placement": {"nodeSelector": {"pool": "ledger"}, "zone": "a"},
            "labels": {"team": "x", "tier": "y"},
            "storage": {"class": "fast", "size": "20Gi"},
        },
        **{
            "peer1-one": {
                "resources": {"requests": {"memory": "2Gi"}},
                "placement": {"zone": "b"},
                "labels": {"tier": "z"},
                "storage": {"size": "40Gi"},
            }
        },
    )

    assert first.resources["requests"] == {"cpu": "1", "memory": "1Gi"}
    assert second.resources["requests"] == {"cpu": "1", "memory": "2Gi"}
    assert second.placement.pod_spec() == {
        "nodeSelector": {"pool": "ledger", "topology.kubernetes.io/zone": "b"}
    }
    assert (second.labels, first.labels["tier"]) == ({"team": "x", "tier": "z"}, "y")
    assert (second.storage_class, second.storage_size, first.storage_size) == ("fast", "40Gi", "20Gi")


def test_tolerations_are_as_kubernetes_has_them() -> None:
    """The node's replace the kind's: an empty list takes them away."""
    toleration = {"key": "dedicated", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}
    first, second = peers(
        peer={"placement": {"tolerations": [toleration]}}, **{"peer1-one": {"placement": {"tolerations": []}}}
    )

    assert first.placement.pod_spec() == {"tolerations": [toleration]}
    assert second.placement.pod_spec() == {}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, {"requests": {"cpu": "100m", "memory": "192Mi"}, "limits": {"memory": "4Gi"}}),
        (
            {"limits": {"memory": "128Mi"}},
            {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "128Mi"}},
        ),
        (
            {"requests": {"memory": "8Gi"}},
            {"requests": {"cpu": "100m", "memory": "8Gi"}, "limits": {"memory": "8Gi"}},
        ),
        (
            {"limits": {"cpu": "50m"}},
            {"requests": {"cpu": "50m", "memory": "192Mi"}, "limits": {"memory": "4Gi", "cpu": "50m"}},
        ),
    ],
)
def test_a_default_gives_way_to_what_the_file_says(said: dict[str, Any], expected: dict[str, Any]) -> None:
    """And never contradicts it."""
    assert peers(peer={"resources": said})[0].resources == expected


def test_a_database_has_settings_and_a_claim_of_its_own() -> None:
    """`storage.couchdb` over `storage`, `nodes` over both."""
    databases = laid_out(
        stateDatabase="CouchDB",
        storage={"class": "slow", "size": "10Gi", "couchdb": {"size": "5Gi"}},
        nodes={"couchdb1-one": {"storage": {"class": "fast"}}},
    ).databases

    assert [(each.storage_class, each.storage_size) for each in databases] == [
        ("slow", "5Gi"),
        ("fast", "5Gi"),
    ]
    assert databases[0].address == "couchdb0-one.fabric-dev.svc.cluster.local:5984"


def test_images_come_from_the_mirror_unless_they_are_named() -> None:
    """Upstream's path and tag stay; what is named is taken as it is."""
    images = laid_out(
        images={"registry": "registry.example.com:5000/mirror", "orderer": "docker.io/x/orderer:1"}
    ).images

    assert images.peer == PEER_IMAGE.replace("docker.io", "registry.example.com:5000/mirror")
    assert images.couchdb == COUCHDB_IMAGE.replace("docker.io", "registry.example.com:5000/mirror")
    assert images.orderer == "docker.io/x/orderer:1"


def test_stand_ins_have_an_image_of_their_own() -> None:
    """For both kinds of node, whatever the mirror."""
    images = laid_out(standin=True, images={"registry": "registry.example.com"}).images

    assert (images.peer, images.orderer) == (STANDIN_IMAGE, STANDIN_IMAGE)


@pytest.mark.parametrize(
    ("options", "expected"),
    [({}, "ClusterIP"), ({"exposure": "LoadBalancer"}, "LoadBalancer")],
)
def test_services_without_a_public_address(options: dict[str, Any], expected: str) -> None:
    """A load balancer brings its own address."""
    assert laid_out(**options).service_type == expected


def server_names(*chaincodes: str, organizations: tuple[str, ...] = ("one",)) -> list[str]:
    topology = laid_out(
        organizations=[{"name": name} for name in organizations],
        channels=[{"name": "channel", "organizations": list(organizations)}],
        chaincodes=[
            {"name": name, "version": "1.0", "channel": "channel", "image": "x"} for name in chaincodes
        ],
    )
    return [server.name for chaincode in topology.chaincodes for server in chaincode.servers]


def test_names_of_chaincodes_that_kubernetes_would_refuse_are_told_apart() -> None:
    """Fabric allows capitals, underscores and a hundred characters; two of them never share a server."""
    names = server_names("Asset", "asset", "as-set", "as_set", "1set", "A" * 100, "B" * 100, "peer0")

    assert len(names) == len(set(names)) == 8
    assert names[1].startswith("asset-one-")
    assert max(map(len, names)) <= 63


def test_a_chaincode_is_not_taken_for_another_organizations() -> None:
    """`a` of `b-c` and `a_b` of `c` would read alike in Kubernetes, which has no underscores in names."""
    names = server_names("a", "a_b", organizations=("c", "b-c"))

    assert len(names) == len(set(names)) == 4


def test_a_chaincode_named_like_a_kind_has_the_settings_of_chaincodes() -> None:
    """`nodes.orderer` means orderers."""
    topology = laid_out(
        channels=[{"name": "channel", "organizations": ["one"]}],
        chaincodes=[{"name": "orderer", "version": "1", "channel": "channel", "image": "x"}],
        nodes={"orderer": {"labels": {"kind": "orderer"}}, "chaincode": {"labels": {"kind": "chaincode"}}},
    )

    assert topology.chaincodes[0].servers[0].labels == {"kind": "chaincode"}
    assert {node.labels["kind"] for node in topology.ordering.nodes} == {"orderer"}


def test_a_variable_of_a_node_wins_over_its_kinds_and_over_the_default() -> None:
    """And Go is told to stay below the container's memory, whatever that is."""
    first, second = peers(
        peer={"environment": {"GOGC": "200", "CORE_PEER_VALIDATORPOOLSIZE": "4"}},
        **{"peer1-one": {"environment": {"GOGC": "off"}, "resources": {"limits": {"memory": "1Gi"}}}},
    )
    assert first.environment["GOGC"] == "200"
    assert second.environment["GOGC"] == "off"
    assert second.environment["CORE_PEER_VALIDATORPOOLSIZE"] == "4"
    assert int(second.environment["GOMEMLIMIT"]) == 2**30 * 9 // 10


def test_every_name_ends_with_the_clusters_dns_domain() -> None:
    """Of nodes and their certificates, state databases and chaincode servers."""
    topology = laid_out(
        stateDatabase="CouchDB",
        cluster={"dnsDomain": "k8s.corp.example"},
        channels=[{"name": "c", "organizations": ["one"]}],
        chaincodes=[{"name": "assets", "channel": "c", "version": "1", "image": "x:1"}],
    )
    end = ".fabric-dev.svc.k8s.corp.example"
    hosts = [node.host for node in topology.nodes]
    hosts += [database.host for database in topology.databases]
    hosts += [server.host for chaincode in topology.chaincodes for server in chaincode.servers]

    assert all(host.endswith(end) for host in hosts)
    assert all(node.host in node.tls_hosts for node in topology.nodes)
    assert "cluster.local" not in repr(topology)
