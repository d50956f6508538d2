"""A local cluster for each process of the run: Fabric's own nodes where they are on PATH, else stand-ins."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import programs
from tests.clusters import local_cluster
from tests.e2e.kube import Kube
from tests.e2e.project import Project, fabric_release, load_images
from tests.real.release import release_folder

CLUSTER = "-".join(
    filter(None, (os.environ.get("HEDDLE_E2E_CLUSTER", "e2e"), os.environ.get("PYTEST_XDIST_WORKER")))
)
"""Name of the cluster and of the stacks on it: two runs, and two processes of one run, have their own."""


def pytest_report_header() -> str:
    """Say which nodes the end-to-end run is on."""
    release = fabric_release()
    return f"end-to-end on Fabric's own nodes from {release}" if release else "end-to-end on stand-ins"


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The stack `dev` or `offline` under another name, on a cluster that is removed at the end."""
    if not fabric_release() and programs.FABRIC.word in programs.required():
        programs.unavailable(programs.FABRIC, str(release_folder()))
    folder: Path = tmp_path_factory.mktemp("e2e")
    release = fabric_release()
    project = Project.copy(folder / "project", stack=CLUSTER, base="dev" if release else "offline")
    with local_cluster(CLUSTER, environment=project.environment):
        load_images(project, folder, cluster=CLUSTER, release=release)
        yield project
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def kube(project: Project) -> Kube:
    """The cluster below the project, asked directly."""
    return Kube(project.administrator(CLUSTER))
