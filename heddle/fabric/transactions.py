"""Bring a transaction from proposal to commit, asking the peers one by one (no gateway)."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from heddle.errors import FabricError
from heddle.fabric import orderer
from heddle.fabric.connection import Connections
from heddle.fabric.endorser import Argument, new_proposal, propose, transaction
from heddle.fabric.events import Commit, CommitWatch, deliver_block, watch_commits
from heddle.fabric.node import Node
from heddle.identity.signer import Signer
from heddle.telling import waiting_until
from heddle.text import some
from heddle.waiting import Deadline, retry

__all__ = ["PATIENCE", "Outcome", "submit", "wait_until_level"]


PATIENCE = 10.0
"""Seconds until a transaction that an orderer took is offered again: one that came while the lead changed
hands is lost, although it was answered with SUCCESS. Its id makes a second copy invalid (DUPLICATE_TXID)."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A transaction that every peer committed as valid, and the chaincode's answer."""

    commit: Commit
    payload: bytes


async def _commits(watches: Sequence[CommitWatch], transaction_id: str, patience: float) -> list[Commit]:
    """Wait for the transaction on every peer. Raises the first peer's error, once all waits have ended."""
    waits = (watch.transaction(transaction_id, patience=patience) for watch in watches)
    commits = []
    for result in await asyncio.gather(*waits, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
        commits.append(result)
    return commits


async def wait_until_level(
    connections: Connections,
    peers: Sequence[Node],
    orderers: Sequence[Node],
    channel: str,
    signer: Signer,
    *,
    deadline: float,
) -> int:
    """Wait until all these peers have the newest block that an orderer has, and return its number.

    Peers that lag behind endorse other results, or refuse what is new to them. Raises the last orderer's
    error when no orderer answers, and a peer's Unreachable when it does not catch up in time.
    """
    clock = Deadline(deadline)
    number = await _newest(connections, orderers, channel, signer, clock)

    async def reach(peer: Node) -> None:
        with waiting_until(f"until {peer.name} has block {number} of {channel}"):
            await deliver_block(connections, peer, channel, number, signer, deadline=clock.left(), wait=True)

    await asyncio.gather(*(reach(peer) for peer in peers))
    return number


async def _newest(
    connections: Connections, orderers: Sequence[Node], channel: str, signer: Signer, clock: Deadline
) -> int:
    last: FabricError = FabricError(f"channel {channel}: no orderer given")
    for index, node in enumerate(orderers):
        share = clock.left() / (len(orderers) - index)
        try:
            block = await orderer.deliver_block(
                connections, node, channel, "newest", signer, deadline=share, best_effort=True
            )
            return int(block.header.number)
        except FabricError as error:
            last = error
    raise last


async def submit(
    connections: Connections,
    endorsers: Sequence[Node],
    orderers: Sequence[Node],
    signer: Signer,
    channel: str,
    chaincode: str,
    args: Sequence[Argument],
    *,
    deadline: float,
) -> Outcome:
    """Have a call endorsed by every endorser, ordered, and committed as valid on every endorser.

    Raises Refused when an endorser refuses, or a peer finds the transaction invalid. After Unreachable it
    may still be committed: read the ledger before you send it again.
    """
    clock = Deadline(deadline)
    bound = connections.tls_cert_hash
    proposal = new_proposal(signer, channel, chaincode, args, tls_cert_hash=bound)
    responses = await asyncio.gather(
        *(propose(connections, node, proposal, signer, deadline=clock.left()) for node in endorsers)
    )
    envelope = transaction(proposal, responses, signer)
    async with AsyncExitStack() as stack:
        watches = [
            await stack.enter_async_context(
                watch_commits(connections, node, channel, signer, deadline=clock.left())
            )
            for node in endorsers
        ]

        async def order_and_see(_: float) -> list[Commit]:
            await orderer.broadcast_transaction(connections, orderers, envelope, deadline=clock.left())
            return await _commits(watches, proposal.transaction_id, min(PATIENCE, clock.left()))

        until = f"until {some([node.name for node in endorsers])} have {proposal.function} in a block"
        commits = await retry(order_and_see, deadline=clock, least=1.0, until=until)
    for node, commit in zip(endorsers, commits, strict=True):
        commit.expect_valid(f"{node.at()}: {chaincode} {proposal.function} on {channel}")
    return Outcome(commit=commits[0], payload=bytes(responses[0].response.payload))
