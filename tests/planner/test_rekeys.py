"""However many TLS keys of orderers were made at once, channels keep ordering and take them in."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product

import pytest

from heddle.configtx.settings import ChannelSettings, Consenter, OrdererOrganization
from heddle.identity.msp import Msp
from heddle.planner.channel import steps
from heddle.planner.consenters import key_in_use, missing_consenters, outlook
from heddle.planner.facts import ChannelFacts, ConsensusCounts, LedgerState, NodeFacts, PodFacts
from heddle.planner.restart import held_up, next_restart, restart_refusal
from heddle.quorum import quorum

MSP = Msp(msp_id="M", root_certificates=(b"root",), tls_root_certificates=(b"tls",))
HEIGHT = 9


@dataclass
class World:
    """Nodes by number: the key that each runs with, that the channel knows, and that each is to have."""

    running: dict[int, int]
    known: dict[int, int]
    wanted: dict[int, int]
    least: int = field(default=99)

    def ordering(self) -> list[int]:
        """The nodes that order; remembers the smallest number there ever was."""
        found = [number for number, key in self.running.items() if key == self.known[number]]
        self.least = min(self.least, len(found))
        return found

    def answer(self, number: int) -> LedgerState:
        orders = number in self.ordering()
        counts = ConsensusCounts(consenters=len(self.known)) if orders else ConsensusCounts()
        relation = "consenter" if orders else "follower"
        return LedgerState(relation=relation, status="active", height=HEIGHT, counts=counts)

    def settings(self, keys: dict[int, int]) -> ChannelSettings:
        consenters = []
        for number, key in keys.items():
            pem = f"certificate {number} {key}".encode()
            consenters.append(
                Consenter(host=f"o{number}", port=1, client_tls_certificate=pem, server_tls_certificate=pem)
            )
        endpoints = tuple(each.address for each in consenters)
        return ChannelSettings(
            channel="trade",
            orderer_organizations=(OrdererOrganization(name="ordering", msp=MSP, endpoints=endpoints),),
            peer_organizations=(),
            consenters=tuple(consenters),
        )

    def restarts(self) -> None:
        """What Rollout does: restart one by one who is outdated, but for those that are held up."""
        while chosen := next_restart(nodes := self._nodes()):
            others = [each for each in nodes if each is not chosen]
            assert restart_refusal(chosen, others) == "", "it would wait for ever"
            number = int(chosen.name.removeprefix("o"))
            self.running[number] = self.wanted[number]
            self.ordering()

    def updates(self) -> None:
        """What Channel does: step after step, until one has to wait."""
        while True:
            facts = ChannelFacts(
                name="trade",
                settings=self.settings(self.known),
                answers={f"o{number}:1": self.answer(number) for number in self.known},
            )
            todo = steps(facts.settings, self.settings(self.wanted), missing_consenters(facts, HEIGHT))
            ahead = next(outlook(facts, todo, HEIGHT), None)
            if ahead is None or key_in_use(facts, ahead.step) is not None:
                return
            assert ahead.refusal is None, ahead.refusal
            assert ahead.step.joins is not None
            number = int(ahead.step.joins.host.removeprefix("o"))
            self.known[number] = self.wanted[number]
            self.ordering()

    def _nodes(self) -> list[NodeFacts]:
        return [
            NodeFacts(
                name=f"o{number}",
                kind="orderer",
                channels={"trade": self.answer(number)},
                pod=PodFacts(ready=True, outdated=key != self.wanted[number]),
            )
            for number, key in self.running.items()
        ]


def _worlds(count: int) -> Iterator[World]:
    """Every state in which the channel orders: each node as it was, with a key made, or following."""
    for states in product(("as it was", "key made", "restarted"), repeat=count):
        world = World(
            running={number: int(state == "restarted") for number, state in enumerate(states)},
            known=dict.fromkeys(range(count), 0),
            wanted={number: int(state != "as it was") for number, state in enumerate(states)},
        )
        if len(world.ordering()) >= quorum(count, bft=False):
            yield replace(world, least=count)


@pytest.mark.parametrize("count", [3, 4, 5])
def test_every_key_is_taken_in_and_the_channel_keeps_ordering(count: int) -> None:
    """One `up` after the other, at most one for each node; no state of this size is left out."""
    for world in _worlds(count):
        begun = replace(world)
        for _ in range(count + 1):
            world.restarts()
            world.updates()
        assert world.running == world.known == world.wanted, begun
        assert world.least >= quorum(count, bft=False), begun
    assert sum(1 for _ in _worlds(count)) > count


def test_a_node_that_is_held_up_says_by_whom() -> None:
    """The warning names the node that follows."""
    world = World(running={0: 1, 1: 0, 2: 0}, known={0: 0, 1: 0, 2: 0}, wanted={0: 1, 1: 1, 2: 0})
    follower, outdated, other = world._nodes()
    assert held_up(outdated, [follower, other]) == "o0 only follows trade"
    assert next_restart([follower, outdated, other]) is None
