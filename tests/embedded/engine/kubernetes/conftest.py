"""A local cluster for the tests that need one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

NAME = "kubernetes-tests"


@pytest.fixture(scope="session")
def kubeconfig() -> Iterator[str]:
    """The text of a kubeconfig: of $HEDDLE_TEST_KUBECONFIG, else of a cluster made here and removed again."""
    if given := os.environ.get("HEDDLE_TEST_KUBECONFIG"):
        yield Path(given).read_text()
        return
    heddle = [sys.executable, "-m", "heddle.cli.app", "cluster"]
    subprocess.run([*heddle, "up", "--name", NAME], check=True, timeout=2400)  # may build Kubernetes
    try:
        answer = subprocess.run(
            [*heddle, "kubeconfig", "--name", NAME], check=True, timeout=60, capture_output=True, text=True
        )
        yield Path(answer.stdout.strip()).read_text()
    finally:
        subprocess.run([*heddle, "down", "--name", NAME, "--purge"], check=True, timeout=300)
