"""The scene of the contract suite, once per kind of nodes."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from tests.contract.probing import add_probe
from tests.contract.scene import Scene, play
from tests.programs import needs

KINDS = ["stand-in", pytest.param("real", marks=needs("orderer", "peer"))]


@pytest.fixture(scope="session", params=KINDS)
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A network with a channel and a chaincode, on stand-ins, and on official nodes if on PATH."""
    yield from play(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="session")
def probed(scene: Scene) -> Scene:
    """The scene with two more chaincodes: `probe` with collections, and `starter`, which wants an Init."""
    asyncio.run(add_probe(scene))
    return scene


@pytest.fixture
async def connections() -> AsyncIterator[Connections]:
    async with Connections(DirectDialer()) as connections:
        yield connections
