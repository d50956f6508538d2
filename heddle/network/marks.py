"""Note what nodes' ledgers have, and prove later that they still have it."""

import asyncio
from collections.abc import Mapping
from typing import Literal

from fabric_protos.common.common_pb2 import Block

from heddle.configtx.blocks import block_hash
from heddle.errors import FabricError
from heddle.fabric import qscc
from heddle.fabric.connection import Connections
from heddle.fabric.node import Node
from heddle.fabric.orderer import deliver_block
from heddle.identity.signer import Signer
from heddle.network.ledgermarks import LedgerMark
from heddle.planner.facts import LedgerState, NodeFacts

__all__ = ["ask_marks", "departures"]


async def ask_marks(
    connections: Connections, node: Node, facts: NodeFacts, reader: Signer | None, *, deadline: float
) -> dict[str, LedgerMark]:
    """Return the marks of a node's ledgers by channel, of those whose height it told."""

    async def mark(channel: str, answer: LedgerState) -> LedgerMark:
        if facts.kind == "peer":
            return LedgerMark(height=answer.height, newest_hash=answer.newest_hash.hex())
        block = await _block(connections, node, channel, facts, reader, "newest", deadline)
        if block is None:
            return LedgerMark(height=answer.height, newest_hash="")
        return LedgerMark(height=int(block.header.number) + 1, newest_hash=block_hash(block.header).hex())

    told = {
        name: each for name, each in facts.channels.items() if isinstance(each, LedgerState) and each.height
    }
    marks = await asyncio.gather(*(mark(name, answer) for name, answer in told.items()))
    return dict(zip(told, marks, strict=True))


async def departures(
    connections: Connections,
    node: Node,
    facts: NodeFacts,
    noted: Mapping[str, LedgerMark],
    reader: Signer | None,
    *,
    deadline: float,
) -> dict[str, str]:
    """Return by channel what a node's ledger lacks of what was noted; none: it has all of it, unchanged.

    Raises FabricError for a ledger with another block in the place of the one that was noted.
    """

    async def departure(channel: str, mark: LedgerMark) -> str:
        answer = facts.channels.get(channel)
        if not isinstance(answer, LedgerState):
            return "no answer" if channel in facts.channels or facts.silent else "not joined"
        if answer.height < mark.height:
            return f"block {answer.height} of {mark.height}"
        if not mark.newest_hash:
            return ""
        block = await _block(connections, node, channel, facts, reader, mark.height - 1, deadline)
        if block is None:
            return f"does not hand out block {mark.height - 1}"
        found = block_hash(block.header).hex()
        if found != mark.newest_hash:
            raise FabricError(
                f"{node.name}: {channel}: block {mark.height - 1} has hash {found}, and had "
                f"{mark.newest_hash} when the instance went to sleep",
                hint="Its volume is another one than it was. Do not let it order or endorse: scale it down, "
                "put its own volume back, then run it again.",
            )
        return ""

    found = await asyncio.gather(*(departure(channel, mark) for channel, mark in noted.items()))
    return {channel: words for channel, words in zip(noted, found, strict=True) if words}


async def _block(
    connections: Connections,
    node: Node,
    channel: str,
    facts: NodeFacts,
    reader: Signer | None,
    position: int | Literal["newest"],
    deadline: float,
) -> Block | None:
    """Return a block that a node hands out; None where it does not, or nobody may ask."""
    if reader is None:
        return None
    try:
        if facts.kind == "peer":
            return await qscc.block_by_number(
                connections, node, channel, int(position), reader, deadline=deadline
            )
        return await deliver_block(connections, node, channel, position, reader, deadline=deadline)
    except FabricError:
        return None
