"""Outdated pods restart one at a time, in a simulated cluster: who, when, and when not."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import cast

import pytest

from heddle.errors import FabricError, HeddleError, KubeError, ProviderError
from heddle.fabric.node import Node
from heddle.kube.pods import NodePods, PodState
from heddle.planner.facts import CertificateFacts, ConsensusCounts, LedgerState, NoAnswer, NodeFacts
from heddle.planner.leadership import HandOver
from heddle.provider.rollout.restart import Restarter, Restarts


@dataclass
class World:
    """Pods whose StatefulSets hold template `new`; a deleted one comes back with it after three looks."""

    pods: dict[str, PodState]
    leader: str = ""
    view: int | None = None
    """Of BFT, whose leader the nodes themselves do not name."""
    comes_back: bool = True
    heights: dict[str, int] = field(default_factory=dict)
    status: str = "active"
    deleted: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    denied: HeddleError | None = None
    away: dict[str, int] = field(default_factory=dict)
    emptied: dict[str, str] = field(default_factory=dict)
    """Peers by the databases that lost their volume, as far as they have not restarted since."""
    states: dict[str, int | None] = field(default_factory=dict)
    """What peers' databases hold of the state; a restarted peer makes it anew."""
    most_away: int = 0

    async def state(self, name: str) -> PodState:
        await asyncio.sleep(0)
        if name in self.away:
            self.away[name] -= 1
            if self.away[name] == 0 and self.comes_back:
                del self.away[name]
                self.states.pop(name, None)
                self.pods[name] = _pod(name, "new", uid=f"{name}-2")
        return self.pods[name]

    async def beside(self, state: PodState, database: str) -> PodState:
        newer = self.emptied.get(database) == state.node and state.uid.endswith("-1")
        return replace(state, database_is_newer=newer)

    async def withdraw(self, name: str, uid: str) -> None:
        assert self.pods[name].uid == uid
        assert name not in self.deleted
        self.withdrawn.append(name)
        if self.denied:
            raise self.denied

    async def delete(self, name: str, uid: str) -> None:
        assert self.pods[name].uid == uid
        self.deleted.append(name)
        self.away[name] = 3
        self.most_away = max(self.most_away, len(self.away))
        self.pods[name] = replace(self.pods[name], ready=False, leaving=True, status="going")

    async def evidence(self, name: str) -> str:
        return "  log panic: bad configuration"


class Orderers:
    def __init__(self, world: World) -> None:
        self.world = world

    async def ask(self, node: Node) -> NodeFacts:
        if node.name in self.world.away:
            answer: LedgerState | NoAnswer = NoAnswer(reason=f"{node.name} is away")
        else:
            answer = LedgerState(
                relation="consenter",
                status=self.world.status,
                height=self.world.heights.get(node.name, 10),
                leader=node.name == self.world.leader and self.world.view is None,
                view=self.world.view,
                counts=ConsensusCounts(bft=self.world.view is not None),
                state_height=self.world.states.get(node.name),
            )
        return NodeFacts(name=node.name, kind="orderer", channels={"channel": answer})


def _pod(name: str, revision: str, *, ready: bool = True, uid: str = "") -> PodState:
    return PodState(
        node=name,
        settled=True,
        uid=uid or f"{name}-1",
        revision=revision,
        wanted="new",
        ready=ready,
        status="Running, not ready",
    )


def _world(**revisions: str) -> World:
    return World(pods={name: _pod(name, revision) for name, revision in revisions.items()})


def outdated_pods(names: Iterable[str]) -> World:
    """A world in which every node has another template."""
    return _world(**dict.fromkeys(names, "old"))


def _restarter(world: World, patience: float = 20.0, databases: dict[str, str] | None = None) -> Restarter:
    databases = databases or {}
    return Restarter(
        pods=cast("NodePods", world),
        ask=Orderers(world).ask,
        nodes=[_node(name) for name in world.pods if name not in databases.values()],
        patience=patience,
        databases=databases,
    )


async def _run(world: World, patience: float = 20.0, databases: dict[str, str] | None = None) -> list[str]:
    return list((await _restarter(world, patience, databases).run()).done)


def _node(name: str) -> Node:
    return Node(name=name, msp_id="M", host=name, port=1)


async def test_fresh_pods_are_left_alone() -> None:
    """After the first creation nothing restarts."""
    assert await _run(_world(a="new", b="new")) == []


async def test_one_at_a_time_the_leader_last() -> None:
    """All outdated pods restart, never two at once, and leadership moves once."""
    world = _world(a="old", b="old", c="old")
    world.leader = "a"
    assert await _run(world) == ["b", "c", "a"]
    assert world.most_away == 1


@dataclass
class Lead:
    """The lead of the channel, handed over when the leader is asked; `error`: what it answers instead."""

    world: World
    error: FabricError | None = None
    obeys: bool = True
    asked: list[tuple[list[str], str, str, str]] = field(default_factory=list)

    async def hand_over(self, leader: Node, wanted: HandOver) -> bool:
        self.asked.append((list(self.world.deleted), leader.name, wanted.nodes[0], wanted.channel))
        if self.error is not None:
            raise self.error
        if self.obeys:
            self.world.leader = wanted.nodes[0]
        return True


async def _led(world: World, lead: Lead, patience: float = 20.0) -> Restarts:
    return await replace(_restarter(world, patience), hand_over=lead.hand_over).run()


async def test_a_leader_hands_over_before_it_restarts() -> None:
    """Once, to a node that has restarted: an election would stop the channel for seconds."""
    world = _world(a="old", b="old", c="old")
    world.leader = "a"
    lead = Lead(world)

    restarts = await _led(world, lead)

    assert list(restarts.done) == ["b", "c", "a"]
    assert lead.asked == [(["b", "c"], "a", "b", "channel")]
    assert list(restarts.notes) == []


@pytest.mark.parametrize(
    ("error", "said"),
    [(FabricError("a: no way to it"), "a: no way to it"), (None, "no other orderer leads after")],
)
async def test_a_leader_that_does_not_hand_over_restarts_all_the_same(
    error: FabricError | None, said: str
) -> None:
    """It costs an election, and `up` says so."""
    world = _world(a="old", b="new", c="new")
    world.leader = "a"

    restarts = await _led(world, Lead(world, error=error, obeys=False), patience=1)

    assert world.deleted == ["a"]
    assert len(restarts.notes) == 1
    assert restarts.notes[0].startswith("channel: a could not hand over to b before it restarted")
    assert said in restarts.notes[0]


@dataclass
class Views:
    """The view of a BFT channel, which changes when the node that leads it is asked; `error`: see `Lead`."""

    world: World
    error: FabricError | None = None
    asked: list[tuple[list[str], str, tuple[str, ...]]] = field(default_factory=list)

    async def hand_over(self, leader: Node, wanted: HandOver) -> bool:
        assert wanted.view is not None
        assert wanted.view == self.world.view
        names = sorted(self.world.pods)
        if self.error is not None:
            raise self.error
        if names[wanted.view % len(names)] != leader.name:
            return False
        self.asked.append((list(self.world.deleted), leader.name, wanted.nodes))
        self.world.view = wanted.view + 1
        return True


async def test_a_leader_of_bft_hands_over_wherever_it_comes_in_the_order() -> None:
    """Nobody says who leads, so the leader need not be the last; each that leads hands over when it goes."""
    world = _world(a="old", b="old", c="old", d="old")
    world.view = 5
    views = Views(world)

    restarts = await replace(_restarter(world), hand_over=views.hand_over).run()

    assert list(restarts.done) == ["a", "b", "c", "d"]
    assert views.asked == [
        (["a"], "b", ("a", "c", "d")),
        (["a", "b"], "c", ("a", "b", "d")),
        (["a", "b", "c"], "d", ("a", "b", "c")),
    ]
    assert list(restarts.notes) == []


async def test_a_view_that_cannot_be_asked_for_is_told() -> None:
    """Who leads is not known then."""
    world = _world(a="old", b="new", c="new", d="new")
    world.view = 0
    views = Views(world, error=FabricError("b: no way to it"))

    restarts = await replace(_restarter(world), hand_over=views.hand_over).run()

    assert world.deleted == ["a"]
    [note] = restarts.notes
    assert note.startswith("channel: a could not hand over before it restarted; if it led, the others")
    assert note.endswith("b: no way to it")


async def test_a_node_that_serves_nobody_is_not_asked_to_hand_over() -> None:
    """Nothing would answer."""
    world = _world(a="old", b="new", c="new")
    world.leader = "a"
    world.pods["a"] = _pod("a", "old", ready=False)
    lead = Lead(world)

    assert list((await _led(world, lead)).done) == ["a"]
    assert lead.asked == []


@dataclass
class Clients:
    """What nodes do for clients; a restarted one does nothing of it at first, or never again."""

    world: World
    looks: int = 3
    order: list[str] = field(default_factory=list)

    async def services(self, node: Node, facts: NodeFacts) -> frozenset[str]:
        if node.name in self.world.deleted:
            self.looks -= 1
            if self.looks > 0:
                return frozenset()
        self.order.append(f"{node.name} after {len(self.world.deleted)}")
        return frozenset({"channel: it knows the leader"})


async def test_the_next_node_goes_when_the_last_one_serves_again() -> None:
    """Ready and level is not enough: clients' gateways may not have found it yet."""
    world = _world(a="old", b="old", c="new")
    clients = Clients(world)

    restarts = await replace(_restarter(world), services=clients.services).run()

    assert world.deleted == ["a", "b"]
    assert clients.order == [
        *("a after 0", "b after 0", "c after 0"),
        *("a after 0", "a after 1", "b after 1", "b after 2"),
    ]
    assert list(restarts.notes) == []


async def test_the_first_node_goes_when_the_others_serve() -> None:
    """A run that was killed may have left one that has just started, and is not yet of use."""
    world = _world(a="old", b="new", c="new")
    clients = Clients(world)
    world.deleted.append("c")

    restarts = await replace(_restarter(world), services=clients.services).run()

    assert clients.looks <= 0, "it was asked again until it served"
    assert clients.order[:3] == ["a after 1", "b after 1", "c after 1"]
    assert list(restarts.done) == ["a"]
    assert list(restarts.notes) == []


async def test_a_node_that_serves_less_than_before_is_named() -> None:
    """Its channels are safe, so the others get their template; `up` says what is not as it was."""
    world = _world(a="old", b="new", c="new")

    restarts = await replace(_restarter(world, 0.5), services=Clients(world, looks=10_000).services).run()

    assert list(restarts.done) == ["a"]
    assert list(restarts.notes) == [
        "a: restarted, but does not do all that it did before: channel: it knows the leader"
    ]


async def test_a_pod_is_taken_out_of_its_service_before_it_is_deleted() -> None:
    """Else others dial an address that is gone, and wait; a database's Service is its peer's alone."""
    world = _world(**{"a": "old", "a-db": "old", "b": "new", "b-db": "old"})
    assert await _run(world, databases=DATABASES) == ["a", "b"]
    assert world.withdrawn == ["a"]


async def test_who_may_not_change_pods_restarts_them_all_the_same() -> None:
    """Roles that were made for earlier releases do not allow it; `up` says so."""
    world = _world(a="old", b="new")
    world.denied = KubeError("pods is forbidden: cannot patch")

    restarts = await _restarter(world).run()

    assert world.deleted == ["a"]
    assert list(restarts.notes) == [
        "a: its pod was not taken out of its Service before its end: pods is forbidden: cannot patch"
    ]


async def test_only_outdated_ones() -> None:
    """A changed file rolls exactly the nodes that use it."""
    assert await _run(_world(a="new", b="old", c="new")) == ["b"]


async def test_a_broken_node_restarts_first_and_without_leave() -> None:
    """Its pod serves nobody, and the new template may be what cures it."""
    world = _world(a="old", b="old")
    world.pods["b"] = _pod("b", "old", ready=False)
    assert await _run(world) == ["b", "a"]


async def test_no_restart_while_the_others_are_needed() -> None:
    """The reason is shown, and nothing was deleted."""
    world = _world(a="old", b="new", c="new")
    world.status = "inactive"
    with pytest.raises(
        ProviderError, match="channel: 0 others order, 2 are needed; b: consenter, inactive; c"
    ):
        await _run(world, patience=0.3)
    assert world.deleted == []


async def test_no_restart_while_another_pod_is_down() -> None:
    """A fresh pod that does not come up stops the rollout, with what is known of it."""
    world = _world(a="old", b="new")
    world.pods["b"] = _pod("b", "new", ready=False)
    with pytest.raises(ProviderError, match="b: Running, not ready"):
        await _run(world, patience=0.3)
    assert world.deleted == []


async def test_a_pod_that_fails_stops_the_rollout_with_evidence() -> None:
    """One bad template costs one node, and its log is in the message."""
    world = _world(a="old", b="old", c="old")
    world.comes_back = False
    with pytest.raises(ProviderError, match="panic: bad configuration"):
        await _run(world, patience=0.5)
    assert world.deleted == ["a"]


async def test_a_node_that_lags_stops_the_rollout() -> None:
    """Ready is not enough: the node must be level with the others before the next one goes."""
    world = _world(a="old", b="old")
    world.heights = {"a": 3, "b": 12}
    with pytest.raises(FabricError, match="block 3 of 12"):
        await _run(world, patience=0.5)
    assert world.deleted == ["a"]


def _peers(world: World, memberships: dict[str, list[str]]) -> Restarter:
    """A restarter of peers; the organization is the first letter of a peer's name."""

    async def ask(node: Node) -> NodeFacts:
        facts = await Orderers(world).ask(node)
        lost = {} if node.name in world.away else facts.channels
        channels = {
            name: lost["channel"] for name, names in memberships.items() if lost and node.name in names
        }
        silent = NoAnswer(reason=f"{node.name} is away") if node.name in world.away else None
        return replace(facts, kind="peer", msp_id=node.name[0], channels=channels, silent=silent)

    return replace(_restarter(world), ask=ask, memberships=memberships)


async def test_peers_of_all_organizations_restart_one_at_a_time() -> None:
    """An organization's only peer last; what stands still meanwhile is known before anything is done."""
    world = _world(b0="old", a0="old", a1="old")
    restarter = _peers(world, {"trade": ["a0", "a1", "b0"]})

    assert await restarter.pauses() == [
        "b0 is the only peer of b on trade: while it restarts, nothing can be endorsed there that needs b"
    ]
    assert world.deleted == []
    assert list((await restarter.run()).done) == ["a0", "a1", "b0"]
    assert world.most_away == 1
    assert await restarter.pauses() == []


async def test_a_broken_peer_of_another_organization_keeps_a_peer_back() -> None:
    """A policy may need both: two of a channel are never away at the same time."""
    world = _world(a0="old", a1="new", b0="new", c0="old")
    world.pods["b0"] = _pod("b0", "new", ready=False)
    restarter = replace(_peers(world, {"trade": ["a0", "a1", "b0"], "own": ["c0"]}), patience=0.3)

    with pytest.raises(ProviderError, match=r"a0 is outdated, but cannot be spared .*\n *b0: Running, not"):
        await restarter.run()
    assert world.deleted == ["c0"]


DATABASES = {"a": "a-db", "b": "b-db"}


async def test_a_database_restarts_with_its_peer() -> None:
    """The two are one thing: both go at once, and the next peer keeps its own meanwhile."""
    world = _world(**{"a": "old", "a-db": "old", "b": "old", "b-db": "old"})
    assert await _run(world, databases=DATABASES) == ["a", "b"]
    assert world.deleted == ["a-db", "a", "b-db", "b"]
    assert world.most_away == 2


async def test_an_outdated_database_alone_restarts_alone() -> None:
    """Its peer goes on, or is started anew by the kubelet; the rollout waits for both."""
    world = _world(**{"a": "new", "a-db": "old", "b": "new", "b-db": "new"})
    assert await _run(world, databases=DATABASES) == ["a"]
    assert world.deleted == ["a-db"]


async def test_a_peer_restarts_over_a_database_with_a_new_volume() -> None:
    """It does not see that what it wrote is gone. Everything else is left alone."""
    world = _world(**{"a": "new", "a-db": "new", "b": "new", "b-db": "new"})
    world.emptied = {"a-db": "a"}
    assert await _run(world, databases=DATABASES) == ["a"]
    assert world.deleted == ["a"]


async def test_a_peer_restarts_over_a_database_that_lost_its_state() -> None:
    """By hand, or by a backup that was put back: the volume is the old one, and the pod is ready."""
    world = _world(**{"a": "new", "a-db": "new", "b": "new", "b-db": "new"})
    world.states = {"a": 10, "b": 3}
    assert await _run(world, databases=DATABASES) == ["b"]
    assert world.deleted == ["b"]


async def test_a_peer_over_a_lost_state_restarts_with_its_outdated_database() -> None:
    """A new template of the database alone would leave the peer as it is, without its state."""
    world = _world(**{"a": "new", "a-db": "old", "b": "new", "b-db": "new"})
    world.states = {"a": 3, "b": 10}
    assert await _run(world, patience=1, databases=DATABASES) == ["a"]
    assert world.deleted == ["a-db", "a"]


class Skewed(World):
    """A machine whose clock is behind: each volume is newer than what has just become ready."""

    async def beside(self, state: PodState, database: str) -> PodState:
        return replace(state, database_is_newer=state.node == "a")


async def test_a_pod_that_is_never_as_it_should_be_ends_the_rollout() -> None:
    """Restarting it again and again would help nobody."""
    world = Skewed(pods=_world(**{"a": "new", "a-db": "new", "b": "new", "b-db": "new"}).pods)
    with pytest.raises(ProviderError, match="a-db and a: restarted, and to restart again"):
        await asyncio.wait_for(_run(world, databases=DATABASES), 10)
    assert world.deleted == ["a"]


class Crashed(World):
    """`a` crashed on a machine that is off: its pod is being deleted for ever. `b` comes back."""

    async def state(self, name: str) -> PodState:
        if self.away.get(name) == 1 and name == "a":
            self.away[name] = 3
        return await super().state(name)


async def test_a_pod_that_never_goes_keeps_nobody_from_coming_back() -> None:
    """It was deleted once; the others, whose certificates have expired, are not left as they are for it."""
    world = Crashed(pods=_world(a="old", b="old").pods)
    world.pods["a"] = _pod("a", "old", ready=False)
    expired = CertificateFacts(not_after=datetime(2026, 1, 1, tzinfo=UTC), expired=True)
    orderers = Orderers(world)

    async def ask(node: Node) -> NodeFacts:
        served = node.name not in world.deleted
        return replace(await orderers.ask(node), certificate=expired if served else None)

    with pytest.raises(ProviderError, match="pod of a: not ready after 1 s: going"):
        await asyncio.wait_for(replace(_restarter(world, patience=1), ask=ask).run(), 20)
    assert world.deleted == ["a", "b"]


async def test_a_peer_waits_for_its_new_database() -> None:
    """Without it the peer would start only to end again."""
    world = _world(**{"a": "new", "a-db": "new", "b": "new", "b-db": "new"})
    world.emptied = {"a-db": "a"}
    world.pods["a-db"] = _pod("a-db", "new", ready=False)
    with pytest.raises(ProviderError, match="pod of a-db: not ready"):
        await _run(world, patience=0.3, databases=DATABASES)
    assert world.deleted == []


async def test_no_restart_while_another_peers_database_is_down() -> None:
    """A peer without its database serves nobody: the other one is needed."""
    world = _world(**{"a": "old", "a-db": "new", "b": "new", "b-db": "new"})
    world.pods["b-db"] = _pod("b-db", "new", ready=False)
    with pytest.raises(ProviderError, match="b-db: Running, not ready"):
        await _run(world, patience=0.3, databases=DATABASES)
    assert world.deleted == []


class Releases:
    """What restarted nodes say of the release that they run, after some looks; "" is one that does."""

    def __init__(self, *answers: str | None) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def unfit(self, node: Node) -> str | None:
        self.asked.append(node.name)
        return self.answers.pop(0) if self.answers else ""


async def test_the_first_node_that_lacks_what_its_channels_have_stops_the_rollout() -> None:
    """It says so itself, before it is ready or just after; the others stay as they are."""
    world = outdated_pods("abc")
    releases = Releases(None, "runs v2.5.16, channel has channel capability V3_0 needs Fabric 3.0.0")
    with pytest.raises(ProviderError, match=r"with its new image it runs v2\.5\.16") as caught:
        await replace(_restarter(world), unfit=releases.unfit).run()
    assert len(world.deleted) == 1
    assert "Put the former image back" in caught.value.hint


async def test_a_node_is_asked_for_its_release_until_it_tells() -> None:
    """Once of each restarted node; one that is never silent is not asked again."""
    world = outdated_pods("ab")
    releases = Releases()
    assert list((await replace(_restarter(world), unfit=releases.unfit).run()).done) == ["a", "b"]
    assert releases.asked == ["a", "b"]


async def test_an_orderer_that_leaves_counts_while_it_orders() -> None:
    """Two stay of three. The one that leaves is down, so the two are the quorum: channels change first."""
    world = _world(a="old", b="new", gone="new")
    world.away["gone"] = -1
    restarter = _restarter(world)
    staying = [node for node in restarter.nodes if node.name != "gone"]
    restarter = replace(restarter, nodes=staying, leaving=[_node("gone")])

    restarts = await restarter.run()
    assert (restarts.done, world.deleted) == ({}, [])
    assert restarts.left == {"a": "gone, which leaves, does not order channel"}

    del world.away["gone"]
    assert list((await restarter.run()).done) == ["a"]
    assert world.deleted == ["a"]
