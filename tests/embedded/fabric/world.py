"""Orderers of one channel that agree in virtual time, on a network that loses and delays messages."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fabric_protos.common import common_pb2

from heddle.embedded.fabric.orderer.ballot import Ballot
from heddle.embedded.fabric.orderer.consensus import Consensus
from heddle.embedded.fabric.orderer.messages import Message, decode, encode


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
