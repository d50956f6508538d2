"""Gather the facts of a whole network: every node asked at the same time, each with a deadline."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from heddle.errors import FabricError
from heddle.fabric import lifecycle, operations
from heddle.fabric.connection import Connections
from heddle.fabric.definition import Committed, Definition
from heddle.fabric.node import Node
from heddle.identity.signer import Signer
from heddle.network.answers import ask_orderer_channels, ask_peer, no_answer
from heddle.network.instance import ChaincodeOutput, ChannelOutput, NodeOutput
from heddle.network.network import Network, node_of
from heddle.planner.facts import NoAnswer, NodeFacts

__all__ = ["committed_chaincodes", "committed_definition", "node_facts"]


async def node_facts(
    network: Network,
    connections: Connections,
    channels: Sequence[str],
    *,
    deadline: float,
    versions: bool = False,
) -> tuple[NodeFacts, ...]:
    """Return the facts of all nodes, orderers first.

    Args:
        network: whose nodes are asked.
        connections: to its nodes.
        channels: names of those to ask about; a peer is asked about those that it belongs to.
        deadline: seconds for each answer. A node that is silent hides no other.
        versions: whether to ask which release each node runs.
    """
    questions = _Questions(
        network=network,
        connections=connections,
        channels=tuple(network.instance.channel(name) for name in channels),
        deadline=deadline,
        versions=versions,
    )
    orderers = map(questions.ask_orderer, network.orderers)
    return tuple(await asyncio.gather(*orderers, *map(questions.ask_peer, network.instance.peers)))


@dataclass(frozen=True, kw_only=True)
class _Questions:
    """Ask single nodes what `node_facts` was asked for."""

    network: Network
    connections: Connections
    channels: tuple[ChannelOutput, ...]
    deadline: float
    versions: bool

    async def ask_orderer(self, node: Node) -> NodeFacts:
        names = [channel.name for channel in self.channels]
        tls = self.network.client_tls()
        facts, version = await asyncio.gather(
            ask_orderer_channels(self.connections, node, names, tls, deadline=self.deadline),
            self._version(node),
        )
        return replace(facts, version=version)

    async def ask_peer(self, peer: NodeOutput) -> NodeFacts:
        node, signer = node_of(peer), self.network.signer(peer.organization)
        names = [channel.name for channel in self.channels if peer.name in channel.peers]
        answers, version = await asyncio.gather(
            asyncio.gather(
                *(ask_peer(self.connections, node, name, signer, deadline=self.deadline) for name in names)
            ),
            self._version(node),
        )
        return NodeFacts(
            name=node.name,
            kind="peer",
            address=f"{node.host}:{node.port}",
            msp_id=node.msp_id,
            channels=dict(zip(names, answers, strict=True)),
            version=version,
        )

    async def _version(self, node: Node) -> str | NoAnswer:
        if not self.versions:
            return ""
        try:
            return await operations.version(self.connections, node, deadline=self.deadline)
        except FabricError as error:
            return no_answer(error)


async def committed_definition(
    network: Network, connections: Connections, chaincode: ChaincodeOutput, *, deadline: float
) -> Definition | NoAnswer | None:
    """Return a chaincode's definition in force, None if there is none, from the first peer that answers."""
    reason = NoAnswer(reason=f"channel {chaincode.channel}: the instance has no peer on it")
    for node, signer in _readers(network, chaincode.channel):
        try:
            found = await lifecycle.definition(
                connections, node, chaincode.channel, chaincode.name, signer, deadline=deadline
            )
        except FabricError as error:
            reason = no_answer(error)
        else:
            return found.definition if found else None
    return reason


async def committed_chaincodes(
    network: Network, connections: Connections, channel: str, *, deadline: float
) -> list[Committed]:
    """Return what is in force on a channel with its approvals, from the first peer that answers.

    Raises the last peer's error.
    """
    last = FabricError(f"channel {channel}: the instance has no peer on it")
    for node, signer in _readers(network, channel):
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


def _readers(network: Network, channel: str) -> list[tuple[Node, Signer]]:
    """Return the peers of a channel that are managed here, each with an administrator of its organization."""
    return [(peer, acting.signer) for acting in network.representatives(channel) for peer in acting.peers]
