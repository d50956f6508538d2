"""Stand-in orderers agree: whatever stops, dies or is cut off, their ledgers never differ."""

import asyncio
import random
from collections.abc import Mapping
from pathlib import Path

import pytest
from fabric_protos.common import common_pb2

from heddle.embedded.fabric.orderer import consensus
from heddle.embedded.fabric.orderer.ballot import Ballot
from heddle.embedded.fabric.orderer.messages import Append, Vote
from tests.embedded.fabric.world import Build, Node, World

# Elections are races of time-outs: on the machine's own clock its other load would decide them.
pytestmark = pytest.mark.virtual_clock


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consensus, "HEARTBEAT", 0.02)
    monkeypatch.setattr(consensus, "ELECTION", 0.12)


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Return what makes a world of so many nodes."""
    return lambda size, **options: World(tmp_path, size, **options)


async def test_one_node_orders_alone(build: Build) -> None:
    """A throw-away network of one orderer needs nobody."""
    world = build(1)
    world.start(world.members[0])
    await world.order(b"a")
    assert world.ledgers[world.members[0]] == [b"genesis", b"a"]
    await world.stop(world.members[0], kill=False)


async def test_a_minority_orders_nothing(build: Build) -> None:
    """One of three does not lead; with a second one it goes on."""
    world = build(3)
    world.start(world.members[0])
    with pytest.raises(TimeoutError):
        await world.order(b"a", seconds=0.5)
    world.start(world.members[1])
    await world.order(b"b")
    await world.level()
    world.check()
    for member in list(world.running):
        await world.stop(member, kill=True)


async def test_a_leader_that_stops_hands_over(build: Build) -> None:
    """The others need not wait for an election time-out."""
    world = build(3)
    for member in world.members:
        world.start(member)
    await world.order(b"a")
    leader = next(member for member, node in world.running.items() if node.leading)
    await world.stop(leader, kill=False)
    await world.order(b"b", seconds=consensus.ELECTION)
    for member in list(world.running):
        await world.stop(member, kill=True)


async def test_a_leader_that_is_cut_off_resigns(build: Build) -> None:
    """It takes no more messages, and what it had not committed is not in its ledger later."""
    world = build(3)
    for member in world.members:
        world.start(member)
    await world.order(b"a")
    old = next(member for member, node in world.running.items() if node.leading)
    world.cut.add(old)
    await world.order(b"b")
    async with asyncio.timeout(2):
        while world.running[old].leading:  # noqa: ASYNC110 - virtual time
            await asyncio.sleep(0.02)
    world.cut.clear()
    await world.order(b"c")
    await world.level()
    assert world.ledgers[old] == [b"genesis", b"a", b"b", b"c"]
    for member in list(world.running):
        await world.stop(member, kill=True)


@pytest.mark.parametrize("seed", range(20))
async def test_chaos(build: Build, seed: int) -> None:
    """Random stops, deaths, starts and cuts: ledgers stay prefixes of each other, and all meet in the end."""
    choose = random.Random(seed)  # noqa: S311 - a choice, not a key
    world = build(choose.choice([3, 5]))
    for member in world.members:
        world.start(member)
    ordering = asyncio.create_task(_keep_ordering(world))
    for _ in range(25):
        member = choose.choice(world.members)
        match choose.choice(["stop", "kill", "start", "start", "cut", "heal"]):
            case "stop" | "kill" as how if member in world.running:
                await world.stop(member, kill=how == "kill")
            case "start" if member not in world.running:
                world.start(member)
            case "cut":
                world.cut.add(member)
            case "heal":
                world.cut.clear()
        await asyncio.sleep(choose.uniform(0, 0.1))
        world.check()
    world.cut.clear()
    for member in set(world.members) - set(world.running):
        world.start(member)
    ordering.cancel()
    await asyncio.gather(ordering, return_exceptions=True)
    await world.order(b"last")
    await world.level()
    world.check()
    assert world.ledgers[world.members[0]][-1] == b"last"
    for member in list(world.running):
        await world.stop(member, kill=True)


async def _keep_ordering(world: World) -> None:
    for number in range(10_000):
        try:
            await world.order(f"block {number}".encode(), seconds=0.3)
        except TimeoutError:
            continue


async def test_a_leader_hands_over_to_the_member_that_it_names(build: Build) -> None:
    """At once, although the promises to the former leader have not run out, and blocks go on."""
    world = build(3)
    for member in world.members:
        world.start(member)
    await world.order(b"before")
    for successor in world.members * 2:
        leader = next(node for node in world.running.values() if node.leading)
        await leader.hand_over(successor)
        assert [node.me for node in world.running.values() if node.leading] == [successor]
        await world.order(successor.encode())
    await world.level()
    world.check()


async def _ended(world: World) -> None:
    for member in list(world.running):
        await world.stop(member, kill=True)
    await asyncio.gather(*world.late, return_exceptions=True)


async def _leader(world: World, *, besides: str = "") -> str:
    async with asyncio.timeout(5):
        while True:
            for member, node in world.running.items():
                if node.leading and member not in world.cut and member != besides:
                    return member
            await asyncio.sleep(0.005)


def _block(world: World, member: str, content: bytes) -> common_pb2.Block:
    block = common_pb2.Block()
    block.header.number = len(world.ledgers[member])
    block.data.data.append(content)
    return block


async def test_an_older_block_that_was_not_committed_gives_way(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both wait for their turn at one height; only one of them was told as committed, and that one stays.

    The first leader is cut off with a block that nobody else accepted. The second has one accepted by the
    third, commits it and is gone. Who votes for whom then is decided by when each block was accepted.
    """
    world = build(3)
    for member in world.members:
        world.start(member)
    first = await _leader(world)
    world.cut.add(first)
    lonely = asyncio.create_task(world.running[first].order(lambda: _block(world, first, b"lonely")))
    second = await _leader(world, besides=first)
    commit = Node.commit

    def gone_then(node: Node, block: common_pb2.Block, signatures: Mapping[str, bytes]) -> None:
        commit(node, block, signatures)
        if block.data.data[0] == b"told":
            world.cut.add(second)

    monkeypatch.setattr(Node, "commit", gone_then)
    await world.running[second].order(lambda: _block(world, second, b"told"))
    assert world.ledgers[second] == [b"genesis", b"told"]
    assert not await lonely
    world.cut.discard(first)

    await world.order(b"next")
    world.check()
    world.cut.clear()
    await world.level()

    assert world.ledgers[second][:2] == [b"genesis", b"told"]
    await _ended(world)


async def test_a_deposed_leaders_message_is_refused_however_late_it_comes(build: Build) -> None:
    """Also when nobody else is heard from any more: another leader may have committed a block meanwhile."""
    world = build(3)
    for member in world.members:
        world.start(member)
    first = await _leader(world)
    world.cut.add(first)
    await world.order(b"told")
    second = await _leader(world)
    [third] = set(world.members) - {first, second}
    world.cut |= set(world.members)
    await asyncio.sleep(2 * consensus.ELECTION)
    late = Append(leader=first, term=1, height=1, active=(), block=_block(world, third, b"late"))

    answer = await world.running[third].receive(late)

    assert answer["refused"]
    assert answer["accepted"] is None
    await _ended(world)


def test_a_node_that_is_killed_keeps_its_word(tmp_path: Path) -> None:
    """Its vote of a term, and the block that it accepted, with the term."""
    block = common_pb2.Block()
    block.header.number = 4
    ballot = Ballot(tmp_path / "ballot")
    ballot.vote("one", 7)
    ballot.accept(7, block)

    again = Ballot(tmp_path / "ballot")

    assert (again.term, again.accepted, again.block) == (7, 7, block)
    assert again.may_vote("one", 7)
    assert not again.may_vote("two", 7)
    assert not again.may_vote("one", 6)
    again.enter(8)
    assert Ballot(tmp_path / "ballot").may_vote("two", 8)


async def test_one_vote_per_term(build: Build) -> None:
    """Also once the candidate is not heard from any more."""
    world = build(3)
    node = world.node(world.members[0])
    votes = [Vote(candidate=each, term=50, height=1, pending=0) for each in world.members[1:]]

    assert (await node.receive(votes[0]))["granted"]
    await asyncio.sleep(2 * consensus.ELECTION)
    assert not (await node.receive(votes[1]))["granted"]
    assert (await node.receive(votes[0]))["granted"]


@pytest.mark.parametrize("seed", range(40))
async def test_starvation(build: Build, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Messages and answers come when their sender has been deposed, and nodes are killed meanwhile."""
    monkeypatch.setattr(consensus, "HEARTBEAT", 0.01)
    monkeypatch.setattr(consensus, "ELECTION", 0.05)
    choose = random.Random(seed)  # noqa: S311 - a choice, not a key
    share = choose.choice([0.1, 0.2, 0.3])
    calm = False

    def lateness() -> float:
        return choose.uniform(0, 0.2) if not calm and choose.random() < share else 0.0

    world = build(choose.choice([3, 3, 5]), lateness=lateness)
    for member in world.members:
        world.start(member)
    ordering = asyncio.create_task(_keep_ordering(world))
    for _ in range(30):
        member = choose.choice(world.members)
        if choose.random() < 0.2:
            await world.stop(member, kill=True)
            world.start(member)
        await asyncio.sleep(0.05)
        world.check()
    ordering.cancel()
    await asyncio.gather(ordering, return_exceptions=True)
    calm = True
    await world.order(b"last")
    await world.level()
    world.check()
    await _ended(world)
