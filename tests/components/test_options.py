"""What the options of a stack file change in what a Network declares."""

from typing import Any

import pytest
from pulumi.runtime import MockResourceArgs

from components import labels
from heddle.identity.authority import new_authority
from heddle.kube.jobs import FOR_NODE
from heddle.network.instance import read_instance
from tests.components import recording
from tests.components.recording import Recorder, record

NETWORK: dict[str, Any] = {
    "name": "dev",
    "organizations": [{"name": "one", "peers": 2}, {"name": "two", "peers": 1}],
    "channels": [{"name": "channel", "organizations": ["one", "two"]}],
    "chaincodes": [{"name": "assets", "version": "1.0", "channel": "channel", "image": "sample"}],
}
DOMAIN: dict[str, Any] = {
    "domain": "fabric.example.com",
    "ordering": {"organization": {"ports": {"first": 30050}}},
    "organizations": [
        {"name": "one", "peers": 2, "ports": {"first": 30100}},
        {"name": "two", "peers": 1, "ports": {"first": 30200}},
    ],
}
SERVER = "assets-one-d0ff59"


def named(recorder: Recorder, kind: str) -> dict[str, dict[str, Any]]:
    """Objects of a kind by their names in Kubernetes."""
    return {inputs["metadata"]["name"]: inputs for inputs in recorder.of(kind).values()}


def pod(recorder: Recorder, name: str, kind: str = "StatefulSet") -> dict[str, Any]:
    template: dict[str, Any] = named(recorder, kind)[name]["spec"]["template"]
    return template


def container(recorder: Recorder, name: str, kind: str = "StatefulSet") -> dict[str, Any]:
    (only,) = pod(recorder, name, kind)["spec"]["containers"]
    return dict(only)


def variables(recorder: Recorder, name: str, kind: str = "StatefulSet") -> dict[str, str]:
    """Variables with plain values."""
    return {each["name"]: each["value"] for each in container(recorder, name, kind)["env"] if "value" in each}


def from_secrets(recorder: Recorder, name: str) -> dict[str, tuple[str, str]]:
    """Variables out of Secrets: its name and key."""
    return {
        each["name"]: (each["valueFrom"]["secretKeyRef"]["name"], each["valueFrom"]["secretKeyRef"]["key"])
        for each in container(recorder, name)["env"]
        if "valueFrom" in each
    }


def endpoints(recorder: Recorder) -> dict[str, str]:
    instance = read_instance(recorder.instance)
    return {node.name: node.public_endpoint for node in (*instance.orderers, *instance.peers)}


@pytest.fixture(scope="module")
def couchdb() -> Recorder:
    return record({**NETWORK, "stateDatabase": "CouchDB", "storage": {"couchdb": {"size": "20Gi"}}})


def test_every_peer_has_a_database_of_its_own(couchdb: Recorder) -> None:
    """A StatefulSet, a claim, a Secret and a Service per peer, all of one name; orderers have none."""
    databases = ["couchdb0-one", "couchdb0-two", "couchdb1-one"]

    for kind in ("StatefulSet", "PersistentVolumeClaim", "Secret", "Service", "NetworkPolicy"):
        assert sorted(name for name in named(couchdb, kind) if name.startswith("couchdb")) == databases, kind
    claims = named(couchdb, "PersistentVolumeClaim")
    assert claims["couchdb0-one"]["spec"]["resources"]["requests"]["storage"] == "20Gi"
    assert claims["peer0-one"]["spec"]["resources"]["requests"]["storage"] == "10Gi"
    assert couchdb.options["dev-storage-couchdb0-one"].retain_on_delete


def test_a_peer_and_its_database_share_a_password_and_nobody_else(couchdb: Recorder) -> None:
    """The password is in the state and in one Secret; core.yaml has the address alone."""
    password = from_secrets(couchdb, "peer1-one")["CORE_LEDGER_STATE_COUCHDBCONFIG_PASSWORD"]

    assert (
        password == from_secrets(couchdb, "couchdb1-one")["COUCHDB_PASSWORD"] == ("couchdb1-one", "password")
    )
    config = named(couchdb, "ConfigMap")["peer1-one"]["data"]["core.yaml"]
    assert 'couchDBAddress: "couchdb1-one.fabric-dev.svc.cluster.local:5984"' in config
    assert "password of" not in config
    policy = named(couchdb, "NetworkPolicy")["couchdb1-one"]["spec"]
    sources = [source["podSelector"]["matchLabels"] for source in policy["ingress"][0]["from"]]
    assert [source.get("heddle.dev/node") for source in sources] == ["peer1-one", None]
    # A runbook's Job, which drops the database in the stopped peer's place.
    assert sources[1] == {FOR_NODE: "peer1-one"} == {labels.WORKS_FOR: "peer1-one"}
    assert (
        policy["podSelector"]["matchLabels"].items()
        <= pod(couchdb, "couchdb1-one")["metadata"]["labels"].items()
    )


def test_a_database_fits_the_restricted_standard_and_writes_where_it_may(couchdb: Recorder) -> None:
    """The image's own user; what the entry point and CouchDB write is on volumes."""
    spec = pod(couchdb, "couchdb0-one")["spec"]
    security = spec["securityContext"]
    assert (security["runAsNonRoot"], security["runAsUser"], security["fsGroup"]) == (True, 5984, 5984)
    only = container(couchdb, "couchdb0-one")
    assert only["securityContext"]["readOnlyRootFilesystem"] is True
    mounts = {each["mountPath"]: each["name"] for each in only["volumeMounts"]}
    assert mounts.keys() - {"/tmp"} == {"/opt/couchdb/data", "/opt/couchdb/etc/local.d"}  # noqa: S108 - in the pod
    assert set(mounts.values()) == {volume["name"] for volume in spec["volumes"]}
    assert only["readinessProbe"]["httpGet"]["path"] == "/_up"


def test_a_database_restarts_with_its_peer(couchdb: Recorder) -> None:
    """One rollout for the two: the peer's revision tells of both, and its StatefulSet comes second."""
    rollout = couchdb.of("Rollout")["dev-peers-rollout"]
    assert rollout["databases"] == {f"peer{each}": f"couchdb{each}" for each in ("0-one", "1-one", "0-two")}
    assert "databases" not in couchdb.of("Rollout")["dev-orderers-rollout"]

    larger = {"couchdb": {"resources": {"limits": {"memory": "8Gi"}}}}
    changed = record({**NETWORK, "stateDatabase": "CouchDB", "nodes": larger}).of("Rollout")
    assert changed["dev-peers-rollout"]["revisions"] != rollout["revisions"]
    assert set(named(couchdb, "StatefulSet")["couchdb0-one"]["spec"]["updateStrategy"].values()) == {
        "OnDelete"
    }
    order = [each.name for each in couchdb.declared]
    peers = "dev-peers-one"
    assert order.index(f"{peers}-couchdb0-one-statefulset") < order.index(f"{peers}-peer0-one-statefulset")


def test_leveldb_needs_nothing_of_this() -> None:
    """The default: no password, no variable, no second revision."""
    plain = record(NETWORK)

    assert [name for name in plain.of("Password") if "couchdb" in name] == []
    assert from_secrets(plain, "peer0-one") == {}
    assert "stateDatabase: goleveldb" in named(plain, "ConfigMap")["peer0-one"]["data"]["core.yaml"]
    assert {peer.state_database for peer in read_instance(plain.instance).peers} == {""}


def test_consenters_of_bft_are_numbered_for_ever() -> None:
    """Growing the set leaves every number where it was; they have an identity and an organization."""

    def consenters(nodes: int) -> list[dict[str, Any]]:
        declared = record({**NETWORK, "ordering": {"type": "bft", "nodes": nodes}}).of("Channel")
        channel = declared["dev-channel-channel-ledger"]
        assert channel["consensus"] == "BFT"
        assert channel["bft"]["requestBatchMaxInterval"] == "200ms"
        assert "raft" not in channel
        return list(channel["consenters"])

    four, seven = consenters(4), consenters(7)
    assert four == seven[:4]
    assert [each["id"] for each in seven] == [1, 2, 3, 4, 5, 6, 7]
    assert seven[2]["identity"] == "cert of dev-orderers-orderer2-orderer-identity"
    assert seven[2]["mspId"] == "OrdererDevMSP"


def test_raft_stays_as_it_was() -> None:
    """No consensus is named and no number given: what is there does not change."""
    channel = record(NETWORK).of("Channel")["dev-channel-channel-ledger"]

    assert {"consensus", "bft"} & set(channel) == set()
    assert all("id" not in each for each in channel["consenters"])


@pytest.mark.parametrize(("own", "expected"), [({"snapshotIntervalSize": "8 MB"}, 8), ({}, 32)])
def test_the_snapshot_interval_is_the_channels_own_or_the_services(
    own: dict[str, str], expected: int
) -> None:
    """As with batches."""
    channels = [{**NETWORK["channels"][0], **own}]
    stack = {**NETWORK, "channels": channels, "ordering": {"snapshotIntervalSize": "32 MB"}}

    raft = record(stack).of("Channel")["dev-channel-channel-ledger"]["raft"]
    assert raft == {"snapshotIntervalSize": expected * 1024**2}


def test_part_of_the_peers_joins_and_part_of_them_is_announced() -> None:
    """The first ones; the others get no membership and no chaincode."""
    member = {"name": "one", "peers": 1, "anchorPeers": 0}
    recorder = record({**NETWORK, "channels": [{"name": "channel", "organizations": [member, "two"]}]})

    assert sorted(recorder.of("PeerMembership")) == [
        "dev-channel-channel-peer0-one",
        "dev-channel-channel-peer0-two",
    ]
    assert sorted(recorder.of("ChaincodeInstallation")) == [
        "dev-chaincode-assets-peer0-one",
        "dev-chaincode-assets-peer0-two",
    ]
    organizations = recorder.of("Channel")["dev-channel-channel-ledger"]["peerOrganizations"]
    assert [each["anchorPeers"] for each in organizations] == [
        [],
        ["peer0-two.fabric-dev.svc.cluster.local:7051"],
    ]


def test_collections_are_approved_and_committed_alike() -> None:
    """Every field reaches both; the chaincode's own rule is left out where it counts."""
    collections = [
        {"name": "prices", "organizations": ["two", "one"], "requiredPeerCount": 1, "maxPeerCount": 2},
        {
            "name": "notes",
            "policy": "OR('TwoDevMSP.member')",
            "blockToLive": 10,
            "memberOnlyRead": False,
            "memberOnlyWrite": False,
            "endorsementPolicy": "OR('TwoDevMSP.peer')",
        },
    ]
    chaincode = {**NETWORK["chaincodes"][0], "collections": collections, "initRequired": True}
    recorder = record({**NETWORK, "chaincodes": [chaincode]})

    definition = recorder.of("ChaincodeDefinition")["dev-chaincode-assets-definition"]
    approval = recorder.of("ChaincodeApproval")["dev-chaincode-assets-two"]
    assert definition["collections"] == approval["collections"]
    assert (definition["initRequired"], approval["initRequired"]) == (True, True)
    notes, prices = sorted(definition["collections"], key=lambda each: str(each["name"]))
    assert prices == {
        "name": "prices",
        "policy": "OR('OneDevMSP.member','TwoDevMSP.member')",
        "requiredPeerCount": 1,
        "maxPeerCount": 2,
        "blockToLive": 0,
        "memberOnlyRead": True,
        "memberOnlyWrite": True,
    }
    assert (notes["endorsementPolicy"], notes["memberOnlyWrite"]) == ("OR('TwoDevMSP.peer')", False)
    assert set(read_instance(recorder.instance).chaincode("assets").collections) == {"prices", "notes"}


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


def test_settings_of_a_kind_and_of_a_node() -> None:
    """The node's win field by field; Heddle's own labels win always, since selectors hang on them."""
    nodes = {
        "peer": {
            "resources": {"limits": {"memory": "8Gi"}},
            "placement": {"nodeSelector": {"disk": "fast"}, "zone": "z1"},
            "labels": {"team": "a", "heddle": "x"},
            "storage": {"class": "fast"},
        },
        "peer1-one": {"placement": {"zone": "z2"}, "storage": {"size": "99Gi"}},
        "assets": {"labels": {"team": "b"}},
    }
    recorder = record({**NETWORK, "nodes": nodes})

    first, second = pod(recorder, "peer0-one"), pod(recorder, "peer1-one")
    zone = "topology.kubernetes.io/zone"
    assert first["spec"]["nodeSelector"] == {"disk": "fast", zone: "z1"}
    assert second["spec"]["nodeSelector"] == {"disk": "fast", zone: "z2"}
    assert container(recorder, "peer1-one")["resources"]["limits"]["memory"] == "8Gi"
    assert second["metadata"]["labels"]["team"] == "a"
    assert second["metadata"]["labels"]["heddle.dev/node"] == "peer1-one"
    assert pod(recorder, SERVER, "Deployment")["metadata"]["labels"]["team"] == "b"
    claims = named(recorder, "PersistentVolumeClaim")
    assert claims["peer1-one"]["spec"]["storageClassName"] == "fast"
    assert claims["peer1-one"]["spec"]["resources"]["requests"]["storage"] == "99Gi"
    assert "nodeSelector" not in pod(recorder, "orderer0-orderer")["spec"]


def test_images_come_from_the_mirror_with_its_secrets() -> None:
    """Default names at the mirror, named images as they are; every pod pulls with the Secrets."""
    digest = "registry.example.com/peer@sha256:" + "a" * 64
    images = {"registry": "mirror.example.com/hub", "peer": digest, "pullSecrets": ["mirror"]}
    recorder = record({**NETWORK, "stateDatabase": "CouchDB", "images": images})

    assert container(recorder, "peer0-one")["image"] == digest
    assert container(recorder, "orderer0-orderer")["image"].startswith("mirror.example.com/hub/hyperledger/")
    assert container(recorder, "couchdb0-one")["image"].startswith("mirror.example.com/hub/")
    for kind in ("StatefulSet", "Deployment"):
        for name in named(recorder, kind):
            assert pod(recorder, name, kind)["spec"]["imagePullSecrets"] == [{"name": "mirror"}]


def test_with_a_domain_names_and_ports_are_the_same_everywhere() -> None:
    """On the ledger, in core.yaml, at the Service and on the cluster's machines."""
    recorder = record({**NETWORK, **DOMAIN})

    service = named(recorder, "Service")["peer1-one"]["spec"]
    assert service["type"] == "NodePort"
    assert service["ports"] == [
        {"name": "grpc", "port": 30101, "targetPort": "grpc", "protocol": "TCP", "nodePort": 30101}
    ]
    channel = recorder.of("Channel")["dev-channel-channel-ledger"]
    assert [each["port"] for each in channel["consenters"]] == [30050, 30051, 30052]
    assert channel["peerOrganizations"][0]["anchorPeers"] == ["peer0-one.fabric.example.com:30100"]
    config = named(recorder, "ConfigMap")["peer1-one"]["data"]["core.yaml"]
    assert 'externalEndpoint: "peer1-one.fabric.example.com:30101"' in config
    ports = {each["name"]: each["containerPort"] for each in container(recorder, "peer1-one")["ports"]}
    assert ports["grpc"] == 30101
    assert endpoints(recorder)["peer1-one"] == "peer1-one.fabric.example.com:30101"
    # Clients come from anywhere.
    assert "from" not in named(recorder, "NetworkPolicy")["peers-one"]["spec"]["ingress"][0]


def test_a_load_balancer_per_node_has_the_pinned_port() -> None:
    """With a domain nobody waits for its address: names are resolved by whoever runs the domain."""
    service = named(record({**NETWORK, **DOMAIN, "exposure": "LoadBalancer"}), "Service")["peer0-one"]

    assert service["spec"]["type"] == "LoadBalancer"
    assert service["spec"]["ports"][0]["port"] == 30100
    assert "nodePort" not in service["spec"]["ports"][0]
    assert service["metadata"]["annotations"] == {"pulumi.com/skipAwait": "true"}


def test_without_a_domain_a_load_balancers_address_is_awaited_and_told() -> None:
    """It is where clients go; an address or, as some clouds give, a name."""
    recorder = record({**NETWORK, "exposure": "LoadBalancer"})

    service = named(recorder, "Service")["peer0-one"]
    assert service["metadata"]["annotations"] == {
        "pulumi.com/waitFor": "jsonpath={.status.loadBalancer.ingress}"
    }
    assert endpoints(recorder)["peer0-one"] == "192.0.2.7:7051"
    assert named(recorder, "Service")[SERVER]["spec"]["type"] == "ClusterIP"


def test_a_service_that_becomes_a_load_balancer_has_no_address_in_the_preview(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The dry run of an update answers with the status of before."""
    answered = recording.outputs_of

    def dry_run(args: MockResourceArgs) -> dict[str, Any]:
        outputs = answered(args)
        return {**outputs, "status": {"loadBalancer": {}}} if args.typ.endswith(":Service") else outputs

    monkeypatch.setattr(recording, "outputs_of", dry_run)

    assert set(endpoints(record({**NETWORK, "exposure": "LoadBalancer"})).values()) == {""}


def test_an_external_organization_is_a_definition_and_nothing_else() -> None:
    """It enters the channel; nothing is made, signed or run for it."""
    root, tls_root = (
        new_authority(common_name=name, organization="partner").certificate.decode() for name in ("ca", "tls")
    )
    external = {
        "mspId": "PartnerMSP",
        "rootCertificates": [root],
        "tlsRootCertificates": [tls_root],
        "anchorPeers": ["peer0.partner.example.com:7051"],
    }
    stack = {
        **NETWORK,
        **DOMAIN,
        "type": "consortium",
        "organizations": [*DOMAIN["organizations"], {"name": "partner", "external": external}],
        "channels": [{"name": "channel", "organizations": ["partner", "one", "two"]}],
    }
    recorder = record(stack)

    channel = recorder.of("Channel")["dev-channel-channel-ledger"]
    (partner,) = [each for each in channel["peerOrganizations"] if each["name"] == "PartnerMSP"]
    assert partner["anchorPeers"] == ["peer0.partner.example.com:7051"]
    assert (partner["msp"]["rootCertificates"], partner["msp"]["tlsRootCertificates"]) == ([root], [tls_root])
    assert "PartnerMSP" not in [each["mspId"] for each in channel["signers"]]
    assert [each.name for each in recorder.declared if "partner" in each.name] == []
    outside = read_instance(recorder.instance).organization("partner")
    assert (outside.msp_id, outside.ca_certificate, dict(outside.users)) == ("PartnerMSP", root, {})


def test_the_namespace_is_owned_before_it_is_applied() -> None:
    """Server-side apply would take over another's."""
    recorder = record(NETWORK)

    ownership = recorder.of("NamespaceOwnership")["dev-cluster-ownership"]
    assert (ownership["namespace"], ownership["instance"]) == ("fabric-dev", "dev")
    assert recorder.position("dev-cluster-ownership") < recorder.position("dev-cluster-namespace")


def test_a_claim_waits_for_what_refuses_another_class() -> None:
    """The terms name every claim and every peer's kind of database; registered first, they stop the rest."""
    recorder = record({**NETWORK, "stateDatabase": "CouchDB", "storage": {"class": "fast"}})
    terms = recorder.of("VolumeTerms")["dev-storage-terms"]
    claims = recorder.of("PersistentVolumeClaim")

    assert set(terms["storageClasses"].values()) == {"fast"}
    assert {f"dev-storage-{node}" for node in terms["storageClasses"]} == set(claims)
    assert set(terms["stateDatabases"].values()) == {"CouchDB"}
    assert recorder.position("dev-storage-terms") < min(map(recorder.position, claims))


def test_annotations_reach_pods_and_services() -> None:
    """Of nodes, databases and chaincodes; Heddle's own stay, and a changed one is a new template."""
    said = {"annotations": {"mesh/inject": "false"}, "serviceAnnotations": {"cloud/internal": "true"}}
    settings = dict.fromkeys(("orderer", "peer", "couchdb", "chaincode"), said)
    recorder = record({**NETWORK, "stateDatabase": "CouchDB", "nodes": settings})

    names = ("orderer0-orderer", "peer0-one", "couchdb0-one", SERVER)
    for name in names:
        annotations = pod(recorder, name, "Deployment" if name == SERVER else "StatefulSet")["metadata"]
        assert annotations["annotations"]["mesh/inject"] == "false"
        assert "heddle.dev/checksum" in annotations["annotations"]
        service = named(recorder, "Service")[name]["metadata"]["annotations"]
        assert service == {"cloud/internal": "true", **labels.SKIP_AWAIT}


@pytest.mark.parametrize(("users", "expected"), [("fixed", 1000), ("cluster", None)])
def test_user_numbers_may_be_left_to_the_cluster(users: str, expected: int | None) -> None:
    """OpenShift gives every namespace its own, and refuses pods that name others."""
    recorder = record({**NETWORK, "cluster": {"podUsers": users}})
    for name, kind in (("peer0-one", "StatefulSet"), (SERVER, "Deployment")):
        security = pod(recorder, name, kind)["spec"]["securityContext"]
        assert [security.get(key) for key in ("runAsUser", "runAsGroup", "fsGroup")] == [expected] * 3
        assert security["runAsNonRoot"] is True


@pytest.mark.parametrize("keeps", [True, False])
def test_a_kept_namespace_takes_nothing_along(keeps: bool) -> None:
    """It stays when the stack is destroyed, so every object in it has to be deleted by itself."""
    recorder = record({**NETWORK, "disposable": True, "cluster": {"keepNamespace": keeps}})

    assert bool(recorder.options["dev-cluster-namespace"].retain_on_delete) is keeps
    for name in recorder.objects():
        if name != "dev-cluster-namespace":
            assert (recorder.options[name].deleted_with is None) is keeps, name
