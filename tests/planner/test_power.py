"""Sleeping and waking, from every state that an interrupted run can leave: in order, to the end."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations_with_replacement, product

import pytest

from heddle.planner.power import Await, Kind, Scale, Step, Workload, is_asleep, sleeping_step, waking_step

MOST = 7
STEPS = 40
"""More than any way takes: what is longer goes round in circles."""
STATES = {"up": (1, 1, 1), "starting": (1, 1, 0), "down": (0, 0, 0), "leaving": (0, 1, 0)}
"""Replicas, pods, ready ones."""


@dataclass
class World:
    """Workloads that follow their replicas, but for `stuck` pods, which stay, and `broken` ones."""

    workloads: list[Workload]
    stuck: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()
    steps: list[Step] = field(default_factory=list)

    def scale(self, step: Scale) -> None:
        self.workloads = [
            replace(each, replicas=step.replicas.get(each.name, each.replicas)) for each in self.workloads
        ]

    def settle(self) -> None:
        """Let the controllers do their work."""
        self.workloads = [
            replace(
                each,
                pods=max(each.replicas, each.pods if each.name in self.stuck else 0),
                ready=0 if each.name in self.broken else each.replicas,
            )
            for each in self.workloads
        ]

    def of(self, *kinds: Kind) -> list[Workload]:
        return [each for each in self.workloads if each.kind in kinds]

    def named(self, step: Scale) -> list[Workload]:
        return [each for each in self.workloads if each.name in step.replicas]


def _sizes() -> Iterator[tuple[int, int, int, int]]:
    """Numbers of servers, peers, databases and orderers, at most seven together."""
    for servers, peers, databases, orderers in product(range(3), range(4), range(4), range(1, 6)):
        if databases in (0, peers) and servers + peers + databases + orderers <= MOST:
            yield servers, peers, databases, orderers


SIZES = list(_sizes())


def worlds(size: tuple[int, int, int, int]) -> Iterator[World]:
    """Every state of that many workloads; those of a kind that differ by their names alone are one."""
    groups = [combinations_with_replacement(STATES, count) for count in size]
    for states in product(*groups):
        workloads = [
            Workload(
                name=f"{kind.name.lower()}{number}",
                kind=kind,
                replicas=STATES[state][0],
                pods=STATES[state][1],
                ready=STATES[state][2],
                leads=kind == Kind.ORDERER and number == 0,
            )
            for kind, each in zip(Kind, states, strict=True)
            for number, state in enumerate(each)
        ]
        yield World(workloads=workloads)


def sleep(world: World) -> None:
    """Take the steps; each keeps what is still in use."""
    given_up: set[str] = set()
    for _ in range(STEPS):
        step = sleeping_step(world.workloads, given_up)
        if step is None:
            return
        world.steps.append(step)
        if isinstance(step, Scale):
            expect_unused(world, step, given_up)
            world.scale(step)
            continue
        world.settle()
        given_up |= {each.name for each in world.workloads if each.name in step.gone and each.pods}
    raise AssertionError(f"no end: {world.steps[-4:]}")


def expect_unused(world: World, step: Scale, given_up: set[str]) -> None:
    """Nothing stops while something that uses it runs, and leaders after those that follow them."""
    stopped = world.named(step)
    assert set(step.replicas.values()) == {0}
    (kind,) = {each.kind for each in stopped}
    users = [each for each in world.of(*(each for each in Kind if each < kind)) if each.name not in given_up]
    assert not [each for each in users if each.replicas or each.pods], step
    if any(each.leads for each in stopped):
        following = [each for each in world.of(Kind.ORDERER) if not each.leads and each.name not in given_up]
        assert not [each for each in following if each.replicas or each.pods], step


def wake(world: World, *, led: bool = True) -> bool:
    """Take the steps; tell whether the channels got a leader."""
    leaderless, given_up = {"trade"}, set[str]()
    for _ in range(STEPS):
        step = waking_step(world.workloads, leaderless, given_up)
        if step is None:
            return True
        world.steps.append(step)
        if isinstance(step, Scale):
            expect_useful(world, step, leaderless, given_up)
            world.scale(step)
            continue
        world.settle()
        if step.led:
            if not led:
                return False
            leaderless = set()
        given_up |= {each.name for each in world.workloads if each.name in step.ready and not each.ready}
    raise AssertionError(f"no end: {world.steps[-4:]}")


def expect_useful(world: World, step: Scale, leaderless: set[str], given_up: set[str]) -> None:
    """Nothing starts before what it uses serves."""
    kinds = {each.kind for each in world.named(step)}
    assert not leaderless or kinds == {Kind.ORDERER}, step
    if Kind.PEER in kinds:
        assert all(each.ready or each.name in given_up for each in world.of(Kind.DATABASE)), step


@pytest.mark.parametrize("size", SIZES)
def test_from_every_state_an_instance_falls_asleep_in_order(size: tuple[int, int, int, int]) -> None:
    """Nothing runs in the end, and there is nothing left to do."""
    for world in worlds(size):
        sleep(world)
        assert is_asleep(world.workloads)
        assert not any(each.pods for each in world.workloads)
        assert sleeping_step(world.workloads) is None


@pytest.mark.parametrize("size", SIZES)
def test_from_every_state_an_instance_wakes_in_order(size: tuple[int, int, int, int]) -> None:
    """Everything runs in the end, and there is nothing left to do."""
    for world in worlds(size):
        assert wake(world)
        assert all(each.ready == each.awake for each in world.workloads)
        assert waking_step(world.workloads, ()) is None


@pytest.mark.parametrize("size", SIZES)
def test_pods_that_never_go_keep_nobody_awake(size: tuple[int, int, int, int]) -> None:
    """One on a machine that is off is given up, of whatever kind."""
    for kind, count in zip(Kind, size, strict=True):
        for number in range(count):
            world = World(workloads=running(size), stuck=frozenset({f"{kind.name.lower()}{number}"}))
            sleep(world)
            assert is_asleep(world.workloads)


@pytest.mark.parametrize("size", SIZES)
def test_what_does_not_come_back_keeps_nobody_asleep(size: tuple[int, int, int, int]) -> None:
    """As long as channels have leaders: the others run."""
    for kind, count in zip(Kind, size, strict=True):
        for number in range(count):
            name = f"{kind.name.lower()}{number}"
            asleep = [replace(each, replicas=0, pods=0, ready=0) for each in running(size)]
            world = World(workloads=asleep, broken=frozenset({name}))
            assert wake(world)
            assert all(each.ready for each in world.workloads if each.name != name)
            assert all(each.replicas for each in world.workloads)


@pytest.mark.parametrize("size", SIZES)
def test_without_a_leader_nothing_but_orderers_starts(size: tuple[int, int, int, int]) -> None:
    """From whatever state: peers would find nobody to take blocks from."""
    for world in worlds(size):
        before = {each.name: each.replicas for each in world.workloads}
        assert not wake(world, led=False)
        for each in world.workloads:
            assert each.replicas == (1 if each.kind == Kind.ORDERER else before[each.name])


@pytest.mark.parametrize("size", SIZES)
def test_a_change_of_mind_at_any_step_ends_well(size: tuple[int, int, int, int]) -> None:
    """Killed while it fell asleep, then woken; and the other way round."""
    whole = World(workloads=running(size))
    sleep(whole)
    for count in range(len(whole.steps)):
        world = World(workloads=running(size))
        take(world, count)
        assert wake(world)
        sleep(world)
        assert is_asleep(world.workloads)


def take(world: World, count: int) -> None:
    """Take that many steps towards sleep."""
    for _ in range(count):
        step = sleeping_step(world.workloads)
        if isinstance(step, Scale):
            world.scale(step)
        else:
            world.settle()


def running(size: tuple[int, int, int, int]) -> list[Workload]:
    return [
        Workload(
            name=f"{kind.name.lower()}{number}",
            kind=kind,
            replicas=1,
            pods=1,
            ready=1,
            leads=kind == Kind.ORDERER and number == 0,
        )
        for kind, count in zip(Kind, size, strict=True)
        for number in range(count)
    ]


def test_a_chaincode_server_has_as_many_pods_as_before() -> None:
    """What the stack file says, not one."""
    server = Workload(name="assets", kind=Kind.SERVER, replicas=0, awake=3)
    assert waking_step([server], ()) == Scale(replicas={"assets": 3})
    assert waking_step([replace(server, replicas=3, pods=3, ready=2)], ()) == Await(
        ready=frozenset({"assets"})
    )
