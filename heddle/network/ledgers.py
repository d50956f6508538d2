"""Read a channel's ledgers from every node, block by block, and check them: `heddle channel verify`.

One block of each node is in memory at a time, and one more on its way, whatever the length of the ledger.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from fabric_protos.common.common_pb2 import Block

from heddle.configtx.ledgercheck import LedgerCheck
from heddle.errors import FabricError, Refused, Unreachable
from heddle.fabric import events, orderer
from heddle.fabric.connection import Connections
from heddle.fabric.node import Node
from heddle.identity.signer import Signer
from heddle.network.facts import node_facts
from heddle.network.network import Network, node_of
from heddle.planner.facts import LedgerState, NoAnswer

__all__ = ["CheckedLedger", "Damage", "LedgersReport", "verify_ledgers"]

_ASKING = 10.0
_PIECE = 200
"""Blocks of one request: a connection that breaks costs little, and each request has its own deadline."""
_PIECE_SECONDS = 120.0
_LOST = 3
"""Times that a block is asked for while there is no answer: its bytes may be what cannot be read."""
_AWAY = 3
"""Blocks in a row without an answer after which the rest of a node's ledger is left unread."""
_PAUSE = 1.0
_MOST = 100
"""Damaged stretches that are listed for a node; more are counted."""


@dataclass(frozen=True, kw_only=True)
class Damage:
    """Say what is wrong with a node's blocks from `first` to `last`."""

    node: str
    first: int
    last: int
    reason: str

    def __str__(self) -> str:
        """Return the damage in one line."""
        blocks = f"block {self.first}" if self.first == self.last else f"blocks {self.first} to {self.last}"
        return f"{self.node}: {blocks}: {self.reason}"


@dataclass(kw_only=True)
class CheckedLedger:
    """Describe what was read of one node's ledger.

    height: the number of blocks that the node says it has.
    checked: how many of them were read and hold.
    damaged: how many do not hold, or are not handed out.
    unread: why not everything was read; empty if it was.
    """

    node: str
    role: str
    height: int = 0
    checked: int = 0
    damaged: int = 0
    unread: str = ""
    damages: list[Damage] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Tell whether every block was read and holds."""
        return not self.damaged and not self.unread

    def add(self, number: int, reason: str) -> None:
        """Note that a block does not hold; neighbours with the same reason become one entry."""
        self.damaged += 1
        last = self.damages[-1] if self.damages else None
        if last is not None and (last.last, last.reason) == (number - 1, reason):
            self.damages[-1] = Damage(node=self.node, first=last.first, last=number, reason=reason)
        elif len(self.damages) < _MOST:
            self.damages.append(Damage(node=self.node, first=number, last=number, reason=reason))


@dataclass(frozen=True, kw_only=True)
class LedgersReport:
    """Describe the ledgers of a channel: how many blocks and configurations were checked, and each node's."""

    channel: str
    genesis_hash: str
    blocks: int
    configurations: int
    ledgers: tuple[CheckedLedger, ...]

    @property
    def sound(self) -> bool:
        """Tell whether every block of every node was read, holds, and is the same everywhere."""
        return bool(self.ledgers) and all(ledger.sound for ledger in self.ledgers)


class _Cursor:
    """Read one node's blocks in their order, in pieces."""

    def __init__(self, connections: Connections, node: Node, channel: str, signer: Signer, role: str) -> None:
        self.ledger = CheckedLedger(node=node.name, role=role)
        self._blocks = events.deliver_blocks if role == "peer" else orderer.deliver_blocks
        self._where = (connections, node, channel)
        self._signer = signer
        self._stream: AsyncGenerator[Block, None] | None = None
        self._stop = -1
        self.lost = 0

    async def block(self, number: int) -> Block | FabricError:
        """Return the block of this number, or why the node does not hand it out."""
        for attempt in range(_LOST):
            try:
                return await self._next(number)
            except Unreachable as error:
                lost: FabricError = error
                await self.close()
                await asyncio.sleep(_PAUSE * attempt)
            except FabricError as error:
                await self.close()
                return error
        return lost

    async def _next(self, number: int) -> Block:
        if self._stream is None or number > self._stop:
            await self.close()
            self._stop = min(number + _PIECE, self.ledger.height) - 1
            self._stream = self._blocks(
                *self._where, number, self._stop, self._signer, deadline=_PIECE_SECONDS
            )
        try:
            return await anext(self._stream)
        except StopAsyncIteration:
            raise Unreachable(f"{self.ledger.node}: block {number} is missing in its answer") from None

    async def close(self) -> None:
        """Close the stream of blocks from this node, and ignore what the node says meanwhile."""
        stream, self._stream = self._stream, None
        if stream is not None:
            with suppress(FabricError):
                await stream.aclose()


async def verify_ledgers(
    network: Network,
    connections: Connections,
    channel: str,
    *,
    nodes: Sequence[str] = (),
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> LedgersReport:
    """Read and check every block that the nodes have of a channel now; all nodes, or those that are named.

    `progress` is told how many blocks are done, of how many. Raises EngineError for an unknown channel.
    """
    genesis_hash = network.instance.channel(channel).genesis_hash
    cursors = await _cursors(network, connections, channel, nodes)
    check = LedgerCheck(channel, genesis_hash)
    blocks = max((cursor.ledger.height for cursor in cursors), default=0)
    try:
        while check.number < blocks:
            await _check_next(check, [cursor for cursor in cursors if not cursor.ledger.unread])
            progress(check.number, blocks)
    finally:
        for cursor in cursors:
            await cursor.close()
    return LedgersReport(
        channel=channel,
        genesis_hash=genesis_hash,
        blocks=blocks,
        configurations=check.configurations,
        ledgers=tuple(cursor.ledger for cursor in cursors),
    )


async def _check_next(check: LedgerCheck, cursors: Sequence[_Cursor]) -> None:
    """Read the next block from every node that has it, and note what does not hold."""
    number = check.number
    reading = [cursor for cursor in cursors if number < cursor.ledger.height]
    answers = await asyncio.gather(*(cursor.block(number) for cursor in reading))
    copies = {
        cursor.ledger.node: answer
        for cursor, answer in zip(reading, answers, strict=True)
        if isinstance(answer, Block)
    }
    problems = check.check(copies)
    for cursor, answer in zip(reading, answers, strict=True):
        ledger = cursor.ledger
        if isinstance(answer, FabricError):
            ledger.add(number, f"the node does not hand it out: {_words(answer)}")
            cursor.lost = cursor.lost + 1 if isinstance(answer, Unreachable) else 0
            if cursor.lost == _AWAY:
                ledger.unread = f"no answer from block {number} on: {answer.message}"
            continue
        cursor.lost = 0
        if problem := problems.get(ledger.node):
            ledger.add(number, problem)
        else:
            ledger.checked += 1


def _words(error: FabricError) -> str:
    return error.words if isinstance(error, Refused) else error.message


async def _cursors(
    network: Network, connections: Connections, channel: str, nodes: Sequence[str]
) -> list[_Cursor]:
    """Return a reader for every node of the channel that hands out blocks, with its height."""
    facts = await node_facts(network, connections, [channel], deadline=_ASKING)
    owners = {peer.name: peer.organization for peer in network.instance.peers}
    known = {each.name: each for each in network.orderers} | {
        peer.name: node_of(peer) for peer in network.instance.peers
    }
    cursors = []
    for fact in facts:
        if (nodes and fact.name not in nodes) or (fact.kind == "peer" and channel not in fact.channels):
            continue
        signer = network.reader(owners[fact.name]) if fact.kind == "peer" else network.channel_reader(channel)
        cursor = _Cursor(connections, known[fact.name], channel, signer, fact.kind)
        answer = fact.silent or fact.channels.get(channel)
        if isinstance(answer, LedgerState):
            cursor.ledger.height = answer.height
            if answer.relation in ("follower", "config-tracker"):
                cursor.ledger.unread = (
                    f"a {answer.relation} hands out no blocks; make it a consenter to check it"
                )
        elif isinstance(answer, NoAnswer):
            cursor.ledger.unread = answer.reason
        else:
            cursor.ledger.unread = "it is not on the channel"
        cursors.append(cursor)
    return cursors
