"""A node keeps the class of its claim and the kind of its database; nodes and members come and go."""

from typing import Any

import httpx
import pytest

from heddle.errors import ProviderError
from heddle.kube.withdrawal import is_marked
from heddle.provider import volume_terms, volumes
from tests.provider.harness import CheckFailedError, Engine, answer_api_server

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
    answer_api_server(monkeypatch, cluster)
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


class Storage:
    """A cluster's claims and classes: it takes what Kubernetes takes, and grows volumes when told to."""

    def __init__(self) -> None:
        self.claims: dict[str, dict[str, Any]] = {}
        self.classes: dict[str, bool] = {}
        self.refuses = ""
        self.classes_forbidden = False
        self.asked: list[tuple[str, str, str]] = []
        self.marked: list[str] = []

    def have(self, name: str, size: str, *, class_name: str = "fast", bound: bool = True) -> None:
        status = {"capacity": {"storage": size}} if bound else {}
        spec = {
            "volumeName": f"pv-{name}" if bound else "",
            "storageClassName": class_name,
            "resources": {"requests": {"storage": size}},
        }
        self.claims[name] = {"metadata": {"name": name}, "spec": spec, "status": status}

    def grow(self, name: str, size: str, *conditions: str) -> None:
        """Have the claim ask for a size; with conditions the volume is not that large yet."""
        claim = self.claims[name]
        claim["spec"]["resources"]["requests"]["storage"] = size
        claim["status"]["conditions"] = [{"type": each, "status": "True"} for each in conditions]
        if not conditions:
            claim["status"]["capacity"]["storage"] = size

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path, name = request.url.path, request.url.path.rpartition("/")[2]
        self.asked.append((request.method, path, request.url.params.get("dryRun", "")))
        if "storageclasses" in path:
            if self.classes_forbidden:
                return httpx.Response(403, json={"message": "storageclasses is forbidden"})
            if name not in self.classes:
                return httpx.Response(404, json={"message": "not found"})
            return httpx.Response(200, json={"allowVolumeExpansion": self.classes[name]})
        if request.method == "PATCH" and "/pods/" in path:
            self.marked.append(name)
            return httpx.Response(200, json={})
        if request.method == "PATCH":
            assert request.url.params["dryRun"] == "All", "claims are patched by their own resources"
            if self.refuses:
                return httpx.Response(403, json={"message": self.refuses})
            return httpx.Response(200, json={})
        if name == "statefulsets":
            return httpx.Response(200, json={"items": [_mounting(claim) for claim in self.claims]})
        return httpx.Response(200, json={"items": list(self.claims.values())})


def _mounting(claim: str) -> dict[str, Any]:
    volumes = [{"name": "ledger", "persistentVolumeClaim": {"claimName": claim}}]
    return {"metadata": {"name": claim}, "spec": {"template": {"spec": {"volumes": volumes}}}}


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Storage:
    storage = Storage()
    answer_api_server(monkeypatch, storage)
    storage.have("peer0-one", "10Gi")
    storage.classes["fast"] = True
    return storage


SIZED = {**PLACED, "storageSizes": {"peer0-one": "10Gi"}}
LARGER = {**PLACED, "storageSizes": {"peer0-one": "20Gi"}}


async def _refused(engine: Engine, inputs: dict[str, Any]) -> str:
    """Both say the same: preview, and `up` before any claim is touched."""
    words = set()
    for verb in (engine.preview, engine.up):
        with pytest.raises(ProviderError) as refusal:
            await verb(TERMS, "terms", inputs)
        words.add(str(refusal.value))
    (said,) = words
    return said


async def test_a_volume_grows_where_its_class_allows_it(storage: Storage) -> None:
    """The API server is asked by a dry run; nothing is changed here."""
    engine = Engine()
    await engine.up(TERMS, "terms", SIZED)
    await engine.preview(TERMS, "terms", LARGER)
    await engine.up(TERMS, "terms", LARGER)
    writes = {(path, dry) for method, path, dry in storage.asked if method != "GET"}
    assert writes == {("/api/v1/namespaces/fabric-dev/persistentvolumeclaims/peer0-one", "All")}


async def test_a_class_that_lets_nothing_grow_is_said_before(storage: Storage) -> None:
    """So is one that is gone, and a claim without a volume, as a pod that never started leaves it."""
    engine = Engine()
    await engine.up(TERMS, "terms", SIZED)
    storage.classes["fast"] = False
    said = await _refused(engine, LARGER)
    assert "peer0-one: 10Gi → 20Gi: its StorageClass fast does not let volumes grow" in said
    assert "Nothing was changed. Put the old size back; or let a node" in said

    storage.classes.clear()
    assert "there is no StorageClass fast any more" in await _refused(engine, LARGER)
    storage.have("peer0-one", "10Gi", class_name="")
    assert "its volume is of no StorageClass" in await _refused(engine, LARGER)
    storage.have("peer0-one", "10Gi", bound=False)
    assert "it has no volume yet; its pod must start first" in await _refused(engine, LARGER)


async def test_what_only_the_api_server_knows_is_said_in_its_words(storage: Storage) -> None:
    """A quota, or the class itself for who may not read classes."""
    engine = Engine()
    await engine.up(TERMS, "terms", SIZED)
    storage.classes_forbidden, storage.refuses = True, "exceeded quota: small"
    assert "peer0-one: 10Gi → 20Gi: API server: PATCH" in (said := await _refused(engine, LARGER))
    assert "exceeded quota: small" in said


async def test_no_volume_shrinks(storage: Storage) -> None:
    """Neither below what the file said, nor below what somebody gave it meanwhile."""
    engine = Engine()
    await engine.up(TERMS, "terms", SIZED)
    smaller = {**PLACED, "storageSizes": {"peer0-one": "5120Mi"}}
    with pytest.raises(CheckFailedError, match=r"storageSizes.peer0-one: 5120Mi instead of 10Gi: no volume"):
        await engine.preview(TERMS, "terms", smaller)
    storage.grow("peer0-one", "40Gi")
    assert "peer0-one: 40Gi → 20Gi: no volume shrinks" in await _refused(engine, LARGER)


async def test_a_state_of_before_knows_no_sizes(storage: Storage) -> None:
    """What the claims ask for counts then: a larger one is left alone, a smaller one must be able to grow."""
    engine = Engine()
    await engine.up(TERMS, "terms", PLACED)
    storage.grow("peer0-one", "40Gi")
    await engine.up(TERMS, "terms", SIZED)

    engine = Engine()
    await engine.up(TERMS, "terms", PLACED)
    storage.have("peer0-one", "5Gi")
    storage.classes["fast"] = False
    assert "peer0-one: 5Gi → 10Gi: its StorageClass fast" in await _refused(engine, SIZED)


VOLUMES = "heddle:kubernetes:Volumes"


def _volumes(size: str) -> dict[str, Any]:
    return {"namespace": "fabric-dev", "sizes": {"peer0-one": size}}


async def test_an_update_ends_when_the_volume_is_larger(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The preview names it; while the storage system has not enlarged it, the update says what it does."""
    monkeypatch.setattr(volumes, "_PATIENCE", 0.2)
    monkeypatch.setattr(volumes, "_NODE_STEP", 0.1)
    engine = Engine()
    await engine.up(VOLUMES, "volumes", _volumes("10Gi"))
    _, message = await engine.preview(VOLUMES, "volumes", _volumes("20Gi"))
    assert message == "a volume gets larger\npeer0-one: 10Gi → 20Gi"
    storage.grow("peer0-one", "20Gi", "Resizing")
    with pytest.raises(ProviderError, match="peer0-one: 10Gi of 20Gi, Resizing"):
        await engine.up(VOLUMES, "volumes", _volumes("20Gi"))
    storage.grow("peer0-one", "20Gi")
    await engine.up(VOLUMES, "volumes", _volumes("20Gi"))
    assert storage.marked == []


async def test_a_file_system_that_grows_at_a_start_has_its_pod_restart(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pod is marked, and counts as outdated: its rollout restarts it when it is its turn."""
    monkeypatch.setattr(volumes, "_NODE_STEP", 0.1)
    engine = Engine()
    await engine.up(VOLUMES, "volumes", _volumes("10Gi"))
    storage.grow("peer0-one", "20Gi", "FileSystemResizePending")
    await engine.up(VOLUMES, "volumes", _volumes("20Gi"))
    assert storage.marked == ["peer0-one-0"]
    assert is_marked({"annotations": {"heddle.dev/to-restart": "true"}})
