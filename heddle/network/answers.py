"""Ask nodes about their channels, and keep their answers as facts: silence and refusals are answers too."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace

from heddle.errors import FabricError, Refused, Unreachable
from heddle.fabric import cscc, operations, participation, qscc
from heddle.fabric.connection import Connections
from heddle.fabric.node import ClientTls, Node
from heddle.fabric.orderer import deliver_block
from heddle.fabric.refusals import is_not_found
from heddle.identity.signer import Signer
from heddle.network.certificates import ask_certificate, expired_answer
from heddle.planner.facts import Answer, ConsensusCounts, LedgerState, NoAnswer, NodeFacts, newest_height
from heddle.text import printable

__all__ = [
    "ask_as_reader",
    "ask_orderer",
    "ask_orderer_channels",
    "ask_peer",
    "ask_peer_channels",
    "most_advanced",
    "no_answer",
    "peer_facts",
]

_NOT_SERVED = "channel '{}' not found"
"""A peer's answer if it does not serve the channel (core/endorser/endorser.go); it may have its ledger."""


async def ask_orderer(
    connections: Connections,
    node: Node,
    channel: str,
    tls: ClientTls,
    *,
    deadline: float,
    any_date: bool = False,
) -> Answer:
    """Return an orderer's answer about a channel, `any_date`: also if its certificate has expired."""
    try:
        info = await participation.channel_info(
            connections, node, channel, tls, deadline=deadline, any_date=any_date
        )
    except FabricError as error:
        return no_answer(error)
    if info is None:
        return None
    return LedgerState(relation=info.relation, status=info.status, height=info.height)


async def ask_orderer_channels(
    connections: Connections,
    node: Node,
    channels: Sequence[str],
    tls: ClientTls,
    *,
    operations_tls: ClientTls | None = None,
    issued: Collection[bytes] = (),
    deadline: float,
) -> NodeFacts:
    """Return an orderer's answers about channels, with what its metrics say of leader and consenters.

    Its certificate may have expired, if it has the key of one of the `issued` certificates; the facts say so.
    `operations_tls`: the client certificate that its metrics want.
    An orderer without metrics is no leader that could be lost.
    """
    certificate = await ask_certificate(connections, node, issued, deadline=deadline)
    any_date = certificate is not None and certificate.expired
    questions = (
        ask_orderer(connections, node, name, tls, deadline=deadline, any_date=any_date) for name in channels
    )
    metrics, answers = await asyncio.gather(
        _metrics(connections, node, operations_tls, deadline, any_date=any_date), asyncio.gather(*questions)
    )
    found = zip(channels, answers, strict=True)
    return NodeFacts(
        name=node.name,
        kind="orderer",
        address=node.address,
        msp_id=node.msp_id,
        channels={name: _with_metrics(answer, metrics, name) for name, answer in found},
        certificate=certificate,
    )


async def ask_as_reader(
    connections: Connections,
    node: Node,
    channels: Sequence[str],
    reader: Signer,
    issued: Collection[bytes] = (),
    *,
    deadline: float,
) -> NodeFacts:
    """Return what an orderer tells a reader of its channels: the newest block, as peers are served.

    Whether it is a consenter only its admin endpoint tells; one that serves the newest block has a leader.
    """

    async def ask(channel: str) -> Answer:
        try:
            block = await deliver_block(connections, node, channel, "newest", reader, deadline=deadline)
        except FabricError as error:
            return None if is_not_found(error) else no_answer(error)
        return LedgerState(relation="consenter", status="active", height=int(block.header.number) + 1)

    certificate = await ask_certificate(connections, node, issued, deadline=deadline)
    if expired := expired_answer(node, certificate):
        answers: list[Answer] = [expired for _ in channels]
    else:
        answers = list(await asyncio.gather(*map(ask, channels)))
    return NodeFacts(
        name=node.name,
        kind="orderer",
        address=node.address,
        msp_id=node.msp_id,
        channels=dict(zip(channels, answers, strict=True)),
        certificate=certificate,
    )


async def ask_peer(
    connections: Connections, node: Node, channel: str, signer: Signer, *, deadline: float
) -> Answer:
    """Return a peer's answer about a channel, asked as a member of its organization."""
    try:
        info = await qscc.chain_info(connections, node, channel, signer, deadline=deadline)
    except Refused as refusal:
        return None if _NOT_SERVED.format(channel) in refusal.words else no_answer(refusal)
    except FabricError as error:
        return no_answer(error)
    return LedgerState(relation="peer", status="joined", height=info.height, newest_hash=info.current_hash)


async def most_advanced(
    connections: Connections, peers: Sequence[Node], channel: str, signer: Signer, *, deadline: float
) -> Node:
    """Return the peer with the most blocks of a channel, which knows best what is in force on it.

    Where none tells, the first one: the next question to it says why.
    """
    if len(peers) == 1:
        return peers[0]
    answers = await asyncio.gather(
        *(ask_peer(connections, peer, channel, signer, deadline=deadline) for peer in peers)
    )
    heights = [newest_height([answer]) for answer in answers]
    return peers[heights.index(max(heights))]


async def ask_peer_channels(
    connections: Connections,
    node: Node,
    channels: Sequence[str],
    signer: Signer | None,
    *,
    issued: Collection[bytes] = (),
    deadline: float,
) -> NodeFacts:
    """Return a peer's answers about those of the channels that it has joined.

    Without a signer of the peer's organization nothing is known but whether the peer answers. One whose
    certificate has expired is not asked: gRPC refuses it.
    """
    certificate = await ask_certificate(connections, node, issued, deadline=deadline)
    facts = replace(peer_facts(node), certificate=certificate)
    if expired := expired_answer(node, certificate):
        return replace(facts, silent=expired)
    try:
        if signer is None:
            await connections.ping(node, deadline=deadline)
            return facts
        joined = await cscc.channels(connections, node, signer, deadline=deadline)
    except FabricError as error:
        return replace(facts, silent=no_answer(error))
    names = [name for name in channels if name in joined]
    answers = await asyncio.gather(
        *(ask_peer(connections, node, name, signer, deadline=deadline) for name in names)
    )
    return replace(facts, channels=dict(zip(names, answers, strict=True)))


def peer_facts(node: Node) -> NodeFacts:
    """Return what is known of a peer before it is asked."""
    return NodeFacts(name=node.name, kind="peer", address=node.address, msp_id=node.msp_id)


async def _metrics(
    connections: Connections, node: Node, tls: ClientTls | None, deadline: float, *, any_date: bool
) -> operations.Metrics:
    try:
        return await operations.metrics(connections, node, tls=tls, any_date=any_date, deadline=deadline)
    except FabricError:
        return operations.Metrics(samples=())


def _with_metrics(answer: Answer, metrics: operations.Metrics, channel: str) -> Answer:
    if not isinstance(answer, LedgerState):
        return answer

    def value(name: str) -> int:
        return int(metrics.value(name, channel=channel) or 0)

    raft, bft = value("consensus_etcdraft_cluster_size"), value("consensus_BFT_cluster_size")
    counts = ConsensusCounts(
        consenters=bft or raft, alive=value("consensus_etcdraft_active_nodes"), bft=bool(bft)
    )
    leads = value("consensus_etcdraft_is_leader") or value("consensus_BFT_is_leader")
    view = metrics.value("consensus_smartbft_view_number", channel=channel)
    return replace(answer, leader=bool(leads), view=None if view is None else int(view), counts=counts)


def no_answer(error: FabricError) -> NoAnswer:
    """Return a failed call as a fact."""
    refused = isinstance(error, Refused)
    words = error.words if isinstance(error, Refused) else ""
    cause = error.cause if isinstance(error, Unreachable) else words
    return NoAnswer(
        reason=error.message,
        cause=printable(cause or error.message),
        hint=error.hint,
        refused=refused,
        late=isinstance(error, Unreachable) and error.late,
    )
