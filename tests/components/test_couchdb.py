"""What `stateDatabase: CouchDB` declares for each peer."""

import pytest

from components import labels
from heddle.kube.jobs import FOR_NODE
from heddle.network.instance import read_instance
from tests.components.declared import named
from tests.components.options import NETWORK, container, from_secrets, pod
from tests.components.recording import Recorder, record


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
