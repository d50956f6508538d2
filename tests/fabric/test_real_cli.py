"""`heddle channel` and `heddle chaincode` on official nodes, given what a stack's outputs would say."""

import asyncio
import json
import re
from collections.abc import Callable

import pytest
from fabric_protos.common.common_pb2 import Block
from typer.testing import CliRunner, Result

from heddle.cli.app import app
from heddle.configtx.blocks import block_hash
from heddle.errors import Refused
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from tests.network.processes import network_of_processes
from tests.network.samples import use_network
from tests.real.network import RealNetwork
from tests.real.steps import deploy_assets, make_channel

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def genesis_hash(real_network: RealNetwork) -> str:
    """The hash of the channel's block 0; the channel has the sample chaincode in force."""

    async def prepare() -> Block:
        async with Connections(DirectDialer()) as connections:
            genesis = await make_channel(connections, real_network)
            await deploy_assets(connections, real_network)
            return genesis

    return block_hash(asyncio.run(prepare()).header).hex()


@pytest.fixture
def network(real_network: RealNetwork, genesis_hash: str) -> RealNetwork:
    return real_network


@pytest.fixture
def heddle(network: RealNetwork, genesis_hash: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command line, with this network as every stack."""
    use_network(monkeypatch, network_of_processes(network, genesis_hash))
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_invoke_and_query(heddle: Callable[..., Result]) -> None:
    """The chaincode's answer is what is printed; block and transaction go to standard error."""
    done = heddle("chaincode", "invoke", "s", "--name", "assets", "put", "a1", "ada", "7")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["owner"] == "ada"
    assert "committed in block" in done.stderr
    asked = heddle("chaincode", "query", "s", "get", "a1")
    assert json.loads(asked.stdout) == {"id": "a1", "owner": "ada", "value": "7"}
    told = heddle("chaincode", "invoke", "s", "--json", "transfer", "a1", "bob")
    assert json.loads(told.stdout)["code"] == "VALID"


def test_a_refusal_keeps_the_chaincode_s_words(heddle: Callable[..., Result]) -> None:
    """It becomes the command's error message."""
    done = heddle("chaincode", "query", "s", "get", "nothing")
    assert isinstance(done.exception, Refused)
    assert "the asset nothing does not exist" in str(done.exception)


def test_what_is_not_there_is_named(heddle: Callable[..., Result]) -> None:
    """A wrong peer, channel or organization: the message says which there are."""
    wrong = heddle("chaincode", "query", "s", "--peer", "peer9", "list")
    assert wrong.exit_code == 2
    assert "organization-peer1" in wrong.output
    assert "There is: channel" in str(heddle("channel", "show", "s", "other").exception)
    assert "ordering" in str(heddle("chaincode", "query", "s", "--org", "x", "list").exception)


def test_definitions(heddle: Callable[..., Result]) -> None:
    """What is in force, and who approved it."""
    [row] = json.loads(heddle("chaincode", "list", "s", "--json").stdout)
    assert (row["name"], row["version"], row["sequence"]) == ("assets", "1", 1)
    assert row["approvals"] == {"OrganizationMSP": True}
    shown = heddle("chaincode", "list", "s").stdout
    assert "/Channel/Application/Endorsement" in shown


def test_channels(heddle: Callable[..., Result], network: RealNetwork) -> None:
    """Settings as the ledger has them, and every node's height; one that is away is a row, not a failure."""
    shown = heddle("channel", "show", "s")
    assert shown.exit_code == 0, shown.output
    assert re.search(r"batch\.timeout .* 200ms", shown.stdout)
    data = json.loads(heddle("channel", "show", "s", "channel", "--json").stdout)
    assert data["settings"]["batch"]["timeout"] == "200ms"
    assert {node["state"] for node in data["nodes"]} == {"active", "joined"}
    assert "3/3 active" in heddle("channel", "list", "s").stdout
    network.programs["organization-peer2"].stop()
    try:
        listed = heddle("channel", "list", "s").stdout
        assert "1/2 joined (organization-peer2 no answer)" in listed
        assert "is the node running" in heddle("channel", "show", "s").stdout
    finally:
        network.start()


def test_status(heddle: Callable[..., Result], network: RealNetwork) -> None:
    """All is well: every node answers with its version and height, the chaincode is in force."""
    done = heddle("status", "s", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert {node["version"] for node in found["nodes"]} == {"v3.1.5"}
    assert len({node["heights"]["channel"] for node in found["nodes"]}) == 1
    assert heddle("status", "s").exit_code == 0
