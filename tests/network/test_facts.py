"""What is in force on a channel is asked of the peer with the most blocks: a lagging one knows less."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from heddle.fabric import lifecycle
from heddle.fabric.connection import Connections
from heddle.fabric.definition import Committed, Definition
from heddle.fabric.dial import DirectDialer
from heddle.fabric.node import Node
from heddle.network import answers as answers_module
from heddle.network import facts as facts_module
from heddle.network.answers import most_advanced
from heddle.network.facts import committed_chaincodes, committed_definition
from heddle.network.network import Network
from heddle.network.status import judge_chaincode
from heddle.planner.facts import Answer, LedgerState, NoAnswer, NodeFacts
from tests.network.samples import sample_network

WANTED = replace(sample_network().instance.chaincode("assets"), version="2", sequence=2)
SILENT = NoAnswer(reason="peer0-two: no answer")


def _definition(sequence: int) -> Committed:
    found = Definition(name="assets", version=str(sequence), sequence=sequence)
    return Committed(definition=found, approvals={})


def _at(height: int, relation: str = "peer") -> LedgerState:
    return LedgerState(relation=relation, status="joined" if relation == "peer" else "active", height=height)


@dataclass
class Peers:
    """Peers that know the definition of their height, and who was asked."""

    known: dict[str, Committed | None]
    heights: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def definition(self, _: Any, node: Node, *__: Any, **___: Any) -> Committed | None:
        self.asked.append(node.name)
        return self.known[node.name]

    async def definitions(self, _: Any, node: Node, *__: Any, **___: Any) -> tuple[Definition, ...]:
        found = self.known[node.name]
        return (found.definition,) if found else ()

    async def height(self, _: Any, node: Node, *__: Any, **___: Any) -> Answer:
        return self.heights[node.name]


@pytest.fixture
def network() -> Network:
    return sample_network()


async def _asked(
    network: Network, monkeypatch: pytest.MonkeyPatch, peers: Peers, orderer: int, one: Answer, two: Answer
) -> tuple[str, str]:
    """The problem that `status` shows of the chaincode, and who was asked."""
    monkeypatch.setattr(lifecycle, "definition", peers.definition)
    facts = [
        NodeFacts(name="orderer0-orderer", kind="orderer", channels={"channel": _at(orderer, "consenter")}),
        NodeFacts(name="peer0-one", kind="peer", channels={"channel": one}),
        NodeFacts(name="peer0-two", kind="peer", channels={"channel": two}),
    ]
    async with Connections(DirectDialer()) as connections:
        found = await committed_definition(network, connections, WANTED, facts, deadline=5)
    return judge_chaincode(WANTED, found).problem, " ".join(peers.asked)


@pytest.mark.parametrize(
    ("one", "two", "orderer", "problem", "asked"),
    [
        (_at(3), _at(9), 9, "", "peer0-two"),
        (_at(9), SILENT, 9, "not committed on channel", "peer0-one"),
        (_at(3), SILENT, 9, "peer0-one is still catching up on channel: block 3 of 9", "peer0-one"),
        (None, SILENT, 9, "peer0-two: no answer", ""),
        (None, None, 9, "channel channel: no peer of the instance has joined it", ""),
    ],
    ids=["the highest", "level", "all are behind", "nobody answers", "nobody has joined"],
)
async def test_a_peer_that_lags_does_not_speak_for_the_channel(
    network: Network,
    monkeypatch: pytest.MonkeyPatch,
    one: Answer,
    two: Answer,
    orderer: int,
    problem: str,
    asked: str,
) -> None:
    """The first peer has not seen the commit; where nobody has all blocks, nothing is claimed."""
    peers = Peers(known={"peer0-one": None, "peer0-two": _definition(2)})

    assert await _asked(network, monkeypatch, peers, orderer, one, two) == (problem, asked)


async def test_the_list_of_chaincodes_is_of_the_highest_peer(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`chaincode list` and `status` say the same."""
    peers = Peers(
        known={"peer0-one": _definition(1), "peer0-two": _definition(2)},
        heights={"peer0-one": _at(3), "peer0-two": _at(9)},
    )
    monkeypatch.setattr(lifecycle, "definition", peers.definition)
    monkeypatch.setattr(lifecycle, "definitions", peers.definitions)
    monkeypatch.setattr(facts_module, "ask_peer", peers.height)

    async with Connections(DirectDialer()) as connections:
        found = await committed_chaincodes(network, connections, "channel", deadline=5)

    assert [each.definition.sequence for each in found] == [2]


@pytest.mark.parametrize(
    ("heights", "asked"),
    [
        ((_at(3), _at(9)), "peer0-two"),
        ((SILENT, _at(3)), "peer0-two"),
        ((_at(9), _at(9)), "peer0-one"),
        ((SILENT, None), "peer0-one"),
    ],
    ids=["the highest", "who answers", "the first of equals", "nobody"],
)
async def test_the_most_advanced_peer_speaks_for_the_channel(
    network: Network, monkeypatch: pytest.MonkeyPatch, heights: tuple[Answer, Answer], asked: str
) -> None:
    """So it is for the resource of a definition, too."""
    readers = network.readers("channel")
    nodes = [node for node, _ in readers]
    told = dict(zip((node.name for node in nodes), heights, strict=True))
    monkeypatch.setattr(answers_module, "ask_peer", Peers(known={}, heights=told).height)

    async with Connections(DirectDialer()) as connections:
        found = await most_advanced(connections, nodes, "channel", readers[0][1], deadline=5)

    assert found.name == asked
