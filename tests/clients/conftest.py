"""The contract suite's scene for official clients, and the folder that `heddle sdk-config` gives them."""

from pathlib import Path

import pytest

from heddle.cli.sdkconfig_files import ClientRequest, client_files
from heddle.cli.sdkconfig_folder import write_client_folder
from tests.contract.conftest import connections, scene
from tests.contract.scene import Scene
from tests.real.outputs import instance_output

__all__ = ["client_folder", "connections", "scene"]


@pytest.fixture(scope="session")
def client_folder(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Configuration of alpha's user, who may do what applications do."""
    out = tmp_path_factory.mktemp("client")
    request = ClientRequest(organization="alpha", users=("user", "admin"), root=str(out))
    files = client_files(instance_output(scene.network), request)
    write_client_folder(out, {"instance": "real", "organization": "alpha"}, files)
    return out
