"""The provider as an engine sees it, and the official nodes that most tests of it run on."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.provider.harness import Engine, answer_api_server
from tests.provider.namespaces import Namespaces
from tests.real.network import RealNetwork, prepared_network


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    engine = Engine()
    yield engine
    await engine.provider.close()


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    """Three orderers and two peers."""
    network = prepared_network(tmp_path, orderers=3, peers={"organization": 2})
    network.start()
    yield network
    network.stop()


@pytest.fixture
def namespaces(monkeypatch: pytest.MonkeyPatch) -> Namespaces:
    """An API server in the place of every cluster's."""
    cluster = Namespaces()
    answer_api_server(monkeypatch, cluster)
    return cluster
