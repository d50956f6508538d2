"""A cluster is lost whole: the backup comes back in another one, and both engines find nothing to do there.

The second cluster costs minutes: only with HEDDLE_REQUIRE=clusters. Both have the same DNS domain, as the
names on the ledger want it, and the namespace has the same name.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import programs
from tests.clusters import local_cluster
from tests.e2e.conftest import CLUSTER
from tests.e2e.kube import Kube
from tests.e2e.losses import Instance
from tests.e2e.project import Project, fabric_release, load_images

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]
OTHER = f"{CLUSTER}-other"
NAMESPACE = "fabric-elsewhere"


@pytest.fixture
def instance(project: Project, kube: Kube, tmp_path: Path) -> Iterator[Instance]:
    """Three orderers and one organization on the run's own cluster, and a folder for backups."""
    programs.need_asking(programs.CLUSTERS)
    stack = Project.copy(tmp_path / "it", stack=CLUSTER, base="dev" if fabric_release() else "offline")
    stack.edit_to_smallest("elsewhere")
    stack.edit("ordering", "nodes", value=3)
    stack.edit("backup", value={"target": "kept"})
    stack.edit("cluster", value={"kubeconfig": str(project.administrator(CLUSTER))})
    stack.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")
    found = Instance(stack=stack, kube=kube, namespace=NAMESPACE)
    yield found
    found.destroy()


@pytest.fixture
def other(project: Project, tmp_path: Path) -> Iterator[Path]:
    """The kubeconfig of another cluster, which has the images and nothing else."""
    programs.need_asking(programs.CLUSTERS)
    with local_cluster(OTHER, environment=project.environment) as kubeconfig:
        images = tmp_path / "images"
        images.mkdir()
        load_images(project, images, cluster=OTHER, release=fabric_release())
        yield kubeconfig


def test_an_instance_comes_back_in_another_cluster(other: Path, instance: Instance) -> None:
    """Equal last block and query; what the next `up` of either engine finds is nothing."""
    stack = instance.stack
    instance.assets("invoke", "put", "kept", "ada", "7")
    stack.ok("heddle", "backup", "create", CLUSTER)
    channel = instance.newest_backup()["channels"]["channel"]
    instance.kube.core.delete_namespace(NAMESPACE)
    instance.kube.wait_until_gone(NAMESPACE)

    stack.edit("cluster", value={"kubeconfig": str(other)})
    stack.ok("heddle", "backup", "restore", CLUSTER, "--yes")
    assert NAMESPACE not in instance.kube.namespaces(), "the former cluster is not touched"
    stack.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")

    assert "ada" in instance.query_once_it_runs("get", "kept")
    assert instance.hash_of(channel["height"] - 1) == channel["lastHash"]
    instance.assets("invoke", "put", "after", "ada", "9")
    stack.ok("heddle", "channel", "verify", CLUSTER)
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")
    assert NAMESPACE in Kube(other).namespaces()
    if programs.path_of("pulumi"):
        stack.ok("pulumi", "preview", "--non-interactive", "--stack", CLUSTER, "--expect-no-changes")
        stack.ok("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", CLUSTER)
        stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")
