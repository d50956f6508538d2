"""From `heddle up` on a running cluster to the first committed transaction.

What is timed is what a user waits for: two commands, processes' starts included. Nodes are real when
Fabric's programs are on PATH (they are packed under upstream's names), else stand-ins.
"""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.project import Project, fabric_release, load_images

CLUSTER = "bench"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One row of the table."""

    what: str
    nodes: str
    seconds: float
    goal: str = ""


def measure() -> Iterator[Figure]:
    """Bring a network up on a cluster of its own, twice, and take it away."""
    release = fabric_release()
    nodes = "Fabric's nodes" if release else "stand-ins"
    with tempfile.TemporaryDirectory(prefix="heddle-bench-") as folder:
        base = "dev" if release else "offline"
        project = Project.copy(Path(folder) / "project", stack=CLUSTER, base=base)
        with _cluster(project):
            load_images(project, Path(folder), cluster=CLUSTER, release=release)
            up = _timed(project, "heddle", "up", CLUSTER, "--skip-preview")
            yield Figure(what="heddle up, from nothing", nodes=nodes, seconds=up)
            invoke = ("chaincode", "invoke", CLUSTER, "--name", "assets", "put", "car-1", "alice", "20000")
            first = _timed(project, "heddle", *invoke)
            yield Figure(what="… to the first transaction", nodes=nodes, seconds=up + first, goal="15")
            again = _timed(project, "heddle", "up", CLUSTER, "--skip-preview", "--expect-no-changes")
            yield Figure(what="heddle up, nothing to do", nodes=nodes, seconds=again)
            yield Figure(
                what="heddle destroy",
                nodes=nodes,
                seconds=_timed(project, "heddle", "destroy", CLUSTER, "--skip-preview"),
            )


@contextmanager
def _cluster(project: Project) -> Iterator[None]:
    try:
        project.ok("heddle", "cluster", "up", "--name", CLUSTER, timeout=900)
        yield
    finally:
        subprocess.run(
            ["heddle", "cluster", "down", "--name", CLUSTER, "--purge"],
            env=project.environment,
            check=True,
            timeout=300,
        )


def _timed(project: Project, *argv: str) -> float:
    start = time.monotonic()
    project.ok(*argv)
    return time.monotonic() - start
