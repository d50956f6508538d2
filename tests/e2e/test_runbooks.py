"""The runbooks on a network of their own: its ledger is broken for real, and what it leaves is real.

On the cluster of test_network.py. Two organizations of one peer each: the hardest case, since nobody hands
over again what such a peer alone holds.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import kubernetes
import pytest

from tests.e2e.conftest import CLUSTER
from tests.e2e.kube import Kube
from tests.e2e.project import Project, Result, fabric_release

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
NAMESPACE = "fabric-pair"
BLOCKS = "ledgersData/chains/chains/channel/blockfile_000000"


@pytest.fixture(scope="module")
def pair(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """One orderer, two organizations with a peer each, prices that both hold."""
    base = "dev" if fabric_release() else "offline"
    stack = Project.copy(tmp_path_factory.mktemp("runbooks") / "pair", stack=CLUSTER, base=base)
    stack.edit("name", value="pair")
    stack.edit("publicAddress", value="none")
    stack.edit("ordering", value={"type": "raft", "nodes": 1, "batch": {"timeout": "500ms"}})
    stack.edit("organizations", value=[{"name": "north", "peers": 1}, {"name": "south", "peers": 1}])
    stack.edit("channels", 0, "organizations", value=["north", "south"])
    stack.edit(
        "chaincodes", 0, "collections", value=[{"name": "prices", "organizations": ["north", "south"]}]
    )
    stack.ok("heddle", "up", CLUSTER, "--yes")
    yield stack
    stack.ok("heddle", "destroy", CLUSTER, "--yes")


@pytest.fixture(scope="module")
def apps(project: Project) -> kubernetes.client.AppsV1Api:
    """StatefulSets."""
    path = project.administrator(CLUSTER)
    return kubernetes.client.AppsV1Api(kubernetes.config.new_client_from_config(str(path)))


def runbook(stack: Project, name: str, *arguments: str) -> Result:
    """Run a runbook without a question; `--check` only looks."""
    return stack.run("heddle", "runbook", "run", name, "--stack", CLUSTER, "--yes", *arguments)


def assets(stack: Project, verb: str, *arguments: str) -> str:
    """Ask the sample chaincode, or submit to it."""
    return stack.ok("heddle", "chaincode", verb, CLUSTER, "--name", "assets", *arguments)


def volume(kube: Kube, claim: str) -> kubernetes.client.V1PersistentVolume:
    """The volume that a claim has or had."""
    found = kube.core.list_persistent_volume().items
    return next(
        one for one in found if (one.spec.claim_ref.namespace, one.spec.claim_ref.name) == (NAMESPACE, claim)
    )


def spoil(blocks: Path) -> None:
    """Make a block file one that no peer opens: real ones miss its end, stand-ins read all of it."""
    if fabric_release():
        with blocks.open("r+b") as file:
            file.truncate(3000)
    else:
        content = blocks.read_bytes()
        blocks.write_bytes(content[:64] + b"\xff" * (len(content) - 64))


def wait_until(kube: Kube, pod: str, *, ended: bool) -> None:
    """Until a pod's container has ended with a failure, or the pod is gone."""
    for _ in range(300):
        found = kube.core.list_namespaced_pod(NAMESPACE, field_selector=f"metadata.name={pod}").items
        if not ended and not found:
            return
        for status in (found[0].status.container_statuses or []) if found and ended else []:
            if status.state.terminated or status.last_state.terminated:
                return
        time.sleep(0.2)
    raise AssertionError(f"{pod} has not {'failed' if ended else 'gone'}")


def test_a_broken_ledger_is_seen_and_mended(
    pair: Project, kube: Kube, apps: kubernetes.client.AppsV1Api
) -> None:
    """The peer crashes on its blocks; a plan changes nothing; the run brings it back, private data too.

    Afterwards it is level, endorses alone, and another run and another `up` find nothing to do.
    """
    assets(pair, "invoke", "put", "crate-1", "north", "20", "--org", "north")
    assets(pair, "invoke", "putPrice", "crate-1", "--transient", "price=4711", "--org", "north")
    folder = Path(volume(kube, "peer0-north").spec.local.path)
    apps.patch_namespaced_stateful_set_scale("peer0-north", NAMESPACE, {"spec": {"replicas": 0}})
    wait_until(kube, "peer0-north-0", ended=False)
    spoil(folder / BLOCKS)
    apps.patch_namespaced_stateful_set_scale("peer0-north", NAMESPACE, {"spec": {"replicas": 1}})
    wait_until(kube, "peer0-north-0", ended=True)
    before = sorted(path.name for path in folder.iterdir())

    plan = runbook(pair, "rejoin-peer", "-e", "peer=peer0-north", "--check")
    refused = runbook(pair, "rejoin-peer", "-e", "peer=peer0-north", "-e", "remedy=set-aside")

    assert plan.code == 0, plan.output
    assert "rename its ledger to set-aside-DATE-blocks" in plan.output
    assert refused.code == 1
    assert "private data would be lost, so nothing was changed" in refused.output
    assert sorted(path.name for path in folder.iterdir()) == before

    mended = runbook(pair, "rejoin-peer", "-e", "peer=peer0-north")

    assert mended.code == 0, mended.output
    assert "✓ The peer's ledgers are level with those of all other nodes." in mended.output
    assert [path for path in folder.iterdir() if path.name.startswith("set-aside-")]
    price = ("getPrice", "crate-1", "--org", "north", "--peer", "peer0-north")
    assert "4711" in assets(pair, "query", *price)
    assets(pair, "invoke", "put", "crate-2", "north", "21", "--org", "north", "--peer", "peer0-north")
    again = runbook(pair, "rejoin-peer", "-e", "peer=peer0-north")
    assert again.code == 0, again.output
    assert "nothing changed" in again.output
    pair.ok("heddle", "preview", CLUSTER, "--expect-no-changes")


def test_nothing_of_a_living_instance_is_residue(pair: Project) -> None:
    """A living instance is refused with the signs of its life."""
    refused = runbook(pair, "clean-residue", "-e", "instance=pair")

    assert refused.code == 1
    assert "lives, nothing of it is touched" in refused.output


def test_what_a_deleted_instance_left_goes(pair: Project, kube: Kube) -> None:
    """A retained volume stays with its folder until the runbook; a second run finds nothing."""
    left = volume(kube, "peer0-north")
    keep = {"spec": {"persistentVolumeReclaimPolicy": "Retain"}}
    kube.core.patch_persistent_volume(left.metadata.name, keep)
    pair.ok("heddle", "destroy", CLUSTER, "--yes")
    folder = Path(left.spec.local.path)
    assert kube.volumes() == [left.metadata.name]

    plan = runbook(pair, "clean-residue", "-e", "instance=pair", "--check")

    assert plan.code == 0, plan.output
    assert folder.is_dir()
    assert f"volume {left.metadata.name}" in plan.output
    cleaned = runbook(pair, "clean-residue", "-e", "instance=pair")
    assert cleaned.code == 0, cleaned.output
    assert kube.volumes() == []
    assert not folder.exists()
    again = runbook(pair, "clean-residue", "-e", "instance=pair")
    assert "nothing changed" in again.output
