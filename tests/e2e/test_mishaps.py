"""Somebody's slip puts a part out of service: `triage` names the runbook, which mends it or says who must.

On the cluster of test_network.py; the instance is gone at the end. A case is what was done to the instance,
and what its runbook does about it; afterwards that runbook finds nothing, and `up` changes nothing.
"""

import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import kubernetes
import pytest

from tests.e2e.conftest import CLUSTER
from tests.e2e.kube import Kube
from tests.e2e.project import Project, Result, fabric_release

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
NAMESPACE = "fabric-mishaps"
NEEDS_YOU = 3
"""Exit code of a runbook that has done what it could."""


@pytest.fixture(scope="module")
def stack(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Three orderers, of which one may fail, a peer, and the sample chaincode."""
    base = "dev" if fabric_release() else "offline"
    stack = Project.copy(tmp_path_factory.mktemp("mishaps") / "it", stack=CLUSTER, base=base)
    stack.edit_to_smallest("mishaps")
    stack.edit("ordering", "nodes", value=3)
    stack.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")
    yield stack
    stack.ok("heddle", "destroy", CLUSTER, "--yes")


@dataclass(frozen=True)
class Hands:
    """What a person with kubectl does by mistake."""

    kube: Kube

    def objects(self, kind: str, version: str = "apps/v1") -> Any:
        """Return the API of a kind."""
        return kubernetes.dynamic.DynamicClient(self.kube.client).resources.get(
            api_version=version, kind=kind
        )

    def scale_to_zero(self, *names: str) -> None:
        """Scale StatefulSets down, and wait until their pods are gone."""
        for name in names:
            self._patch("StatefulSet", name, {"replicas": 0})
        for name in names:
            self.kube.wait_for_pod(NAMESPACE, f"{name}-0", there=False)

    def stop_servers(self) -> None:
        """Scale the server of the chaincode down."""
        (server,) = self.objects("Deployment").get(namespace=NAMESPACE).items
        self._patch("Deployment", server.metadata.name, {"replicas": 0})

    def break_image(self, name: str) -> None:
        """Give a node an image that nobody has, and a new pod."""
        found = self.objects("StatefulSet").get(name=name, namespace=NAMESPACE)
        container = {"name": found.spec.template.spec.containers[0].name, "image": "registry.invalid/peer:9"}
        self._patch("StatefulSet", name, {"template": {"spec": {"containers": [container]}}})
        self.kube.core.delete_namespaced_pod(f"{name}-0", NAMESPACE)

    def cordon(self, name: str) -> None:
        """Keep pods off the only machine, and delete one."""
        self._take_pods(False)
        self.kube.core.delete_namespaced_pod(f"{name}-0", NAMESPACE)

    def uncordon(self) -> None:
        """Let pods onto the machine again."""
        self._take_pods(True)

    def _take_pods(self, takes: bool) -> None:
        machines = self.objects("Node", "v1")
        (machine,) = machines.get().items
        machines.patch(
            name=machine.metadata.name,
            body={"spec": {"unschedulable": not takes}},
            content_type="application/merge-patch+json",
        )

    def _patch(self, kind: str, name: str, spec: Mapping[str, Any]) -> None:
        self.objects(kind).patch(
            name=name,
            namespace=NAMESPACE,
            body={"spec": spec},
            content_type="application/strategic-merge-patch+json",
        )


@dataclass(frozen=True, kw_only=True)
class Mishap:
    """Describe a slip. says: of the runbook's plan. mends: what a person does where the runbook needs one."""

    does: Callable[[Hands], None]
    runbook: str
    says: str
    mends: Callable[[Hands], None] | None = None


PEER = "peer0-organization"
MISHAPS = {
    "an orderer is scaled down": Mishap(
        does=lambda hands: hands.scale_to_zero("orderer1-orderer"),
        runbook="rejoin-orderer",
        says="orderer1-orderer: somebody scaled it to 0; it is scaled to 1",
    ),
    "two of three orderers are scaled down": Mishap(
        does=lambda hands: hands.scale_to_zero("orderer0-orderer", "orderer2-orderer"),
        runbook="quorum-lost",
        says="of 3 orderers: 1 order, 2 can come back with their ledgers, 0 have lost theirs",
    ),
    "a peer gets an image that nobody has": Mishap(
        does=lambda hands: hands.break_image(PEER),
        runbook="image-pull",
        says=f"{PEER}: somebody gave it registry.invalid/peer:9",
    ),
    "the chaincode's server is scaled down": Mishap(
        does=lambda hands: hands.stop_servers(),
        runbook="chaincode-not-starting",
        says="somebody scaled it to 0; it is scaled to 1",
    ),
    "the machine is cordoned": Mishap(
        does=lambda hands: hands.cordon(PEER),
        runbook="pods-pending",
        says="takes no pods (cordoned): kubectl uncordon",
        mends=lambda hands: hands.uncordon(),
    ),
}


def runbook(stack: Project, name: str, *arguments: str) -> Result:
    """Run a runbook without a question; `--check` only looks."""
    return stack.run("heddle", "runbook", "run", name, "--stack", CLUSTER, "--yes", *arguments)


def expect_well(stack: Project, name: str) -> None:
    """See that the runbook finds nothing any more, that users can work, and that `up` has nothing to do."""
    again = runbook(stack, name)
    assert (again.code, "not this incident" in again.output) == (0, True), again.output
    stack.ok("heddle", "chaincode", "invoke", CLUSTER, "--name", "assets", "put", "after", "ada", "1")
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")


@pytest.mark.parametrize("mishap", MISHAPS.values(), ids=MISHAPS)
def test_a_slip_is_named_and_mended(stack: Project, kube: Kube, mishap: Mishap) -> None:
    """The plan changes nothing; the run mends what it may, and says where it needs a person."""
    hands = Hands(kube)
    mishap.does(hands)
    triage = stack.run("heddle", "runbook", "run", "triage", "--stack", CLUSTER, "--yes")
    while f"runbook run {mishap.runbook} " not in triage.output:  # pods take a while to fail
        assert triage.code in (0, 1), triage.output
        triage = stack.run("heddle", "runbook", "run", "triage", "--stack", CLUSTER, "--yes")

    plan = runbook(stack, mishap.runbook, "--check")
    run = runbook(stack, mishap.runbook)

    assert mishap.says in " ".join(plan.output.split()), plan.output
    if mishap.mends is None:
        assert run.code == 0, run.output
    else:
        assert run.code == NEEDS_YOU, run.output
        mishap.mends(hands)
        kube.wait_for_pod(NAMESPACE, f"{PEER}-0")
    expect_well(stack, mishap.runbook)


def test_a_run_that_was_killed_is_ended_by_the_next(stack: Project, kube: Kube) -> None:
    """It dies as soon as it has begun to act; the next one looks first, and does what is still to be done."""
    Hands(kube).scale_to_zero("orderer0-orderer", "orderer1-orderer")
    command = ("heddle", "runbook", "run", "quorum-lost", "--stack", CLUSTER, "--yes")
    with stack.start(*command) as run:
        for event in Hands(kube).objects("StatefulSet").watch(namespace=NAMESPACE, timeout=300):
            found = event["object"]
            if (
                found.metadata.name == "orderer0-orderer"
                and event["type"] == "MODIFIED"
                and found.spec.replicas
            ):
                run.send_signal(signal.SIGKILL)
                break
        output = run.communicate()[0]
    assert run.returncode == -signal.SIGKILL, output

    ended = runbook(stack, "quorum-lost")

    assert ended.code == 0, ended.output
    expect_well(stack, "quorum-lost")
