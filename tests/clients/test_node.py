"""The official Node clients use the network as applications do, with nothing but what sdk-config wrote."""

import json
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.programs import HERE, output, prepared
from tests.contract.scene import Scene
from tests.programs import needs, program

pytestmark = needs("node", "npm")

Run = Callable[..., Any]
FAILED_PRECONDITION, ABORTED, UNKNOWN, UNAVAILABLE, UNAUTHENTICATED = 9, 10, 2, 14, 16
"""gRPC's codes."""
VALID, MVCC_READ_CONFLICT = 0, 11
"""Fabric's validation codes."""


@pytest.fixture(scope="session")
def packages() -> Path:
    """The pinned packages."""
    sources = ("package.json", "package-lock.json", ".npmrc")
    return prepared("node", sources, [program("npm"), "ci", "--no-progress"], "node_modules")


@pytest.fixture
def run(client_folder: Path, packages: Path, tmp_path: Path) -> Run:
    """Run a program of tests/clients/node: what it prints."""
    (tmp_path / "node_modules").symlink_to(packages / "node_modules")
    for source in (HERE / "node").glob("*.mjs"):
        shutil.copy(source, tmp_path)

    def call(script: str, *arguments: str) -> Any:
        command = [program("node"), f"{script}.mjs", str(client_folder), *arguments]
        return json.loads(output(command, tmp_path))

    return call


@pytest.fixture
def key() -> str:
    """An asset of this test's own."""
    return f"node-{uuid.uuid4().hex[:8]}"


def test_submit_and_evaluate(run: Run, key: str) -> None:
    """A transaction is endorsed by both organizations and committed; the next read sees it."""
    asset = {"id": key, "owner": "ada", "value": "7"}
    assert run("client", "submit", key) == {"put": asset, "got": asset}


def test_commit_status(run: Run, key: str) -> None:
    """Asked for after the result is there, and by whoever has the bytes of the request."""
    told = run("client", "status", key)
    assert told["result"]["owner"] == "ada"
    assert told["status"]["successful"] is True
    assert told["status"]["code"] == VALID
    assert told["status"]["transactionId"] == told["transactionId"]
    assert told["again"] == told["status"]


def test_chaincode_events(run: Run, key: str) -> None:
    """Live, from a block of the past, and after a checkpoint: each event once, in the ledger's order."""
    told = run("client", "events", key)
    assert [(one["block"], one["name"], one["payload"]["id"]) for one in told["live"]] == [
        (block, "put", f"{key}-{number}") for number, block in enumerate(told["blocks"])
    ]
    assert told["replayed"] == told["live"]
    assert told["resumed"] == told["live"][1:]


def test_block_events(run: Run, key: str) -> None:
    """Whole and filtered blocks, from the first and as they come."""
    told = run("client", "blocks", key)
    assert told["live"] == told["committed"]
    assert told["whole"] == [0, 1]
    assert told["filtered"]["number"] == told["committed"]
    assert told["filtered"]["channel"] == "channel"
    assert [told["transactionId"], VALID] in told["filtered"]["transactions"]


@pytest.mark.usefixtures("priced")
def test_private_data(run: Run, key: str) -> None:
    """What goes in as transient data comes out at members, beside the block that has its hash."""
    told = run("client", "privateData", key)
    assert (told["successful"], told["price"]) == (True, "95")
    assert told["block"] == told["committed"]
    assert told["writes"] == [["priced", "prices"]]


def test_errors_say_who_refused_and_why(run: Run, key: str, scene: Scene) -> None:
    """Each step's own class, gRPC's code, and each node's address, organization and words."""
    told = run("client", "errors", key)
    missing = f"the asset {key} does not exist"
    assert (told["evaluate"]["name"], told["evaluate"]["code"]) == ("GatewayError", UNKNOWN)
    [detail] = told["evaluate"]["details"]
    peer = scene.peer()
    assert (detail["mspId"], detail["address"]) == ("AlphaMSP", f"{peer.host}:{peer.port}")
    assert missing in detail["message"]
    assert (told["endorse"]["name"], told["endorse"]["code"]) == ("EndorseError", ABORTED)
    assert told["endorse"]["transactionId"]
    assert any(missing in detail["message"] for detail in told["endorse"]["details"])
    assert "absent" in json.dumps(told["chaincode"])
    assert told["channel"]["code"] in {FAILED_PRECONDITION, UNAVAILABLE}
    assert "nowhere" in told["channel"]["message"]
    assert told["organizations"]["name"] == "EndorseError"
    assert "NobodyMSP" in told["organizations"]["message"]


def test_a_conflict_is_in_the_commit_status(run: Run, key: str) -> None:
    """Of two changes made on the same state the first is kept."""
    assert run("client", "conflict", key) == {
        "codes": [{"code": VALID, "successful": True}, {"code": MVCC_READ_CONFLICT, "successful": False}],
        "owner": "bob",
    }


def test_offline_signing(run: Run, key: str) -> None:
    """A gateway without a key carries bytes and signatures; a signature of other bytes is refused."""
    told = run("client", "offline", key)
    assert "no sign" in told["refused"]["message"].lower()
    assert told["successful"] is True
    assert told["got"] == {"id": key, "owner": "ada", "value": "7"}
    assert told["forged"]["name"] == "EndorseError"


@pytest.mark.parametrize("discovery", ["", "discovery"])
def test_the_connection_profile_is_what_the_older_sdk_reads(
    run: Run, key: str, scene: Scene, discovery: str
) -> None:
    """fabric-network 2.2: endorsers of both organizations and the orderers, all from the profile."""
    if discovery and scene.kind != "real":
        pytest.skip("stand-in peers have no discovery service")
    asset = {"id": key, "owner": "ada", "value": "7"}
    assert run("legacy", key, discovery) == {"put": asset, "got": asset}
