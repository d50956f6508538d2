"""Use the AtomicBroadcast service of an orderer: hand in envelopes, read blocks."""

from collections.abc import Sequence
from functools import partial

import grpc
from fabric_protos.common import common_pb2
from fabric_protos.common.common_pb2 import Block, Envelope
from fabric_protos.orderer import ab_pb2, ab_pb2_grpc

from heddle.calls import end_requests
from heddle.configtx.blocks import verify_genesis
from heddle.errors import FabricError, HeddleError, Refused, Unreachable
from heddle.fabric.answers import unreadable
from heddle.fabric.connection import Connections
from heddle.fabric.deliver import many_blocks, one_block, one_config_block
from heddle.fabric.failures import refused_status, unreachable
from heddle.fabric.node import Node
from heddle.identity.signer import Signer
from heddle.text import counted
from heddle.waiting import Deadline, retry

__all__ = [
    "broadcast",
    "broadcast_transaction",
    "config_block",
    "deliver_block",
    "deliver_blocks",
    "verified_genesis",
]

_NO_LEADER = "no Raft leader"
"""etcdraft/chain.go, Submit: the envelope was not taken."""
_FORWARDED = "waiting on forwarding"
"""Also in Submit: the leader may have it, or have died. Nothing is known, so it counts as Unreachable."""

_PASSING = (common_pb2.SERVICE_UNAVAILABLE, common_pb2.NOT_FOUND)
"""Statuses of an orderer that another orderer of the channel may not have, or this one only for a moment."""

_LAST_OFFER = 0.75
"""Seconds that an offer needs: with less left, a lost answer would hide the reason that is known."""

_ONE_ORDERER = 10.0
"""Seconds for one orderer while there are others; more than it waits for its leader (RPCTimeout, 7 s)."""


def _deliver(
    channel: grpc.aio.Channel,
) -> grpc.aio.StreamStreamMultiCallable[Envelope, ab_pb2.DeliverResponse]:
    return ab_pb2_grpc.AtomicBroadcastStub(channel).Deliver


deliver_block = partial(one_block, method=_deliver)
"""Return a block of the channel from the orderer; with `wait`, once it has the block."""

deliver_blocks = partial(many_blocks, method=_deliver)
"""Yield blocks of the orderer's own ledger, one after the other."""

config_block = partial(one_config_block, method=_deliver)
"""Return the channel's latest configuration block that the orderer has."""


async def broadcast(connections: Connections, node: Node, envelope: Envelope, *, deadline: float) -> None:
    """Hand an envelope to an orderer. When this returns, it is accepted for ordering, not yet committed.

    While the channel elects a leader the envelope is not taken, and is offered again until the deadline.
    Nothing else is retried: after Unreachable, read the state before you send again.
    """
    offers = 0

    async def offer(left: float) -> None:
        nonlocal offers
        offers += 1
        await _offer(connections, node, envelope, left)

    try:
        await retry(offer, _has_no_leader, deadline=deadline, longest=1.0, least=_LAST_OFFER)
    except Refused as refusal:
        if not _has_no_leader(refusal):
            raise
        raise Refused(
            f"{refusal.message} (offered {counted(offers, 'time')} in {deadline:.0f} s)",
            status=refusal.status,
            words=refusal.words,
            hint=refusal.hint,
        ) from refusal


def _has_no_leader(error: HeddleError) -> bool:
    return isinstance(error, Refused) and _NO_LEADER in error.words


async def broadcast_transaction(
    connections: Connections, nodes: Sequence[Node], envelope: Envelope, *, deadline: float
) -> Node:
    """Hand an endorsed transaction to the first orderer that takes it, and return that orderer.

    Offered to each in turn until the deadline, also again where a node only timed out on forwarding it to a
    leader that has died. That is safe: its id makes a second copy invalid (DUPLICATE_TXID). Not for
    configuration updates. Raises Unreachable with what each of them said last.
    """
    clock = Deadline(deadline)

    async def offer_to_each(_: float) -> Node:
        failures: list[FabricError] = []
        for node in nodes:
            try:
                await broadcast(connections, node, envelope, deadline=min(_ONE_ORDERER, clock.left()))
            except FabricError as error:
                if isinstance(error, Refused) and error.status not in _PASSING:
                    raise
                failures.append(error)
            else:
                return node
        raise Unreachable(
            "no orderer took the transaction:\n  " + "\n  ".join(error.message for error in failures),
            hint=failures[-1].hint if failures else "Give at least one orderer.",
        )

    attempts = None if nodes else 1
    return await retry(offer_to_each, deadline=clock, longest=1.0, least=_LAST_OFFER, attempts=attempts)


async def _offer(connections: Connections, node: Node, envelope: Envelope, deadline: float) -> None:
    what = "broadcast"
    stub = ab_pb2_grpc.AtomicBroadcastStub(await connections.channel(node))
    call = stub.Broadcast(timeout=deadline)
    try:
        await call.write(envelope)
        await end_requests(call)
        answer = await anext(aiter(call))
    except StopAsyncIteration:
        raise unreachable(node, what, "the stream ended without a status") from None
    except grpc.aio.AioRpcError as error:
        raise connections.failure(node, what, error) from error
    finally:
        call.cancel()
    if answer is None:  # what cannot be parsed, against its types
        raise unreadable(node, what, "no BroadcastResponse")
    if answer.status == common_pb2.SERVICE_UNAVAILABLE and _FORWARDED in answer.info:
        raise unreachable(node, what, f"SERVICE_UNAVAILABLE: {answer.info}")
    if answer.status != common_pb2.SUCCESS:
        raise refused_status(node, what, answer.status, answer.info)


async def verified_genesis(
    connections: Connections,
    nodes: Sequence[Node],
    channel: str,
    genesis_hash: str,
    signer: Signer,
    *,
    deadline: float,
) -> Block:
    """Return the channel's block 0 from the first orderer that hands out one with this hash (hexadecimal).

    Raises FabricError with the answer of each orderer.
    """
    clock, failures = Deadline(deadline), list[str]()
    for node in nodes:
        share = min(_ONE_ORDERER, clock.left())
        try:
            block = await deliver_block(
                connections, node, channel, 0, signer, deadline=share, best_effort=True
            )
            verify_genesis(block, genesis_hash)
        except HeddleError as error:
            failures.append(str(error))
        else:
            return block
    raise FabricError(
        f"no orderer handed out block 0 of {channel} with hash {genesis_hash[:16]}…:\n  "
        + "\n  ".join(failures),
        hint="An orderer of the channel must run, and the signer be among the channel's readers.",
    )
