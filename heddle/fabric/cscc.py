"""Ask `cscc`, a peer's list of its channels (core/scc/cscc/configure.go). A local administrator may join."""

from fabric_protos.common import common_pb2
from fabric_protos.common.common_pb2 import Block
from fabric_protos.peer import query_pb2

from heddle.errors import LedgerNotOpen, Refused
from heddle.fabric.answers import message_of
from heddle.fabric.connection import Connections
from heddle.fabric.endorser import evaluate, new_proposal, propose
from heddle.fabric.node import Node
from heddle.identity.signer import Signer
from heddle.waiting import Deadline, ensure, poll

__all__ = ["channels", "config_block", "join_channel"]

_CSCC = "cscc"
_EXISTS = "already exists with state"
"""A peer's answer to a join if its list of ledgers has the channel (core/ledger/kvledger)."""
_OPENING = 10.0
"""Seconds for a join that somebody else has begun: it makes the ledger first and lists the channel then."""


async def channels(
    connections: Connections, node: Node, signer: Signer, *, deadline: float
) -> tuple[str, ...]:
    """Return the names of the peer's channels. Any member of the peer's organization may ask."""
    content = await evaluate(connections, node, signer, "", _CSCC, ["GetChannels"], deadline=deadline)
    answer = message_of(query_pb2.ChannelQueryResponse(), content, node, "list channels")
    return tuple(sorted(channel.channel_id for channel in answer.channels))


async def join_channel(
    connections: Connections, node: Node, channel: str, genesis: Block, signer: Signer, *, deadline: float
) -> bool:
    """Join a channel by its genesis block. Return False when the peer serves one of this name already.

    Which genesis it joined then is for the caller to compare (`qscc.block_by_number`). A lost answer is
    settled by looking. Raises LedgerNotOpen when the peer has a ledger of this name that it does not serve:
    a peer whose ledger could not be opened at its start goes on without the channel (core/peer/peer.go).
    """

    async def act(left: float) -> bool:
        proposal = new_proposal(
            signer,
            "",
            _CSCC,
            ["JoinChain", genesis.SerializeToString()],
            header_type=common_pb2.CONFIG,
            tls_cert_hash=connections.tls_cert_hash,
        )
        clock = Deadline(left)
        try:
            await propose(connections, node, proposal, signer, deadline=left)
        except Refused as refusal:
            if _EXISTS not in refusal.words:
                raise
            return await served(refusal, min(_OPENING, clock.left()))
        return True

    async def served(refusal: Refused, seconds: float) -> bool:
        error = _not_open(node, channel, refusal)
        await poll(joined, lambda found: found is not None, deadline=seconds, otherwise=lambda _: error)
        return False

    async def joined(left: float) -> bool | None:
        return False if channel in await channels(connections, node, signer, deadline=left) else None

    return await ensure(act, joined, deadline=deadline)


def _not_open(node: Node, channel: str, refusal: Refused) -> LedgerNotOpen:
    return LedgerNotOpen(
        f"{node.at()}: channel {channel}: the peer has its ledger, but could not open it: {refusal.words}",
        status=refusal.status,
        words=refusal.words,
        hint="Its log says why, since its start: `Failed to load ledger` or `Failed to load chain`.",
    )


async def config_block(
    connections: Connections, node: Node, channel: str, signer: Signer, *, deadline: float
) -> Block:
    """Return the channel's latest configuration block that the peer has. For the channel's readers."""
    content = await evaluate(
        connections, node, signer, "", _CSCC, ["GetConfigBlock", channel], deadline=deadline
    )
    return message_of(Block(), content, node, f"configuration block of {channel}")
