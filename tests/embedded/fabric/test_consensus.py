"""Stand-in orderers agree: whatever stops, dies or is cut off, their ledgers never differ."""

import asyncio
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from fabric_protos.common import common_pb2

from heddle.embedded.fabric.orderer import consensus
from heddle.embedded.fabric.orderer.ballot import Ballot
from heddle.embedded.fabric.orderer.consensus import Consensus
from heddle.embedded.fabric.orderer.messages import Append, Message, Vote, decode, encode

# Elections are races of time-outs: on the machine's own clock its other load would decide them.
pytestmark = pytest.mark.virtual_clock


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consensus, "HEARTBEAT", 0.02)
    monkeypatch.setattr(consensus, "ELECTION", 0.12)


class World:
    """Nodes that reach each other through this object, unless they are down or cut off.

    `folder`: where they keep what they have voted for. `lateness`: seconds that a message, or its answer, is
    under way; who sent it may have given it up, and it arrives all the same.
    """

    def __init__(self, folder: Path, size: int, lateness: Callable[[], float] = lambda: 0.0) -> None:
        self.folder, self.lateness = folder, lateness
        self.late: set[asyncio.Task[dict[str, Any]]] = set()
        self.members = tuple(f"node{number}:7050" for number in range(size))
        self.ledgers: dict[str, list[bytes]] = {member: [b"genesis"] for member in self.members}
        self.running: dict[str, Consensus] = {}
        self.cut: set[str] = set()

    def start(self, member: str) -> None:
        """Start a node with the ledger that it has."""
        self.running[member] = self.node(member)
        self.running[member].start()

    def node(self, member: str) -> Consensus:
        """Build a node with the ledger that it has; it answers, and never stands for leadership itself."""
        return Consensus(
            me=member,
            chain=Node(self, member),
            call=lambda target, message: self._call(member, target, message),
            ballot=Ballot(self.folder / member),
        )

    async def stop(self, member: str, *, kill: bool) -> None:
        """Stop a node: in order, or without a word."""
        node = self.running[member]
        if kill:
            self.cut.add(member)
            node.leader = ""  # it cannot say goodbye
        await node.stop()
        self.cut.discard(member)
        del self.running[member]

    async def _call(self, source: str, target: str, message: Message) -> dict[str, Any]:
        task = asyncio.create_task(self._arrive(source, target, message))
        self.late.add(task)
        task.add_done_callback(self._arrived)
        answer = await asyncio.shield(task)
        await asyncio.sleep(self.lateness())
        return answer

    def _arrived(self, task: asyncio.Task[dict[str, Any]]) -> None:
        self.late.discard(task)
        assert task.cancelled() or isinstance(task.exception(), ConnectionError | None)

    async def _arrive(self, source: str, target: str, message: Message) -> dict[str, Any]:
        await asyncio.sleep(self.lateness())
        if target not in self.running or {source, target} & self.cut:
            raise ConnectionError(target)
        answer = await self.running[target].receive(decode(encode(message)))
        if target not in self.running or {source, target} & self.cut:
            raise ConnectionError(target)
        return answer

    async def order(self, content: bytes, seconds: float = 5) -> None:
        """Have a block committed by whoever leads."""
        async with asyncio.timeout(seconds):
            while True:
                for member, node in list(self.running.items()):
                    if node.leading and member not in self.cut:

                        def build(member: str = member) -> common_pb2.Block:
                            block = common_pb2.Block()
                            block.header.number = len(self.ledgers[member])
                            block.data.data.append(content)
                            return block

                        if await node.order(build):
                            return
                await asyncio.sleep(0.02)

    async def level(self, seconds: float = 5) -> None:
        """Wait until all running nodes have the same ledger."""
        async with asyncio.timeout(seconds):
            while len({tuple(self.ledgers[member]) for member in self.running}) > 1:  # noqa: ASYNC110 - virtual time
                await asyncio.sleep(0.02)

    def check(self) -> None:
        """No two ledgers differ as far as both go."""
        for one in self.ledgers.values():
            for other in self.ledgers.values():
                shared = min(len(one), len(other))
                assert one[:shared] == other[:shared]


class Node:
    """The chain of one node: its ledger in the world."""

    def __init__(self, world: World, member: str) -> None:
        self.world = world
        self.member = member

    @property
    def height(self) -> int:
        return len(self.world.ledgers[self.member])

    @property
    def members(self) -> tuple[str, ...]:
        return self.world.members

    @property
    def quorum(self) -> int:
        return len(self.members) // 2 + 1

    def sign(self, block: common_pb2.Block) -> bytes:
        return self.member.encode() + block.data.data[0]

    def commit(self, block: common_pb2.Block, signatures: Mapping[str, bytes]) -> None:
        assert len(signatures) >= self.quorum
        assert all(
            signature == member.encode() + block.data.data[0] for member, signature in signatures.items()
        )
        assert block.header.number == self.height
        self.world.ledgers[self.member].append(block.data.data[0])

    async def catch_up(self, source: str, height: int) -> None:
        while self.height < height:
            await asyncio.sleep(0)
            if {source, self.member} & self.world.cut:
                return
            self.world.ledgers[self.member].append(self.world.ledgers[source][self.height])


Build = Callable[..., World]


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
