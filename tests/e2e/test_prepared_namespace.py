"""A user with the smallest Role in one prepared namespace, and nothing else, runs a whole network there.

The kubeconfig is an administrator's that acts as her (`as`, `as-groups`): every part must honour that. On the
cluster of test_network.py. The Role is the one that `heddle namespace` prints and
docs/operations/namespace.md shows (tests/kube/test_prepared.py compares them).
"""

import time
from collections.abc import Iterator

import pytest

from tests.e2e.conftest import CLUSTER
from tests.e2e.kube import Kube
from tests.e2e.people import acting_as, apply
from tests.e2e.project import Project, fabric_release

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
NAMESPACE = "fabric-prepared"
ENDING = 60.0
"""Seconds until the last pod has ended."""


@pytest.fixture(scope="module")
def anna(project: Project, kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Anna's stack in the namespace that an administrator has prepared for her."""
    folder = tmp_path_factory.mktemp("prepared")
    base = "dev" if fabric_release() else "offline"
    stack = Project.copy(folder / "project", stack=CLUSTER, base=base)
    kubeconfig = acting_as(project.administrator(CLUSTER), "anna", folder / "kubeconfig")
    stack.edit_to_smallest("prepared")
    stack.edit("cluster", value={"kubeconfig": str(kubeconfig), "keepNamespace": True})
    try:
        yield stack
    finally:
        if NAMESPACE in kube.namespaces():
            kube.core.delete_namespace(NAMESPACE)
            kube.wait_until_gone(NAMESPACE)


def test_an_unprepared_namespace_is_refused_with_the_command_that_prepares_it(
    anna: Project, kube: Kube
) -> None:
    """By the preview and by `up`; nothing is made."""
    for verb in (("preview",), ("up", "--yes", "--skip-preview")):
        refused = anna.run("heddle", verb[0], CLUSTER, *verb[1:])
        assert refused.code == 1, refused.output
        assert 'User "anna" cannot get resource "namespaces"' in " ".join(refused.output.split())
        assert "heddle namespace STACK --user NAME | kubectl apply -f -" in " ".join(refused.output.split())
    assert NAMESPACE not in kube.namespaces()


def test_a_network_comes_up_with_the_smallest_role(anna: Project, project: Project) -> None:
    """Preview, up, a transaction, status; a second `up` changes nothing."""
    apply(project.administrator(CLUSTER), anna.ok("heddle", "namespace", CLUSTER, "--user", "anna"))

    preview = anna.ok("heddle", "preview", CLUSTER)
    anna.ok("heddle", "up", CLUSTER, "--yes")

    assert "not checked: whether the cluster's DNS domain is cluster.local" in " ".join(preview.split())
    anna.ok("heddle", "chaincode", "invoke", CLUSTER, "--name", "assets", "put", "car-1", "anna", "1")
    anna.ok("heddle", "status", CLUSTER)
    anna.ok("heddle", "refresh", CLUSTER, "--yes", "--expect-no-changes")
    anna.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")


def test_a_runbook_runs_with_it(anna: Project) -> None:
    """It stops the peer, works on its claim with a Job, and starts it again."""
    words = ("rejoin-peer", "--stack", CLUSTER, "--yes", "-e", "peer=peer0-organization")

    mended = anna.ok("heddle", "runbook", "run", *words, "-e", "remedy=refetch")

    assert "✓ The peer's ledgers are level with those of all other nodes." in mended
    assert "anna" in anna.ok("heddle", "chaincode", "query", CLUSTER, "--name", "assets", "get", "car-1")


def test_destroy_leaves_the_namespace_as_it_was_prepared(anna: Project, kube: Kube) -> None:
    """Everything of the network goes, the volumes too; the same stack comes up there again."""
    anna.ok("heddle", "destroy", CLUSTER, "--yes")

    assert NAMESPACE in kube.namespaces()
    end = time.monotonic() + ENDING
    while left := kube.names_in(NAMESPACE):  # pods of a Deployment end after it
        assert time.monotonic() < end, left
    assert kube.volumes() == []
    anna.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")
    anna.ok("heddle", "status", CLUSTER)
    anna.ok("heddle", "destroy", CLUSTER, "--yes")
