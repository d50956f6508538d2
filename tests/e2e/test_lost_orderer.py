"""An orderer's volume is lost for good, and another index takes its place, under a client's load.

On the cluster of test_network.py, with Raft and with BFT; each instance is gone at the end of its test.
"""

import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.conftest import CLUSTER
from tests.e2e.kube import Kube
from tests.e2e.load import load
from tests.e2e.project import Project, fabric_release

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A network that bears the loss of orderer2, and what its stack file names afterwards.

    emptied: the volume stays and is empty; else it is gone. killed: the nodes of an `up` that is killed
    half-way. wanted: those of the `up` after it. later: what each further `up` names: gateways of peers must
    have learned of those before.
    """

    nodes: int
    emptied: bool
    killed: Sequence[int]
    wanted: Sequence[int]
    later: Sequence[Sequence[int]] = ()


CASES = {
    "raft": Case(nodes=3, emptied=False, killed=[0, 1, 3], wanted=[0, 1, 4]),
    "bft": Case(
        nodes=4,
        emptied=True,
        killed=[0, 1, 3, 4],
        wanted=[0, 1, 3, 4],
        later=[[0, 3, 4, 5], [0, 4, 5, 6]],
    ),
}
PATIENCE = 60.0
"""Seconds that the longest pause may take: an election of BFT, on a machine that is busy."""


@pytest.fixture(params=CASES)
def network(
    request: pytest.FixtureRequest, project: Project, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """As few orderers as bear the loss of one, and a peer."""
    assert project.stack == CLUSTER
    consensus = str(request.param)
    base = "dev" if fabric_release() else "offline"
    stack = Project.copy(tmp_path_factory.mktemp("lost") / consensus, stack=CLUSTER, base=base)
    stack.edit("name", value=f"lost-{consensus}")
    stack.edit("publicAddress", value="none")
    ordering = {"type": consensus, "nodes": CASES[consensus].nodes, "batch": {"timeout": "200ms"}}
    stack.edit("ordering", value=ordering)
    stack.edit("organizations", value=[{"name": "organization", "peers": 1}])
    stack.ok("heddle", "up", CLUSTER, "--yes", timeout=600)
    yield stack
    stack.ok("heddle", "destroy", CLUSTER, "--yes")


def lose_volume(kube: Kube, namespace: str, claim: str) -> None:
    """Delete a claim with its data; the pod cannot start any more."""
    kube.core.delete_namespaced_persistent_volume_claim(claim, namespace)
    kube.core.delete_namespaced_pod(f"{claim}-0", namespace)


def empty_volume(kube: Kube, namespace: str, claim: str) -> None:
    """Lose what is on a volume; the pod starts again, answers, and has no ledger."""
    found = kube.core.list_persistent_volume().items
    (volume,) = (
        one for one in found if (one.spec.claim_ref.namespace, one.spec.claim_ref.name) == (namespace, claim)
    )
    for path in Path(volume.spec.local.path).iterdir():
        shutil.rmtree(path)
    kube.replace_pod(namespace, f"{claim}-0")


def test_another_index_takes_the_place_of_a_lost_orderer(
    network: Project, kube: Kube, request: pytest.FixtureRequest
) -> None:
    """No transaction is lost and none doubled, also when the update is killed half-way and run again.

    With Raft the second run is to take yet another index: the one that the killed run has begun with goes.
    """
    consensus = request.node.callspec.params["network"]
    case, namespace = CASES[consensus], f"fabric-lost-{consensus}"
    with load(network) as client:
        (empty_volume if case.emptied else lose_volume)(kube, namespace, "orderer2-orderer")
        network.edit("ordering", "nodes", value=list(case.killed))
        preview = network.ok("heddle", "preview", CLUSTER)
        killed = network.kill_after(("heddle", "up", CLUSTER, "--yes"), lines=12)
        network.edit("ordering", "nodes", value=list(case.wanted))
        network.ok("heddle", "up", CLUSTER, "--yes", timeout=600)
        for nodes in case.later:
            network.edit("ordering", "nodes", value=list(nodes))
            network.ok("heddle", "up", CLUSTER, "--yes", timeout=600)

    assert killed, "the run had ended before it was killed"
    assert "WILL BE REFUSED" not in preview
    client.report.expect_all(pause=PATIENCE)
    shown = network.ok("heddle", "channel", "show", CLUSTER, "channel")
    assert set(re.findall(r"orderer\d-orderer", shown)) == {
        f"orderer{index}-orderer" for index in [case.wanted, *case.later][-1]
    }
    network.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")
    network.ok("heddle", "chaincode", "invoke", CLUSTER, "--name", "assets", "put", "after", "alice", "1")
