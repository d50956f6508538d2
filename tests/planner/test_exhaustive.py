"""Every small ordering service, whatever is wanted of it and wrong with it: the planner finishes or refuses.

A world is how many orderers are in which of the `STATES`, of certificates, keys, releases, membership and
failures, since nodes that differ by their names alone are one. Each world is a beginning: whatever a killed
run, an edit of the stack file or a failure between two steps leaves is a world, too. Those that steps lead to
are looked at like those that are listed, and so is what each becomes when it sleeps and wakes. No step may
cost a channel what it had to keep, and from everywhere it ends: all is as wanted, or something is broken that
no wish mends, and the refusal says so.

`FAMILIES` puts states together up to seven nodes: 63 283 worlds of certificates and keys, 6 743 of releases,
6 671 of membership, 2 370 of changes at once; and all states up to four nodes, 32 255 worlds. The way
to sleep and back is in test_power.py, also from every state of seven workloads.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations_with_replacement, permutations, product

import pytest

from heddle.planner.steps import Kind
from heddle.quorum import fault_tolerance
from tests.planner.world import Node, Refused, Restarted, Updated, World, ordering, restart, update

STATES: Mapping[str, Node] = {
    "current": Node(),
    "outdated": Node(outdated=True),
    "former release": Node(outdated=True, old=True),
    "expired": Node(outdated=True, expired=True),
    "ended": Node(expired=True),
    "key made": Node(outdated=True, issued=1),
    "expired, key made": Node(outdated=True, expired=True, issued=1),
    "follows with its new key": Node(key=1, issued=1),
    "crashed": Node(up=False, outdated=True),
    "crashed, former release": Node(up=False, outdated=True, old=True),
    "crashed, key made": Node(up=False, outdated=True, issued=1),
    "crashed for good": Node(up=False, outdated=True, heals=False),
    "down": Node(up=False),
    "without its ledger": Node(ledger=False),
    "leaves": Node(wanted=False),
    "leaves, silent": Node(wanted=False, announced=False),
    "leaves, down": Node(wanted=False, up=False),
    "leaves, without its ledger": Node(wanted=False, ledger=False),
    "leaves, expired": Node(wanted=False, expired=True),
    "joins": Node(member=False, announced=False, ledger=False),
    "joins, follows": Node(member=False, announced=False),
    "joins, down": Node(member=False, announced=False, ledger=False, up=False),
    "joined, not announced": Node(announced=False),
}
"""What a node may be: `ended`, `down` and `without its ledger` are mended by nothing that is wanted here."""


@dataclass(frozen=True)
class Family:
    """States that are put together in all ways, up to so many nodes; whether a capability is to be raised."""

    states: Sequence[str]
    most: int
    raised: bool = True

    def worlds(self, bft: bool) -> Iterator[World]:
        """Yield every world with a consenter, and with a node that is wanted; BFT has four nodes or more."""
        for count in range(4 if bft else 1, self.most + 1):
            for names in combinations_with_replacement(self.states, count):
                world = World((), bft, self.raised).of([STATES[name] for name in names])
                if world.members and any(node.wanted for node in world.nodes):
                    yield world


WELL = ("current", "outdated")
BROKEN = ("crashed", "crashed for good", "down", "without its ledger")
FAMILIES = {
    "certificates and keys": Family(
        (*WELL, "expired", "ended", "key made", "expired, key made", "follows with its new key", *BROKEN), 7
    ),
    "releases": Family(("current", "former release", "crashed, former release", *BROKEN), 7, raised=False),
    "membership": Family(
        ("current", "down", "without its ledger", "leaves", "leaves, down", "joins", "joined, not announced"),
        7,
    ),
    "changes at once": Family(
        (*WELL, "key made", "follows with its new key", "crashed", "leaves", "leaves, down", "joins"), 5
    ),
    "everything": Family(tuple(STATES), 4, raised=False),
}
WORLDS = {
    "certificates and keys": 63283,
    "releases": 6743,
    "membership": 6671,
    "changes at once": 2370,
    "everything": 32255,
}
"""How many beginnings the families have, on Raft and BFT together."""
AS_WANTED = {"wanted": True, "member": True, "announced": True, "outdated": False, "old": False}
"""How a node is when nothing is left to do."""


@dataclass
class Explorer:
    """Looks at worlds and at all that steps make of them, each once.

    `rekeyed`: Rollout knows which nodes get a new key. A run after one that has saved them does not.
    """

    rekeyed: bool
    restarts: dict[World, Restarted | Refused | None] = field(default_factory=dict)
    updates: dict[World, Updated | Refused | None] = field(default_factory=dict)
    ends: dict[tuple[World, bool], Refused | None] = field(default_factory=dict)

    def visit(self, worlds: Iterable[World]) -> None:
        """Take every step that may be taken anywhere, and look at what it costs."""
        for world in worlds:
            todo = [world]
            while todo:
                if (now := todo.pop()) in self.restarts:
                    continue
                rollout, channel = restart(now, self.rekeyed), update(now)
                self.restarts[now], self.updates[now] = rollout, channel
                todo.append(woken(now))
                if isinstance(rollout, Restarted):
                    expect_spared(now, rollout)
                    todo.append(rollout.world)
                if isinstance(channel, Updated):
                    expect_kept(now, channel)
                    todo.append(channel.world)

    def end(self, world: World) -> Refused | None:
        """Return what one `up` after the other refuses in the end; None: nothing is left to do."""
        place, way = (world, False), list[tuple[World, bool]]()
        while place not in self.ends:
            assert place not in way, f"in circles: {way[way.index(place) :]}"
            way.append(place)
            there = self._next(*place)
            if there is None or isinstance(there, Refused):
                self.ends[place] = there
                expect_end(place[0], there)
            else:
                place = there
        self.ends |= dict.fromkeys(way, self.ends[place])
        return self.ends[place]

    def _next(self, world: World, through: bool) -> tuple[World, bool] | Refused | None:
        """Return where the run, or the next one, goes on; `through`: Rollout is, the channel is next."""
        rollout, channel = self.restarts[world], self.updates[world]
        if through and isinstance(channel, Updated):
            return channel.world, True
        if isinstance(rollout, Restarted):
            return rollout.world, False
        if rollout is None and not through:
            return world, True
        return rollout if isinstance(rollout, Refused) else _refused(channel)


def _refused(channel: Updated | Refused | None) -> Refused | None:
    return channel if isinstance(channel, Refused) else None


def expect_spared(world: World, done: Restarted) -> None:
    """A channel that ordered orders on while a node is away, if its number of consenters allows it at all."""
    if not world.orders or not ordering(done.before):
        return
    others = [node for node in world.nodes if node.wanted]
    assert all(node.up and not node.expired for node in others), (
        f"{done.before} before those that are not well"
    )
    if not fault_tolerance(len(world.members), bft=world.bft):
        return
    running = sum(map(ordering, world.nodes))
    assert running - 1 >= world.needed, f"{done.before} could not be spared: {world}"
    assert done.world.orders, f"it stopped with {done.before}: {world}"


def expect_kept(world: World, done: Updated) -> None:
    """Who orders an update is there; the channel keeps its quorum, and a margin of one where it had that."""
    assert world.orders, f"nobody orders {done.step}: {world}"
    if done.step.kind is Kind.CAPABILITY:
        assert not [node for node in done.world.nodes if node.old or not node.up], f"{done.step}: {world}"
    before, after = _margin(world), _margin(done.world)
    assert after >= 0, f"{done.step} stops the channel: {world}"
    bearable = fault_tolerance(len(done.world.members), bft=world.bft)
    if done.step.kind not in (Kind.SETTINGS, Kind.CAPABILITY):
        assert after >= min(1, bearable, before), f"{done.step} costs the margin: {world}"


def _margin(world: World) -> int:
    return sum(map(ordering, world.nodes)) - world.needed


def expect_end(world: World, refusal: Refused | None) -> None:
    """All is as wanted; or something is broken that no wish mends, and the refusal says what to do."""
    if refusal is None:
        done = [node._replace(**AS_WANTED, known=node.issued, key=node.issued) for node in world.nodes]
        assert world.raised, world
        assert list(world.nodes) == done
        return
    assert refusal.why, world
    assert refusal.hint, world
    if not any(node.wanted and node.ledger for node in world.nodes):
        return  # all orderers would be others at once: nobody who stays could vouch for the channel
    assert any(map(is_broken, world.nodes)) or not world.orders, f"refused without need: {refusal}: {world}"


def is_broken(node: Node) -> bool:
    """Tell whether a node that is wanted is not well, and no restart with its new template mends it."""
    mended = node.outdated and node.heals
    return node.wanted and (
        (node.member and not node.ledger) or ((not node.up or node.expired) and not mended)
    )


def woken(world: World) -> World:
    """Let all sleep and wake: pods start anew, with what was issued; what no restart mends stays away."""
    return world.of(
        [
            node._replace(
                up=node.up or (node.outdated and node.heals),
                outdated=False,
                expired=node.expired and not node.outdated,
                key=node.issued,
                old=False,
            )
            for node in world.nodes
        ]
    )


@pytest.mark.parametrize(("family", "bft"), list(product(FAMILIES, (False, True))))
def test_from_every_world_it_finishes_or_refuses(family: str, bft: bool) -> None:
    """One `up` after the other, each also cut off after any step."""
    explorer = Explorer(rekeyed=False)
    explorer.visit(FAMILIES[family].worlds(bft))
    for world in explorer.restarts:
        explorer.end(world)
    assert {type(each) for each in explorer.ends.values()} == {type(None), Refused}


@pytest.mark.parametrize("bft", [False, True])
def test_who_gets_a_new_key_restarts_last_and_it_ends_as_well(bft: bool) -> None:
    """The run that makes keys knows whose they are, and restarts these nodes after all others."""
    explorer = Explorer(rekeyed=True)
    explorer.visit(replace(FAMILIES["certificates and keys"], most=5).worlds(bft))
    for world in explorer.restarts:
        explorer.end(world)


def test_nothing_is_left_out() -> None:
    """Each state is tried with each of the others, and the figures of this module's docstring hold."""
    listed = {
        name: sum(1 for bft in (False, True) for _ in family.worlds(bft)) for name, family in FAMILIES.items()
    }
    assert listed == WORLDS
    assert set(FAMILIES["everything"].states) == set(STATES)


def test_a_world_is_the_same_whatever_its_nodes_are_called() -> None:
    """That is what makes seven nodes few enough: their order says nothing."""
    nodes = [STATES[name] for name in ("current", "down", "joins", "key made")]
    assert len({World(()).of(each) for each in permutations(nodes)}) == 1
