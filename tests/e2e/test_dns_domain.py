"""A stack file that is wrong about its cluster's DNS domain is refused before all else; a right one runs.

The first test is on the cluster of test_network.py. The others are on one whose names do not end with
cluster.local, which costs minutes: only with HEDDLE_REQUIRE=clusters. Its DNS can ask nobody outside.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import programs
from tests.clusters import local_cluster
from tests.e2e.conftest import CLUSTER
from tests.e2e.kube import Kube
from tests.e2e.project import Project, Result, fabric_release, load_images

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
DOMAIN = "k8s.corp.example"
NAME = f"{CLUSTER}-dns"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """One orderer, one peer, a chaincode; the stack file does not say yet that the domain is another one."""
    programs.need_asking(programs.CLUSTERS)
    folder = tmp_path_factory.mktemp("dns")
    release = fabric_release()
    stack = Project.copy(folder / "project", stack=NAME, base="dev" if release else "offline")
    with local_cluster(NAME, "--dns-domain", DOMAIN, environment=stack.environment) as kubeconfig:
        load_images(stack, folder, cluster=NAME, release=release)
        stack.edit_to_smallest("elsewhere")
        stack.edit("cluster", value={"kubeconfig": str(kubeconfig)})
        yield stack


def test_a_domain_that_the_cluster_has_not_is_refused(project: Project, kube: Kube, tmp_path: Path) -> None:
    """Names that nobody in this cluster finds would go into certificates and onto the ledger."""
    stack = Project.copy(tmp_path / "project", stack=CLUSTER, base="offline")
    stack.edit_to_smallest("elsewhere")
    stack.edit("cluster", value={"kubeconfig": str(project.administrator(CLUSTER)), "dnsDomain": DOMAIN})

    refused = stack.run("heddle", "up", CLUSTER, "--yes", "--skip-preview")

    check_refusal(refused, wrong=DOMAIN, right="cluster.local")
    assert "fabric-elsewhere" not in kube.namespaces()


@pytest.mark.parametrize("verb", ["doctor", "preview", "up --yes --skip-preview"])
def test_a_domain_that_is_not_said_is_refused(stack: Project, verb: str) -> None:
    """With the domain to write into the stack file."""
    name, *options = verb.split()

    refused = stack.run("heddle", name, NAME, *options)

    check_refusal(refused, wrong="cluster.local", right=DOMAIN)
    assert "fabric-elsewhere" not in Kube(stack.administrator(NAME)).namespaces()


def check_refusal(refused: Result, *, wrong: str, right: str) -> None:
    """Both domains are named, and the setting."""
    words = " ".join(refused.output.split())
    assert refused.code == 1, refused.output
    assert f"do not end with {wrong} but with {right}" in words
    assert f"`cluster.dnsDomain: {right}`" in words


def test_a_stack_that_says_so_runs(stack: Project) -> None:
    """Every name in it ends with the domain: on the ledger, in certificates, in the chaincode's package."""
    stack.edit("cluster", "dnsDomain", value=DOMAIN)

    assert (
        f"✓ DNS domain: the cluster's own names end with {DOMAIN}"
        in stack.run("heddle", "doctor", NAME).output
    )
    stack.ok("heddle", "preview", NAME)
    stack.ok("heddle", "up", NAME, "--yes")
    stack.ok("heddle", "chaincode", "invoke", NAME, "--name", "assets", "put", "car-1", "alice", "1")

    assert "alice" in stack.ok("heddle", "chaincode", "query", NAME, "--name", "assets", "get", "car-1")
    stack.ok("heddle", "status", NAME)
    shown = stack.ok("heddle", "channel", "show", NAME)
    assert f"orderer0-orderer.fabric-elsewhere.svc.{DOMAIN}:7050" in shown
    assert f"peer0-organization.fabric-elsewhere.svc.{DOMAIN}:7051" in shown
    assert "cluster.local" not in shown + stack.ok("heddle", "output", NAME, "instance")
    stack.ok("heddle", "up", NAME, "--yes", "--expect-no-changes")
    stack.ok("heddle", "destroy", NAME, "--yes")


def test_the_domain_of_a_cluster_stays(stack: Project) -> None:
    """Certificates and etcd have it: another one is refused, and left out it is as it was."""
    refused = stack.run("heddle", "cluster", "up", "--name", NAME, "--dns-domain", "other.example")

    assert refused.code == 1
    assert f"its DNS domain is {DOMAIN} and cannot change" in refused.output
    assert "is up already" in stack.ok("heddle", "cluster", "up", "--name", NAME)
