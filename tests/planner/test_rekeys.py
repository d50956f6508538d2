"""However many keys of orderers were made at once, channels keep ordering and take them in."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product

import pytest

from heddle.configtx.settings import BFT, ETCDRAFT, ChannelSettings, Consenter, OrdererOrganization
from heddle.identity.msp import Msp
from heddle.planner.consenters import key_in_use, outlook
from heddle.planner.facts import ChannelFacts, ConsensusCounts, LedgerState, NodeFacts, PodFacts
from heddle.planner.restart import held_up, next_restart, restart_refusal
from heddle.planner.standing import missing_consenters
from heddle.planner.steps import Kind, steps
from heddle.quorum import quorum

MSP = Msp(msp_id="M", root_certificates=(b"root",), tls_root_certificates=(b"tls",))
HEIGHT = 9


@dataclass
class World:
    """Nodes by number: the key that each runs with, that the channel knows, and that each is to have."""

    running: dict[int, int]
    known: dict[int, int]
    wanted: dict[int, int]
    bft: bool = False
    least: int = field(default=99)

    def ordering(self) -> list[int]:
        """The nodes that order; remembers the smallest number there ever was."""
        found = [number for number, key in self.running.items() if key == self.known[number]]
        self.least = min(self.least, len(found))
        return found

    def answer(self, number: int) -> LedgerState:
        orders = number in self.ordering()
        counts = ConsensusCounts(consenters=len(self.known), bft=self.bft) if orders else ConsensusCounts()
        relation = "consenter" if orders else "follower"
        return LedgerState(relation=relation, status="active", height=HEIGHT, counts=counts)

    def settings(self, keys: dict[int, int]) -> ChannelSettings:
        consenters = []
        for number, key in keys.items():
            pem = f"certificate {number} {key}".encode()
            identity = pem if self.bft else b""
            consenters.append(
                Consenter(
                    host=f"o{number}",
                    port=1,
                    client_tls_certificate=pem,
                    server_tls_certificate=pem,
                    identity=identity,
                )
            )
        endpoints = tuple(each.address for each in consenters)
        return ChannelSettings(
            channel="trade",
            orderer_organizations=(OrdererOrganization(name="ordering", msp=MSP, endpoints=endpoints),),
            peer_organizations=(),
            consenters=tuple(consenters),
            consensus=BFT if self.bft else ETCDRAFT,
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


def _worlds(count: int, bft: bool) -> Iterator[World]:
    """Every state in which the channel orders: each node as it was, with a key made, or following."""
    for states in product(("as it was", "key made", "restarted"), repeat=count):
        world = World(
            running={number: int(state == "restarted") for number, state in enumerate(states)},
            known=dict.fromkeys(range(count), 0),
            wanted={number: int(state != "as it was") for number, state in enumerate(states)},
            bft=bft,
        )
        if len(world.ordering()) >= quorum(count, bft=bft):
            yield replace(world, least=count)


@pytest.mark.parametrize(("count", "bft"), [(3, False), (4, False), (5, False), (4, True), (5, True)])
def test_every_key_is_taken_in_and_the_channel_keeps_ordering(count: int, bft: bool) -> None:
    """One `up` after the other, at most one for each node; no state of this size is left out."""
    for world in _worlds(count, bft):
        begun = replace(world)
        for _ in range(count + 1):
            world.restarts()
            world.updates()
        assert world.running == world.known == world.wanted, begun
        assert world.least >= quorum(count, bft=bft), begun
    assert sum(1 for _ in _worlds(count, bft)) > count


def test_a_node_that_is_held_up_says_by_whom() -> None:
    """The warning names the node that follows."""
    world = World(running={0: 1, 1: 0, 2: 0}, known={0: 0, 1: 0, 2: 0}, wanted={0: 1, 1: 1, 2: 0})
    follower, outdated, other = world._nodes()
    assert held_up(outdated, [follower, other]) == "o0 only follows trade"
    assert next_restart([follower, outdated, other]) is None


def test_a_node_that_gets_a_new_key_restarts_after_all_others() -> None:
    """While it follows, the others could not be spared: of four with BFT, three must order."""
    world = World(
        running=dict.fromkeys(range(4), 0),
        known=dict.fromkeys(range(4), 0),
        wanted=dict.fromkeys(range(4), 1),
        bft=True,
    )
    nodes = world._nodes()
    chosen = next_restart(nodes, rekeyed={"o0"})
    assert chosen is not None
    assert chosen.name != "o0"
    last = [replace(each, pod=PodFacts(ready=True, outdated=each.name == "o0")) for each in nodes]
    chosen = next_restart(last, rekeyed={"o0"})
    assert chosen is not None
    assert chosen.name == "o0"


def test_a_certificate_that_bft_only_notes_is_taken_while_the_node_orders() -> None:
    """BFT's channels know a node by its enrolment key; of another TLS certificate the node loses nothing."""
    world = World(running={0: 0}, known={0: 0}, wanted={0: 0}, bft=True)
    live = world.settings(world.known)
    (consenter,) = live.consenters
    noted = replace(live, consenters=(replace(consenter, server_tls_certificate=b"another"),))
    other = replace(live, consenters=(replace(consenter, identity=b"another"),))
    facts = ChannelFacts(name="trade", settings=live, answers={"o0:1": world.answer(0)})
    assert [key_in_use(facts, step) for step in steps(live, noted)] == [None]
    (refusal,) = [key_in_use(facts, step) for step in steps(live, other)]
    assert refusal is not None
    assert "still orders with its former enrolment key" in refusal.reason


def test_bft_revokes_no_identity_before_its_channels_know_another() -> None:
    """List and mapping are one update; Raft knows nobody by an enrolment, so there the list comes first."""
    kinds = {}
    for bft in (True, False):
        world = World(running={0: 1, 1: 0}, known={0: 0, 1: 0}, wanted={0: 1, 1: 0}, bft=bft)
        live, target = world.settings(world.known), world.settings(world.wanted)
        (ordering,) = target.orderer_organizations
        revoking = replace(ordering, msp=replace(ordering.msp, revocation_lists=(b"list",)))
        target = replace(target, orderer_organizations=(revoking,))
        todo = steps(live, target, {"o0:1"})
        kinds[bft] = [step.kind for step in todo]
        assert todo[-1].settings == target
    assert kinds == {True: [Kind.ROTATE], False: [Kind.SETTINGS, Kind.ROTATE]}
