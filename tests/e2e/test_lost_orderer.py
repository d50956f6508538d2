"""An orderer's volume is lost for good, and another index takes its place, under a client's load.

On the cluster of test_network.py, with Raft and with BFT; each instance is gone at the end of its test.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import CLUSTER
from tests.e2e.kube import Kube
from tests.e2e.project import ROOT, Project, fabric_release

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
CONSENSUS = {"raft": 3, "bft": 4}
PATIENCE = 60.0
"""Seconds that the longest pause may take: an election of BFT, on a machine that is busy."""


@dataclass
class Load:
    """The client's process, and its report once it has ended."""

    process: "subprocess.Popen[str]"
    report: dict[str, Any]


@contextmanager
def load(stack: Project) -> Iterator[Load]:
    """Submit a transaction every 100 ms meanwhile."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.load", str(stack.folder), stack.stack],
        cwd=ROOT,
        env=stack.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "begins\n"
        client = Load(process, {})
        try:
            yield client
        finally:
            process.stdin.close()
            said = process.stdout.read()
        client.report = json.loads(said)


@pytest.fixture(params=CONSENSUS)
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
    ordering = {"type": consensus, "nodes": CONSENSUS[consensus], "batch": {"timeout": "200ms"}}
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
    """No transaction is lost and none doubled, also when the update is killed half-way and run again."""
    bft = "bft" in request.node.name
    namespace = f"fabric-lost-{'bft' if bft else 'raft'}"
    with load(network) as client:
        if bft:
            empty_volume(kube, namespace, "orderer2-orderer")
        else:
            lose_volume(kube, namespace, "orderer2-orderer")
        network.edit("ordering", "nodes", value=[0, 1, 3, 4] if bft else [0, 1, 3])
        preview = network.ok("heddle", "preview", CLUSTER)
        killed = network.kill_after(("heddle", "up", CLUSTER, "--yes"), lines=12)
        network.ok("heddle", "up", CLUSTER, "--yes", timeout=600)
    print(f"{client.report['sent']} sent, longest pause {client.report['pause']:.1f} s")

    assert killed, "the run had ended before it was killed"
    assert "WILL BE REFUSED" not in preview
    assert [client.report[part] for part in ("failed", "lost", "doubled")] == [[], [], []]
    assert client.report["pause"] < PATIENCE
    shown = network.ok("heddle", "channel", "show", CLUSTER, "channel")
    assert set(re.findall(r"orderer\d-orderer", shown)) == {
        f"orderer{index}-orderer" for index in ([0, 1, 3, 4] if bft else [0, 1, 3])
    }
    network.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")
    network.ok("heddle", "chaincode", "invoke", CLUSTER, "--name", "assets", "put", "after", "alice", "1")
