"""The official Go client uses the network as applications do, with nothing but what sdk-config wrote."""

import json
import uuid
from pathlib import Path

import pytest

from tests.clients.programs import output, prepared
from tests.programs import needs, program

pytestmark = needs("go")


@pytest.fixture(scope="session")
def client() -> Path:
    """Built once per state of its sources."""
    command = [program("go"), "build", "-o", "clients", "."]
    built = prepared("go", ("go.mod", "go.sum", "main.go"), command, "clients")
    return built / "clients"


def test_submit_evaluate_listen(client: Path, client_folder: Path, tmp_path: Path) -> None:
    """A transaction, its status, its event and a read; a refusal has Fabric's words."""
    key = f"go-{uuid.uuid4().hex[:8]}"
    told = json.loads(output([str(client), str(client_folder), key], tmp_path))

    asset = {"id": key, "owner": "ada", "value": "7"}
    assert (told["put"], told["got"], told["successful"]) == (asset, asset, True)
    assert told["event"] == {"name": "put", "block": told["block"]}
    assert f"the asset {key}-absent does not exist" in told["refusal"]
