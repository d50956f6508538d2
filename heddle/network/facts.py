"""Gather the facts of a whole network: every node asked at the same time, each with a deadline."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

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
from heddle.network.instance import ChaincodeOutput, ChannelOutput, NodeOutput
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
    instance = network.instance
    asked = _Questions(
        network=network,
        connections=connections,
        channels=[instance.channel(name) for name in channels],
        deadline=deadline,
        versions=versions,
    )
    return tuple(
        await asyncio.gather(*map(asked.orderer, instance.orderers), *map(asked.peer, instance.peers))
    )


@dataclass(frozen=True, kw_only=True)
class _Questions:
    """Ask the nodes of a network; see `node_facts`."""

    network: Network
    connections: Connections
    channels: Sequence[ChannelOutput]
    deadline: float
    versions: bool

    async def orderer(self, orderer: NodeOutput) -> NodeFacts:
        """Return an orderer's facts: by its admin endpoint, or as it serves an access folder's person."""
        node, issued, person = node_of(orderer), orderer.issued_tls, self.network.person
        names = [channel.name for channel in self.channels]
        if person:
            asked = ask_as_reader(
                self.connections, node, names, person.signer, issued, deadline=self.deadline
            )
        else:
            asked = ask_orderer_channels(
                self.connections,
                node,
                names,
                self.network.client_tls(),
                operations_tls=self.network.operations_tls(),
                issued=issued,
                deadline=self.deadline,
            )
        return await self._with_version(node, *await asyncio.gather(asked, self._version(node)))

    async def peer(self, peer: NodeOutput) -> NodeFacts:
        """Return a peer's facts, and its answers about those of the channels that it belongs to."""
        node, signer = node_of(peer), self.network.reader(peer.organization)
        names = [channel.name for channel in self.channels if peer.name in channel.peers]
        certificate, version = await asyncio.gather(
            ask_certificate(self.connections, node, peer.issued_tls, deadline=self.deadline),
            self._version(node),
        )
        facts = await self._with_version(node, replace(peer_facts(node), certificate=certificate), version)
        if expired := expired_answer(node, certificate):
            return replace(facts, channels=dict.fromkeys(names, expired))
        answers = await asyncio.gather(
            *(ask_peer(self.connections, node, name, signer, deadline=self.deadline) for name in names)
        )
        return replace(facts, channels=await self._explained(peer, dict(zip(names, answers, strict=True))))

    async def _version(self, node: Node, *, any_date: bool = False) -> str | NoAnswer:
        if not (self.versions and self.network.tells_versions):
            return ""
        try:
            return await operations.version(
                self.connections,
                node,
                tls=self.network.operations_tls(),
                any_date=any_date,
                deadline=self.deadline,
            )
        except FabricError as error:
            return no_answer(error)

    async def _with_version(self, node: Node, facts: NodeFacts, version: str | NoAnswer) -> NodeFacts:
        if facts.expired_certificate and isinstance(version, NoAnswer):
            version = await self._version(node, any_date=True)
        return replace(facts, version=version)

    async def _explained(self, peer: NodeOutput, answers: Mapping[str, Answer]) -> Mapping[str, Answer]:
        """Return a peer's answers with what its database holds, and what its log tells of channels it lacks.

        Both only where the cluster lets the caller look.
        """
        node, lacks = node_of(peer), any(answer is None for answer in answers.values())
        if not node.pod or not (lacks or peer.state_database):
            return answers
        try:
            async with await KubeClient.open(self.network.access.kubeconfig) as cluster:
                answers = await with_unopened(cluster, node, answers, answers)
                if not peer.state_database:
                    return answers
                return await with_state_heights(
                    cluster, self.connections, node, peer.state_database, answers, deadline=self.deadline
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
