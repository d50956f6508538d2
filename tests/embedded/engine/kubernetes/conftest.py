"""A local cluster for the tests that need one."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clusters import local_cluster

NAME = "kubernetes-tests"


@pytest.fixture(scope="session")
def kubeconfig() -> Iterator[str]:
    """The text of a kubeconfig: of $HEDDLE_TEST_KUBECONFIG, else of a cluster made here and removed again."""
    if given := os.environ.get("HEDDLE_TEST_KUBECONFIG"):
        yield Path(given).read_text()
        return
    with local_cluster(NAME) as found:
        yield found.read_text()
