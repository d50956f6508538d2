"""The contract suite's scene for official clients, and the folder that `heddle sdk-config` gives them."""

import asyncio
from pathlib import Path

import pytest

from heddle.clientconfig.files import ClientRequest, client_files
from heddle.clientconfig.folder import write_client_folder
from heddle.fabric.connection import Connections
from heddle.fabric.definition import Definition
from heddle.fabric.dial import DirectDialer
from heddle.provider.collection_package import collections_bytes
from tests.contract.conftest import connections, scene
from tests.contract.scene import Scene
from tests.network.processes import network_of_processes
from tests.real.steps import define, run_chaincode

PRICES = {
    "name": "prices",
    "policy": "OR('AlphaMSP.member', 'BetaMSP.member')",
    "requiredPeerCount": 0,
    "maxPeerCount": 1,
    "blockToLive": 0,
    "memberOnlyRead": True,
    "memberOnlyWrite": True,
}

__all__ = ["client_folder", "connections", "priced", "scene"]


@pytest.fixture(scope="session")
def client_folder(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Configuration of alpha's user, who may do what applications do."""
    out = tmp_path_factory.mktemp("client")
    request = ClientRequest(organization="alpha", users=("user", "admin"), root=str(out))
    files = client_files(network_of_processes(scene.network), request)
    write_client_folder(out, {"instance": "real", "organization": "alpha"}, files)
    return out


@pytest.fixture(scope="session")
def priced(scene: Scene) -> None:
    """The sample chaincode once more, as `priced`, with the collection that it keeps prices in."""
    wanted = Definition(name="priced", version="1", sequence=1, collections=collections_bytes([PRICES]))

    async def prepare() -> None:
        async with Connections(DirectDialer()) as connections:
            packages = await run_chaincode(connections, scene.network, "priced")
            await define(connections, scene.network, wanted, packages)

    asyncio.run(prepare())
