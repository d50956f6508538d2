"""A node keeps the class of its claim and the kind of its database; nodes and members come and go."""

import functools
from typing import Any

import httpx
import pytest
from kubernetes.client import Configuration

from heddle.errors import ProviderError
from heddle.kube.apiserver import ApiServer
from heddle.provider import volume_terms
from heddle.provider.session import Session
from tests.provider.harness import CheckFailedError, Engine

TERMS = "heddle:kubernetes:VolumeTerms"
GIVEN: dict[str, Any] = {
    "storageClasses": {"orderer0-one": "", "peer0-one": "fast"},
    "stateDatabases": {"peer0-one": "LevelDB"},
}


async def test_a_claim_keeps_its_class() -> None:
    """The default's own name is another class too: Pulumi would replace the claim for it."""
    engine = Engine()
    await engine.up(TERMS, "terms", GIVEN)
    classes = {"orderer0-one": "standard", "peer0-one": ""}

    with pytest.raises(CheckFailedError) as refusal:
        await engine.preview(TERMS, "terms", {**GIVEN, "storageClasses": classes})

    assert "storageClasses.orderer0-one: 'standard' instead of the default: " in str(refusal.value)
    assert "storageClasses.peer0-one: the default instead of 'fast': " in str(refusal.value)


async def test_a_peer_keeps_its_kind_of_database() -> None:
    """Fabric has no way from one to the other."""
    engine = Engine()
    await engine.up(TERMS, "terms", GIVEN)

    with pytest.raises(CheckFailedError, match=r"stateDatabases\.peer0-one: 'CouchDB' instead of 'LevelDB'"):
        await engine.up(TERMS, "terms", {**GIVEN, "stateDatabases": {"peer0-one": "CouchDB"}})


async def test_nodes_come_and_go() -> None:
    """A node that is made anew, after it was gone, may be of another kind. The same once more is nothing."""
    engine = Engine()
    await engine.up(TERMS, "terms", GIVEN)
    await engine.up(TERMS, "terms", {"storageClasses": {"orderer0-one": ""}, "stateDatabases": {}})
    again = {
        "storageClasses": {"orderer0-one": "", "peer0-one": "slow", "couchdb0-one": ""},
        "stateDatabases": {"peer0-one": "CouchDB"},
    }
    await engine.up(TERMS, "terms", again)

    assert not (await engine.diff(TERMS, "terms", again)).changes


class Cluster:
    """The claims, StatefulSets and pods of one namespace, as a cluster's REST API lists them."""

    def __init__(self) -> None:
        self.lists: dict[str, list[dict[str, Any]]] = {}
        self.asked = 0

    def have(self, name: str, *, volume: str = "pv", leaving: bool = False) -> None:
        """Add a claim."""
        metadata = {"name": name} | ({"deletionTimestamp": "2026-01-01T00:00:00Z"} if leaving else {})
        claim = {"metadata": metadata, "spec": {"volumeName": volume} if volume else {}}
        self.lists.setdefault("persistentvolumeclaims", []).append(claim)

    def run(self, kind: str, name: str, claim: str) -> None:
        """Add a pod or a StatefulSet that mounts a claim."""
        pod = {"volumes": [{"name": "ledger", "persistentVolumeClaim": {"claimName": claim}}]}
        spec = pod if kind == "pods" else {"template": {"spec": pod}}
        owner = [{"kind": "Job", "name": "mend"}]
        found = {"metadata": {"name": name, "ownerReferences": owner}, "spec": spec}
        self.lists.setdefault(kind, []).append({**found, "status": {"phase": "Succeeded"}})

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        kind = request.url.path.rpartition("/")[2]
        return httpx.Response(200, json={"items": self.lists.get(kind, [])})


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    cluster = Cluster()
    client = functools.partial(httpx.AsyncClient, transport=httpx.MockTransport(cluster))
    monkeypatch.setattr("heddle.kube.client.httpx.AsyncClient", client)

    async def api_server(_: Session) -> ApiServer:
        nobody = Configuration()
        return ApiServer(url="http://cluster", tls=None, proxy="", configuration=nobody)

    monkeypatch.setattr(Session, "api_server", api_server)
    return cluster


PLACED = {**GIVEN, "namespace": "fabric-dev", "claims": "retained", "members": {"one": "stays"}}
GROWN = {**PLACED, "storageClasses": {**PLACED["storageClasses"], "orderer1-one": ""}}


async def test_a_new_node_does_not_get_a_used_volume(cluster: Cluster) -> None:
    """The preview says so already, and how to remove it."""
    engine = Engine()
    await engine.up(TERMS, "terms", PLACED)
    cluster.have("orderer1-one")

    for verb in (engine.preview, engine.up):
        with pytest.raises(ProviderError, match="claims orderer1-one") as refusal:
            await verb(TERMS, "terms", GROWN)
        assert "-e leftovers=orderer1-one" in str(refusal.value)


async def test_a_node_that_never_left_keeps_its_volume(cluster: Cluster) -> None:
    """An `up` that was to remove it, and stopped early, is taken back; an unused claim is nobody's."""
    engine = Engine()
    await engine.up(TERMS, "terms", PLACED)
    cluster.have("orderer1-one")
    cluster.run("statefulsets", "orderer1-one", "orderer1-one")
    cluster.have("orderer0-one")
    await engine.up(TERMS, "terms", GROWN)

    cluster.lists = {}
    cluster.have("orderer2-one", volume="")
    more = {**GROWN, "storageClasses": {**GROWN["storageClasses"], "orderer2-one": ""}}
    await engine.up(TERMS, "terms", more)


async def test_a_claim_that_never_goes_names_what_holds_it(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A preview does not wait for it."""
    monkeypatch.setattr(volume_terms, "_PATIENCE", 0.2)
    engine = Engine()
    await engine.up(TERMS, "terms", PLACED)
    cluster.have("orderer1-one", leaving=True)
    cluster.run("pods", "mend-x7", "orderer1-one")

    await engine.preview(TERMS, "terms", GROWN)
    with pytest.raises(ProviderError, match="pod mend-x7 of Job mend") as stuck:
        await engine.up(TERMS, "terms", GROWN)
    assert "orderer1-one" in str(stuck.value)


@pytest.mark.parametrize(
    ("claims", "words"), [("retained", "the volume stays"), ("deleted", "the volume is deleted")]
)
async def test_the_preview_says_what_becomes_of_a_leaving_nodes_volume(
    cluster: Cluster, claims: str, words: str
) -> None:
    """Before anything is done, and again when it is."""
    engine = Engine()
    await engine.up(TERMS, "terms", {**GROWN, "claims": claims})

    await engine.preview(TERMS, "terms", {**PLACED, "claims": claims})

    assert f"orderer1-one: {words}" in engine.log.of("info")[-1]


async def test_a_member_leaves_in_two_steps(cluster: Cluster) -> None:
    """At once is refused before anything is done, also where no preview was shown."""
    engine = Engine()
    await engine.up(TERMS, "terms", {**PLACED, "members": {"one": "stays", "two": "stays"}})
    gone = {**PLACED, "members": {"one": "stays"}}

    for verb in (engine.preview, engine.up):
        with pytest.raises(CheckFailedError, match="organization two is not in the file any more"):
            await verb(TERMS, "terms", gone)

    await engine.up(TERMS, "terms", {**PLACED, "members": {"one": "stays", "two": "may leave"}})
    await engine.up(TERMS, "terms", gone)


async def test_a_state_of_before_shows_no_change(cluster: Cluster) -> None:
    """What was added to the terms is no difference."""
    engine = Engine()
    await engine.up(TERMS, "terms", GIVEN)

    assert not (await engine.diff(TERMS, "terms", PLACED)).changes
