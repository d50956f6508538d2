"""Query a peer's copy of a ledger by `qscc` (core/scc/qscc/query.go). For the channel's readers."""

from dataclasses import dataclass

from fabric_protos.common import ledger_pb2
from fabric_protos.common.common_pb2 import Block

from heddle.errors import Refused
from heddle.fabric.answers import message_of
from heddle.fabric.connection import Connections
from heddle.fabric.endorser import evaluate
from heddle.fabric.node import Node
from heddle.identity.signer import Signer

__all__ = ["ChainInfo", "block_by_number", "chain_info", "height_if_admitted"]

_QSCC = "qscc"
_NOT_ADMITTED_YET = "creator org unknown"


@dataclass(frozen=True, kw_only=True)
class ChainInfo:
    """Hold the number of blocks, and the header hashes of the newest block and of the one before it."""

    height: int
    current_hash: bytes
    previous_hash: bytes


async def chain_info(
    connections: Connections, node: Node, channel: str, signer: Signer, *, deadline: float
) -> ChainInfo:
    """Return the height of the peer's ledger, with the newest hashes."""
    content = await evaluate(
        connections, node, signer, channel, _QSCC, ["GetChainInfo", channel], deadline=deadline
    )
    info = message_of(ledger_pb2.BlockchainInfo(), content, node, f"height of {channel}")
    return ChainInfo(
        height=info.height, current_hash=info.currentBlockHash, previous_hash=info.previousBlockHash
    )


async def height_if_admitted(
    connections: Connections, node: Node, channel: str, signer: Signer, *, deadline: float
) -> int:
    """Return the number of blocks, 0 while the peer does not know the signer's organization.

    One that was admitted after block 0 is a stranger to its own peer until that has the block that admits it.
    """
    try:
        return (await chain_info(connections, node, channel, signer, deadline=deadline)).height
    except Refused as refusal:
        if _NOT_ADMITTED_YET in refusal.words:
            return 0
        raise


async def block_by_number(
    connections: Connections, node: Node, channel: str, number: int, signer: Signer, *, deadline: float
) -> Block:
    """Return a block of the peer's ledger. Raises Refused if it has none of this number."""
    args = ["GetBlockByNumber", channel, str(number)]
    content = await evaluate(connections, node, signer, channel, _QSCC, args, deadline=deadline)
    return message_of(Block(), content, node, f"block {number} of {channel}")
