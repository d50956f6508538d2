"""The provider as an engine sees it, and the official nodes that most tests of it run on."""

import functools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from kubernetes.client import Configuration

from heddle.kube.apiserver import ApiServer
from heddle.provider.session import Session
from tests.provider.harness import Engine
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
    client = functools.partial(httpx.AsyncClient, transport=httpx.MockTransport(cluster))
    monkeypatch.setattr("heddle.kube.client.httpx.AsyncClient", client)

    async def api_server(_: Session) -> ApiServer:
        nobody = Configuration()
        return ApiServer(url="http://cluster", tls=None, proxy="", configuration=nobody)

    monkeypatch.setattr(Session, "api_server", api_server)
    return cluster
