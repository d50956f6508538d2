"""Gather the facts of a whole network: every node asked at the same time, each with a deadline."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from heddle.errors import FabricError
from heddle.fabric import lifecycle, operations
from heddle.fabric.connection import Connections
from heddle.fabric.definition import Committed, Definition
from heddle.fabric.node import Node
from heddle.network.answers import ask_as_reader, ask_orderer_channels, ask_peer, no_answer, peer_facts
from heddle.network.certificates import ask_certificate, expired_answer
from heddle.network.instance import ChaincodeOutput, NodeOutput
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
    """Return the facts of all nodes, orderers first. A node that is silent hides no other.

    A peer is asked about those of the channels that it belongs to; `versions`: also which release it runs.
    """
    wanted = [network.instance.channel(name) for name in channels]
    reader = network.person.signer if network.person else None

    async def ask_version(node: Node) -> str | NoAnswer:
        try:
            return await operations.version(connections, node, deadline=deadline) if versions else ""
        except FabricError as error:
            return no_answer(error)

    async def about_orderer(orderer: NodeOutput) -> NodeFacts:
        node, issued = node_of(orderer), orderer.issued_tls
        asked = (
            ask_as_reader(connections, node, channels, reader, issued, deadline=deadline)
            if reader
            else ask_orderer_channels(
                connections, node, channels, network.client_tls(), issued=issued, deadline=deadline
            )
        )
        facts, version = await asyncio.gather(asked, ask_version(node))
        return replace(facts, version=version)

    async def about_peer(peer: NodeOutput) -> NodeFacts:
        node, signer = node_of(peer), network.reader(peer.organization)
        names = [channel.name for channel in wanted if peer.name in channel.peers]
        certificate, version = await asyncio.gather(
            ask_certificate(connections, node, peer.issued_tls, deadline=deadline), ask_version(node)
        )
        facts = replace(peer_facts(node), version=version, certificate=certificate)
        if expired := expired_answer(node, certificate):
            return replace(facts, channels=dict.fromkeys(names, expired))
        questions = (ask_peer(connections, node, name, signer, deadline=deadline) for name in names)
        return replace(facts, channels=dict(zip(names, await asyncio.gather(*questions), strict=True)))

    instance = network.instance
    return tuple(
        await asyncio.gather(*map(about_orderer, instance.orderers), *map(about_peer, instance.peers))
    )


async def committed_definition(
    network: Network, connections: Connections, chaincode: ChaincodeOutput, *, deadline: float
) -> Definition | NoAnswer | None:
    """Return a chaincode's definition in force, None if there is none, from the first peer that answers."""
    reason = NoAnswer(reason=f"channel {chaincode.channel}: the instance has no peer on it")
    for node, signer in network.readers(chaincode.channel):
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
    for node, signer in network.readers(channel):
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
