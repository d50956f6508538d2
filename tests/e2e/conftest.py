"""One local cluster for the whole run, and the stand-ins' images in it."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.kube import Kube
from tests.e2e.project import Project

CLUSTER = "e2e"


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The stack `offline` under another name, on a cluster that is removed at the end."""
    folder: Path = tmp_path_factory.mktemp("e2e")
    project = Project.copy(folder / "project", stack=CLUSTER, base="offline")
    project.ok("heddle", "cluster", "up", "--name", CLUSTER, timeout=900)
    try:
        for verb in ("standin", "sample-chaincode"):
            project.ok("heddle", "image", verb, "--out", str(folder / f"{verb}.tar"))
            project.ok("heddle", "cluster", "load", str(folder / f"{verb}.tar"), "--name", CLUSTER)
        yield project
    finally:
        subprocess.run(  # the cluster goes even when its start failed half-way
            ["heddle", "cluster", "down", "--name", CLUSTER, "--purge"],
            env=project.environment,
            check=True,
            timeout=300,
        )
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def kube(project: Project) -> Kube:
    """The cluster below the project, asked directly."""
    return Kube(Path(project.ok("heddle", "cluster", "kubeconfig", "--name", CLUSTER).strip()))
