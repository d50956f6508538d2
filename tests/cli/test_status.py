"""`heddle status`: facts of every node, and what is wrong said beside what is right."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from heddle.cli.app import app
from heddle.errors import Unreachable
from heddle.fabric import lifecycle, operations, participation, qscc
from heddle.fabric.definition import Committed, Definition
from heddle.fabric.node import Node
from heddle.fabric.participation import ChannelInfo
from heddle.fabric.qscc import ChainInfo
from heddle.network.network import Network as RunningNetwork
from tests.network.samples import sample_network, use_network


class Silent:
    """Connections that nobody dials."""

    async def __aenter__(self) -> "Silent":
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


class Network:
    """What the nodes answer; a test changes it."""

    def __init__(self) -> None:
        self.away: set[str] = set()
        self.relation = "consenter"
        self.definition: Definition | None = Definition(name="assets", version="1.0", sequence=1)

    def answer(self, node: Node) -> None:
        if node.name in self.away:
            raise Unreachable(f"{node.name}: no answer")

    async def version(self, connections: Any, node: Node, **_: Any) -> str:
        self.answer(node)
        return "v3.1.5"

    async def channel_info(
        self, connections: Any, node: Node, channel: str, *_: Any, **__: Any
    ) -> ChannelInfo:
        self.answer(node)
        return ChannelInfo(name=channel, relation=self.relation, status="active", height=7)

    async def chain_info(self, connections: Any, node: Node, *_: Any, **__: Any) -> ChainInfo:
        self.answer(node)
        return ChainInfo(height=7, current_hash=b"", previous_hash=b"")

    async def committed(self, connections: Any, node: Node, *_: Any, **__: Any) -> Committed | None:
        self.answer(node)
        return Committed(definition=self.definition, approvals={}) if self.definition else None


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    answers = Network()
    use_network(monkeypatch, sample_network())
    monkeypatch.setattr(RunningNetwork, "connections", lambda self: Silent())
    monkeypatch.setattr(operations, "version", answers.version)
    monkeypatch.setattr(participation, "channel_info", answers.channel_info)
    monkeypatch.setattr(qscc, "chain_info", answers.chain_info)
    monkeypatch.setattr(lifecycle, "definition", answers.committed)
    return answers


def status(*options: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["status", "dev", *options])
    return result.exit_code, result.output


@pytest.mark.usefixtures("network")
def test_a_healthy_network_is_shown_and_exits_with_0() -> None:
    """Every node with its height, every chaincode with its version."""
    code, text = status()

    assert code == 0
    assert text.count("✓") == 3 + 1
    assert text.count("channel 7") == 3
    assert "192.0.2.1:30001" in text


def test_a_node_that_does_not_answer_hides_no_other(network: Network) -> None:
    """Its reason is printed, the exit code says that something is wrong."""
    network.away = {"peer0-two"}

    code, text = status()

    assert code == 1
    assert "peer0-two: peer0-two: no answer" in text
    assert text.count("✗") == 1
    assert text.count("channel 7") == 2


def test_an_orderer_that_only_follows_is_a_problem(network: Network) -> None:
    """It was meant to be a consenter."""
    network.relation = "follower"

    code, text = status()

    assert code == 1
    assert "follower/active, not consenter/active" in text


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (None, "not committed on channel"),
        (Definition(name="assets", version="2.0", sequence=2), "the channel has version 2.0, sequence 2"),
    ],
)
def test_a_chaincode_that_the_ledger_knows_otherwise(
    network: Network, found: Definition | None, words: str
) -> None:
    """What was deployed and what is in force differ."""
    network.definition = found

    code, text = status()

    assert code == 1
    assert words in text


def test_json_says_the_same(network: Network) -> None:
    """For programs."""
    network.away = {"orderer0-orderer"}

    code, text = status("--json")

    found = json.loads(text)
    assert (code, found["healthy"]) == (1, False)
    assert {node["name"]: bool(node["problems"]) for node in found["nodes"]} == {
        "orderer0-orderer": True,
        "peer0-one": False,
        "peer0-two": False,
    }
    assert "key of" not in text
