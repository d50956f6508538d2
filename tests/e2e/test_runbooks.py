"""The runbooks on a network of their own: its ledger is broken for real, and what it leaves is real.

On the cluster of test_network.py. Two organizations of one peer each: the hardest case, since nobody hands
over again what such a peer alone holds.
"""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import kubernetes
import pytest

from tests.e2e.conftest import CLUSTER
from tests.e2e.kube import Kube
from tests.e2e.project import Project, Result, fabric_release
from tests.programs import needs

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
NAMESPACE = "fabric-pair"
BLOCKS = "ledgersData/chains/chains/channel/blockfile_000000"
INDEX = "ledgersData/chains/index"


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


def scale(apps: kubernetes.client.AppsV1Api, kube: Kube, replicas: int) -> None:
    """Stop peer0-north and wait until its pod is gone, or let it start."""
    apps.patch_namespaced_stateful_set_scale("peer0-north", NAMESPACE, {"spec": {"replicas": replicas}})
    if not replicas:
        wait_until(kube, "peer0-north-0", ended=False)


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
    scale(apps, kube, 0)
    spoil(folder / BLOCKS)
    scale(apps, kube, 1)
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


@dataclass(frozen=True, kw_only=True)
class Damage:
    """Random bytes in one part of a ledger, and the way out.

    file: where, below the volume; its middle if `middle`, else the whole file. noticed: the peer cannot
    open its ledger. remedy: what is asked for. does: what the plan says.
    """

    file: str
    middle: bool
    noticed: bool
    remedy: str
    does: str


DAMAGES = {
    "index": Damage(
        file=f"{INDEX}/MANIFEST-*", middle=False, noticed=True, remedy="auto", does="peer node rebuild-dbs"
    ),
    "block": Damage(
        file=BLOCKS,
        middle=True,
        noticed=False,
        remedy="refetch",
        does="rename its ledger to set-aside-DATE-blocks",
    ),
}


@needs("orderer", "peer")
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damage_of_one_part_alone_is_mended(
    pair: Project, kube: Kube, apps: kubernetes.client.AppsV1Api, damage: Damage
) -> None:
    """The index alone keeps the peer down; a block in the middle is seen by `channel verify` alone."""
    assets(pair, "invoke", "put", "crate-3", "north", "22", "--org", "north")
    assets(pair, "invoke", "putPrice", "crate-3", "--transient", "price=4712", "--org", "north")
    (file,) = Path(volume(kube, "peer0-north").spec.local.path).glob(damage.file)
    scale(apps, kube, 0)
    with file.open("r+b") as content:
        size = file.stat().st_size
        content.seek(size // 2 if damage.middle else 0)
        content.write(os.urandom(3000 if damage.middle else size))
    scale(apps, kube, 1)
    if damage.noticed:
        wait_until(kube, "peer0-north-0", ended=True)
    verified = pair.run("heddle", "channel", "verify", CLUSTER, "channel", "--node", "peer0-north")

    arguments = ("-e", "peer=peer0-north", "-e", f"remedy={damage.remedy}")
    plan = runbook(pair, "rejoin-peer", *arguments, "--check")
    since = time.monotonic()
    mended = runbook(pair, "rejoin-peer", *arguments)

    print(f"rejoin-peer: {time.monotonic() - since:.0f} s")
    assert verified.code == 1, verified.output
    assert damage.does in plan.output, plan.output
    assert mended.code == 0, mended.output
    pair.ok("heddle", "channel", "verify", CLUSTER, "channel")
    price = ("getPrice", "crate-3", "--org", "north", "--peer", "peer0-north")
    assert "4712" in assets(pair, "query", *price)
    pair.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")


@needs("orderer", "peer")
def test_ctrl_c_leaves_no_job_on_the_claim(pair: Project, kube: Kube) -> None:
    """The run is cut off while its Job works; the peer is back, and the next run ends what it began."""
    batch = kubernetes.client.BatchV1Api(kube.client)
    words = ("-e", "peer=peer0-north", "-e", "remedy=rebuild")
    watch = kubernetes.watch.Watch()
    command = ("heddle", "runbook", "run", "rejoin-peer", "--stack", CLUSTER, "--yes", *words)
    with pair.start(*command) as run:
        events = watch.stream(batch.list_namespaced_job, NAMESPACE, timeout_seconds=300)
        job = next(events)["object"].metadata.name
        run.send_signal(signal.SIGINT)
        since = time.monotonic()
        output, _ = run.communicate()
    watch.stop()
    print(f"Ctrl-C while {job} worked: ended within {time.monotonic() - since:.0f} s")

    assert run.returncode, output
    assert not [name for name in kube.names_in(NAMESPACE) if name.startswith(("Job/", f"Pod/{job}"))]
    again = runbook(pair, "rejoin-peer", "-e", "peer=peer0-north")
    assert again.code == 0, again.output
    pair.ok("heddle", "status", CLUSTER)
    pair.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")


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
