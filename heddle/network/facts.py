"""Gather the facts of a whole network: every node asked at the same time, each with a deadline."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from heddle.errors import FabricError, KubeError, Unreachable
from heddle.fabric import lifecycle, operations
from heddle.fabric.connection import Connections
from heddle.fabric.definition import Committed, Definition
from heddle.fabric.node import Node
from heddle.identity.signer import Signer
from heddle.kube.client import KubeClient
from heddle.network.answers import ask_as_reader, ask_orderer_channels, ask_peer, no_answer, peer_facts
from heddle.network.certificates import ask_certificate, expired_answer
from heddle.network.databases import with_state_heights
from heddle.network.instance import ChaincodeOutput, NodeOutput
from heddle.network.network import Network, node_of
from heddle.network.unopened import with_unopened
from heddle.planner.facts import Answer, NoAnswer, NodeFacts, is_level, missing_state, newest_height

__all__ = ["committed_chaincodes", "committed_definition", "node_facts"]


async def node_facts(
    network: Network,
    connections: Connections,
    channels: Sequence[str],
    *,
    deadline: float,
    versions: bool = False,
) -> tuple[NodeFacts, ...]:
    """Return the facts of all nodes, orderers first. A node that is silent hides no other.

    A peer is asked about those of the channels that it belongs to; `versions`: also which release it runs.
    """
    wanted = [network.instance.channel(name) for name in channels]
    reader = network.person.signer if network.person else None

    operations_tls = network.operations_tls()

    async def ask_version(node: Node, *, any_date: bool = False) -> str | NoAnswer:
        if not (versions and network.tells_versions):
            return ""
        try:
            return await operations.version(
                connections, node, tls=operations_tls, any_date=any_date, deadline=deadline
            )
        except FabricError as error:
            return no_answer(error)

    async def with_version(node: Node, facts: NodeFacts, version: str | NoAnswer) -> NodeFacts:
        expired = facts.certificate is not None and facts.certificate.expired
        if expired and isinstance(version, NoAnswer):
            version = await ask_version(node, any_date=True)
        return replace(facts, version=version)

    async def about_orderer(orderer: NodeOutput) -> NodeFacts:
        node, issued = node_of(orderer), orderer.issued_tls
        asked = (
            ask_as_reader(connections, node, channels, reader, issued, deadline=deadline)
            if reader
            else ask_orderer_channels(
                connections,
                node,
                channels,
                network.client_tls(),
                operations_tls=operations_tls,
                issued=issued,
                deadline=deadline,
            )
        )
        return await with_version(node, *await asyncio.gather(asked, ask_version(node)))

    async def about_peer(peer: NodeOutput) -> NodeFacts:
        node, signer = node_of(peer), network.reader(peer.organization)
        names = [channel.name for channel in wanted if peer.name in channel.peers]
        certificate, version = await asyncio.gather(
            ask_certificate(connections, node, peer.issued_tls, deadline=deadline), ask_version(node)
        )
        facts = await with_version(node, replace(peer_facts(node), certificate=certificate), version)
        if expired := expired_answer(node, certificate):
            return replace(facts, channels=dict.fromkeys(names, expired))
        questions = (ask_peer(connections, node, name, signer, deadline=deadline) for name in names)
        answers = dict(zip(names, await asyncio.gather(*questions), strict=True))
        return replace(facts, channels=await _explained(network, connections, peer, answers, deadline))

    instance = network.instance
    return tuple(
        await asyncio.gather(*map(about_orderer, instance.orderers), *map(about_peer, instance.peers))
    )


async def _explained(
    network: Network,
    connections: Connections,
    peer: NodeOutput,
    answers: Mapping[str, Answer],
    deadline: float,
) -> Mapping[str, Answer]:
    """Return a peer's answers with what its database holds, and what its log tells of channels it lacks.

    Both only where the cluster lets the caller look.
    """
    node, lacks = node_of(peer), any(answer is None for answer in answers.values())
    if not node.pod or not (lacks or peer.state_database):
        return answers
    try:
        async with await KubeClient.open(network.access.kubeconfig) as cluster:
            answers = await with_unopened(cluster, node, answers, answers)
            if not peer.state_database:
                return answers
            return await with_state_heights(
                cluster, connections, node, peer.state_database, answers, deadline=deadline
            )
    except (KubeError, Unreachable):
        return answers


async def committed_definition(
    network: Network,
    connections: Connections,
    chaincode: ChaincodeOutput,
    facts: Sequence[NodeFacts],
    *,
    deadline: float,
) -> Definition | NoAnswer | None:
    """Return a chaincode's definition in force, None if there is none, from the peer with the most blocks.

    `facts` are those of the network's nodes. A peer that is still catching up does not know what the channel
    has by now: where all are, the answer is that it is not known yet.
    """
    channel = chaincode.channel
    answers = {fact.name: fact.channels.get(channel) for fact in facts}
    heights = {name: 0 if missing_state(each) else newest_height([each]) for name, each in answers.items()}
    reason = _nobody_answers(channel, [answers.get(peer.name) for peer, _ in network.readers(channel)])
    for node, signer in _by_height(network.readers(channel), heights):
        try:
            committed = await lifecycle.definition(
                connections, node, channel, chaincode.name, signer, deadline=deadline
            )
        except FabricError as error:
            reason = no_answer(error)
            continue
        found = committed.definition if committed else None
        own, newest = heights[node.name], max(heights.values())
        if (found is None or found.sequence < chaincode.sequence) and not is_level(own, newest):
            words = f"{node.name} is still catching up on {channel}: block {own} of {newest}"
            return NoAnswer(reason=words, cause=words, hint="Ask again in a moment.")
        return found
    return reason


async def committed_chaincodes(
    network: Network, connections: Connections, channel: str, *, deadline: float
) -> list[Committed]:
    """Return what is in force on a channel with its approvals, from the peer with the most blocks.

    Raises the last peer's error.
    """
    last = FabricError(f"channel {channel}: the instance has no peer on it")
    readers = network.readers(channel)
    answers = await asyncio.gather(
        *(ask_peer(connections, node, channel, signer, deadline=deadline) for node, signer in readers)
    )
    heights = {node.name: newest_height([each]) for (node, _), each in zip(readers, answers, strict=True)}
    for node, signer in _by_height(readers, heights) or readers:
        try:
            names = await lifecycle.definitions(connections, node, channel, signer, deadline=deadline)
            found = [
                await lifecycle.definition(connections, node, channel, each.name, signer, deadline=deadline)
                for each in names
            ]
        except FabricError as error:
            last = error
        else:
            return [each for each in found if each is not None]
    raise last


def _by_height(
    readers: Sequence[tuple[Node, Signer]], heights: Mapping[str, int]
) -> list[tuple[Node, Signer]]:
    """Return the peers that have blocks of the channel, those with the most first."""
    having = [reader for reader in readers if heights.get(reader[0].name)]
    return sorted(having, key=lambda reader: -heights[reader[0].name])


def _nobody_answers(channel: str, answers: Sequence[Answer]) -> NoAnswer:
    """Return why no peer of the instance can tell what is in force on a channel."""
    silent = [answer for answer in answers if isinstance(answer, NoAnswer)]
    if silent:
        return silent[0]
    lack = "no peer of the instance has joined it" if answers else "the instance has no peer on it"
    lack = next(filter(None, map(missing_state, answers)), lack)
    return NoAnswer(reason=f"channel {channel}: {lack}")
