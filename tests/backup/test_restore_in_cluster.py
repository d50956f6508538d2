"""A restore and a drill look at what is in the cluster first, and touch nothing that is another's."""

from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import pytest

from heddle.backup.restoring.cluster import expect_free
from heddle.backup.restoring.drill import remove_drill
from heddle.backup.restoring.wanted import Wanted
from heddle.errors import BackupError
from heddle.kube.client import KubeClient
from tests.backup.test_restorable import topology, wanted

BACKUP = "20261129t024500z"
JOBS = f"restore-{BACKUP}"


@dataclass
class Cluster:
    """Answers as an API server would that has these objects, and notes what is deleted."""

    statefulsets: list[Any] = field(default_factory=list)
    pods: list[Any] = field(default_factory=list)
    claims: list[Any] = field(default_factory=list)
    namespace: Any = None
    deleted: list[str] = field(default_factory=list)

    async def items(self, path: str, **_: str) -> list[Any]:
        kinds = {"statefulsets": self.statefulsets, "pods": self.pods, "persistentvolumeclaims": self.claims}
        return kinds[path.rpartition("/")[2]]

    async def lists(self, *paths: str) -> list[list[Any]]:
        return [await self.items(path) for path in paths]

    async def get(self, _: str) -> Any:
        return self.namespace

    async def send(self, method: str, path: str, **_: Any) -> httpx.Response:
        assert method == "DELETE"
        self.deleted.append(path)
        self.namespace = None
        return httpx.Response(200)


def client(cluster: Cluster) -> KubeClient:
    """The double in the place of a client."""
    return cast("KubeClient", cluster)


def named(name: str, **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, **more}}


def pod(name: str, claim: str, **more: Any) -> dict[str, Any]:
    volume = {"name": "ledger", "persistentVolumeClaim": {"claimName": claim}}
    return {**named(name, **more), "spec": {"volumes": [volume]}}


def instance() -> Wanted:
    return wanted(topology())


OWN = {"annotations": {"heddle.dev/restored-from": BACKUP}}
FREE = {
    "nothing": Cluster(),
    "others' objects": Cluster(statefulsets=[named("other")], claims=[named("other")]),
    "what this restore has made": Cluster(
        claims=[named("orderer0-orderer", **OWN)],
        pods=[
            pod(
                "x",
                "orderer0-orderer",
                labels={"batch.kubernetes.io/job-name": f"orderer0-orderer-{JOBS}"},
            )
        ],
    ),
}
REFUSED = {
    "a node": (Cluster(statefulsets=[named("orderer0-orderer")]), "has nodes of this instance: orderer0"),
    "a node and its pod": (
        Cluster(
            statefulsets=[named("orderer0-orderer")],
            pods=[pod("orderer0-orderer-0", "orderer0-orderer"), pod("by-hand", "peer0-org1")],
        ),
        r"has nodes of this instance: orderer0-orderer, pod by-hand\b",
    ),
    "a pod on a claim": (
        Cluster(pods=[pod("by-hand", "peer0-org1")]),
        "has nodes of this instance: pod by-hand",
    ),
    "a claim that a node has used": (
        Cluster(claims=[named("peer0-org1")]),
        "claim peer0-org1, which a node has used",
    ),
    "a claim of another restore": (
        Cluster(claims=[named("peer0-org1", annotations={"heddle.dev/restored-from": "older"})]),
        "made by the restore of backup older",
    ),
}


@pytest.mark.parametrize("cluster", FREE.values(), ids=FREE)
async def test_a_free_namespace_is_taken(cluster: Cluster) -> None:
    """Empty, or as a restore of the same backup that was killed has left it."""
    await expect_free(client(cluster), instance(), BACKUP, JOBS)


@pytest.mark.parametrize(("cluster", "words"), REFUSED.values(), ids=REFUSED)
async def test_what_lives_or_was_used_is_refused(cluster: Cluster, words: str) -> None:
    """An older ledger among newer ones would lose what was ordered since."""
    with pytest.raises(BackupError, match=words):
        await expect_free(client(cluster), instance(), BACKUP, JOBS)


async def test_a_drill_removes_what_a_killed_one_left() -> None:
    """Known by the stack in its label; nothing is no error."""
    left = Cluster(namespace=named("fabric-demo-drill", labels={"heddle.dev/drill": "dev"}))
    assert await remove_drill(client(left), "fabric-demo-drill", "dev")
    assert left.deleted == ["/api/v1/namespaces/fabric-demo-drill"]
    assert not await remove_drill(client(left), "fabric-demo-drill", "dev")


@pytest.mark.parametrize("labels", [{}, {"heddle.dev/drill": "other"}])
async def test_a_drill_never_removes_anothers_namespace(labels: dict[str, str]) -> None:
    """Of the same name by chance, or another stack's drill."""
    cluster = Cluster(namespace=named("fabric-demo-drill", labels=labels))
    with pytest.raises(BackupError, match="no drill of stack 'dev' has made it"):
        await remove_drill(client(cluster), "fabric-demo-drill", "dev")
    assert cluster.deleted == []
