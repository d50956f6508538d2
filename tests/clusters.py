"""A local cluster for tests: made from nothing, removed whatever happens."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

__all__ = ["local_cluster"]

FIRST_UP = 2400.0
"""Seconds: the first cluster of a machine builds Kubernetes, on two cores that may be busy."""
DOWN = 900.0
"""Seconds until a cluster is gone, on a machine however busy."""


@contextmanager
def local_cluster(name: str, *options: str, environment: Mapping[str, str] | None = None) -> Iterator[Path]:
    """Make a cluster with the options of `heddle cluster up`, and yield its administrator's kubeconfig.

    environment: of the commands; left out, this process's. One of this name that a killed run has left goes
    first: it may have volumes and instances of which nobody here knows.
    """
    environment = os.environ if environment is None else environment
    _cluster(environment, "down", name, "--purge", timeout=DOWN)
    try:
        _cluster(environment, "up", name, *options, timeout=FIRST_UP)
        yield Path(_cluster(environment, "kubeconfig", name, timeout=60.0).strip())
    finally:
        _cluster(environment, "down", name, "--purge", timeout=DOWN)  # also when its start failed half-way


def _cluster(environment: Mapping[str, str], verb: str, name: str, *options: str, timeout: float) -> str:
    argv = [sys.executable, "-m", "heddle.cli.app", "cluster", verb, "--name", name, *options]
    done = subprocess.run(
        argv, env=dict(environment), capture_output=True, text=True, timeout=timeout, check=False
    )
    assert done.returncode == 0, f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout
