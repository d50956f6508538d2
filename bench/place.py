"""Make a project with a cluster of its own for the time of a benchmark."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.project import Project, fabric_release, load_images

__all__ = ["CLUSTER", "Place", "place"]

CLUSTER = "bench"
"""Name of the cluster and of the stack, which therefore finds it."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Run `heddle` in a project of its own, on nodes of one kind."""

    project: Project
    nodes: str
    """`Fabric's nodes` where its programs are on PATH (packed under upstream's names), else `stand-ins`."""

    def timed(self, *argv: str, timeout: float = 900) -> float:
        """Return the seconds of a command that must succeed, its process's start included."""
        begin = time.monotonic()
        self.project.ok(*argv, timeout=timeout)
        return time.monotonic() - begin


@contextmanager
def place() -> Iterator[Place]:
    """Yield a project on a cluster with the images of nodes and chaincode; remove both at the end."""
    release = fabric_release()
    with tempfile.TemporaryDirectory(prefix="heddle-bench-") as name:
        folder = Path(name)
        project = Project.copy(folder / "project", stack=CLUSTER, base="dev" if release else "offline")
        try:
            project.ok("heddle", "cluster", "up", "--name", CLUSTER, timeout=900)
            load_images(project, folder, cluster=CLUSTER, release=release)
            yield Place(project=project, nodes="Fabric's nodes" if release else "stand-ins")
        finally:
            subprocess.run(
                ["heddle", "cluster", "down", "--name", CLUSTER, "--purge"],
                env=project.environment,
                check=True,
                timeout=300,
            )
