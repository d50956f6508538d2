"""What the options of a stack file change in what a Network declares."""

from typing import Any

import pytest

from components import labels
from heddle.identity.authority import new_authority
from heddle.network.instance import read_instance
from tests.components.declared import named
from tests.components.options import DOMAIN, NETWORK, SERVER, container, pod
from tests.components.recording import record


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
