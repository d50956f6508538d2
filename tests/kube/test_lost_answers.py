"""One answer that is lost ends nothing: a read is made again, a write only where that is safe."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from heddle.errors import KubeError, Unreachable
from heddle.kube import client as module
from heddle.kube.client import KubeClient
from tests.kube.losing import LosingServer, losing_server


@asynccontextmanager
async def opened(server: LosingServer) -> AsyncIterator[KubeClient]:
    async with await KubeClient.open(server.kubeconfig) as client:
        yield client


@pytest.mark.parametrize("lost", ["cut", 500, 503])
async def test_a_read_outlives_answers_that_are_lost(lost: str | int) -> None:
    """Also those with which the server says that it cannot answer now."""
    async with losing_server() as server, opened(server) as client:
        server.lost = [lost, lost]
        assert await client.get("/api/v1/namespaces/a") == {"kind": "Namespace"}
        server.lost = ["cut"]
        assert await client.log("a", "peer0-0")
    assert len(server.requests) == 5


async def test_a_read_that_is_not_answered_in_time_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a busy machine."""
    monkeypatch.setattr(module, "_CALL_SECONDS", 0.2)
    async with losing_server() as server, opened(server) as client:
        server.lost = ["silence"]
        assert await client.get("/api/v1/namespaces/a") == {"kind": "Namespace"}


async def test_a_read_ends_at_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the last reason."""
    monkeypatch.setattr(module, "_READ_SECONDS", 0.5)
    async with losing_server() as server, opened(server) as client:
        server.lost = [503] * 9
        with pytest.raises(Unreachable, match="GET /api/v1/namespaces/a: told to say 503"):
            await client.get("/api/v1/namespaces/a")
        server.lost = [403]
        with pytest.raises(KubeError, match="told to say 403"):
            await client.get("/api/v1/namespaces/a")


async def test_a_write_is_made_once() -> None:
    """What became of it is not known; one that may be repeated says so."""
    async with losing_server() as server, opened(server) as client:
        for method in ("POST", "PATCH", "DELETE"):
            server.lost = ["cut"]
            with pytest.raises(Unreachable):
                await client.send(method, "/api/v1/namespaces", json={})
        assert len(server.requests) == 3
        server.lost = ["cut"]
        assert (await client.send("DELETE", "/api/v1/namespaces/a", repeatable=True)).status_code == 200
