"""Make a project with a cluster of its own for the time of a benchmark."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from heddle.images.release import ARCHIVES
from heddle.paths import cache_dir
from tests.e2e.project import Project, fabric_release, load_images
from tests.shipped import shipped_text

__all__ = ["CLUSTER", "Place", "place"]

CLUSTER = os.environ.get("HEDDLE_BENCH_CLUSTER", "bench")
"""Name of the cluster and of the stack, which therefore finds it."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Run `heddle` in a project of its own, on nodes of one kind."""

    project: Project
    nodes: str
    """`Fabric's nodes` where its programs are on PATH or packed images are there, else `stand-ins`."""
    base: str
    """The stack that ships for them."""

    def forget(self) -> None:
        """Make the stack file anew, as it ships. Nothing may be deployed."""
        self.project.stack_file.write_text(shipped_text(self.base))

    def timed(self, *argv: str, timeout: float = 900) -> float:
        """Return the seconds of a command that must succeed, its process's start included."""
        begin = time.monotonic()
        self.project.ok(*argv, timeout=timeout)
        return time.monotonic() - begin


@contextmanager
def place() -> Iterator[Place]:
    """Yield a project on a cluster with the images of nodes and chaincode; remove both at the end.

    Fabric's own nodes: of the programs on PATH, else of the archives that `heddle image pack` made before.
    """
    release = fabric_release()
    packed = () if release else _packed()
    base = "dev" if release or packed else "offline"
    nodes = "Fabric's nodes" if release or packed else "stand-ins"
    with tempfile.TemporaryDirectory(prefix="heddle-bench-") as name:
        folder = Path(name)
        project = Project.copy(folder / "project", stack=CLUSTER, base=base)
        try:
            project.ok("heddle", "cluster", "up", "--name", CLUSTER, timeout=900)
            load_images(project, folder, cluster=CLUSTER, release=release, packed=packed)
            yield Place(project=project, nodes=nodes, base=base)
        finally:
            subprocess.run(
                ["heddle", "cluster", "down", "--name", CLUSTER, "--purge"],
                env=project.environment,
                check=True,
                timeout=300,
            )


def _packed() -> tuple[Path, ...]:
    """Return the packed images of Fabric on this machine; none where one is missing."""
    archives = [cache_dir() / "images" / name for name in ARCHIVES.values()]
    return tuple(archives) if all(each.exists() for each in archives) else ()
