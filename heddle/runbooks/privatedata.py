"""Tell whether setting a peer's ledger aside would lose private data: blocks hold its hashes, peers the rest.

A collection counts when its definition is in force, whether anything was ever written to it or not. The
implicit collection that every organization has of every chaincode counts when blocks show that something was
written to it. So does that of `_lifecycle`, which has the organization's approvals: without them its peers
run no chaincode, and Fabric lets nobody give one again for a sequence in force.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from fabric_protos.common import common_pb2
from fabric_protos.orderer import ab_pb2_grpc

from heddle.errors import ConfigtxError, FabricError, RunbookError
from heddle.fabric import lifecycle
from heddle.fabric.connection import Connections
from heddle.fabric.deliver import deliver, seek_envelope
from heddle.network.answers import ask_peer
from heddle.network.blocks import channel_height
from heddle.network.instance import ChannelOutput, NodeOutput
from heddle.network.network import Network, node_of
from heddle.planner.facts import Answer, is_level, newest_height
from heddle.runbooks.collections import Members, collections_of, implicit_collection, members_of

__all__ = ["Holding", "holdings", "level_with"]

_CALL = 10.0
_READING = 3600.0
"""Seconds for reading a whole channel from an orderer."""


@dataclass(frozen=True, kw_only=True)
class Holding:
    """A collection whose private data the peer may hold, and which other peers hold it too."""

    channel: str
    chaincode: str
    collection: str
    others: tuple[str, ...]
    silent: tuple[str, ...] = ()
    """Peers that should hold it too, but do not answer or are not level."""

    def words(self) -> str:
        """Return the holding as a line for people."""
        name = f"{self.channel}: collection {self.collection} of {self.chaincode}"
        silent = f" (not counted, because silent or behind: {', '.join(self.silent)})" if self.silent else ""
        return f"{name}: also held by {', '.join(self.others) or 'nobody'}{silent}"


async def holdings(
    network: Network, connections: Connections, peer: NodeOutput, *, trusted: Iterable[str] = ()
) -> tuple[Holding, ...]:
    """Return every collection of the peer's channels that the peer is a member of, with its other holders.

    Peers of other stacks are unknown, so they count for nothing, but for those of the organizations in
    `trusted` (MSP ids), which hold their data for certain.
    """
    elsewhere = frozenset(trusted)
    found: list[Holding] = []
    for channel in network.instance.channels_of(peer.name):
        found += await _on_channel(network, connections, peer, channel, elsewhere)
    return tuple(found)


async def _on_channel(
    network: Network,
    connections: Connections,
    peer: NodeOutput,
    channel: ChannelOutput,
    trusted: frozenset[str],
) -> list[Holding]:
    level, silent = await _others(network, connections, peer, channel)
    members = await _definitions(network, connections, channel, level)
    if members is None or not any(one.msp_id == peer.msp_id for one in level):
        # Only without another peer of the organization can its implicit collection be lost, and only blocks
        # tell whether that is in use.
        async with aclosing(_blocks(network, connections, peer, channel)) as blocks:
            members = await collections_of(blocks, implicit_collection(peer.msp_id), members)
    return [
        Holding(
            channel=channel.name,
            chaincode=chaincode,
            collection=collection,
            others=(
                *(one.name for one in level if one.msp_id in msps),
                *(f"peers of {msp}" for msp in sorted(trusted & msps - {peer.msp_id})),
            ),
            silent=tuple(one.name for one in silent if one.msp_id in msps),
        )
        for (chaincode, collection), msps in sorted(members.items())
        if peer.msp_id in msps
    ]


async def _others(
    network: Network, connections: Connections, peer: NodeOutput, channel: ChannelOutput
) -> tuple[list[NodeOutput], list[NodeOutput]]:
    """Return the channel's other peers of this stack: those that are level with the orderers, and the rest.

    Not with each other: if all are behind, what is private in the newest blocks is on this peer alone.
    """
    others = [one for one in network.instance.peers if one.name in channel.peers and one.name != peer.name]

    async def ask(one: NodeOutput) -> Answer:
        signer = network.signer(one.organization)
        return await ask_peer(connections, node_of(one), channel.name, signer, deadline=_CALL)

    # Before the peers are asked: the channel goes on meanwhile.
    newest = await channel_height(network, connections, channel.name)
    answers = await asyncio.gather(*map(ask, others))
    heights = {each.name: newest_height([answer]) for each, answer in zip(others, answers, strict=True)}
    names = level_with(newest, heights)
    level = [each for each in others if each.name in names]
    return level, [each for each in others if each not in level]


def level_with(newest: int, heights: Mapping[str, int]) -> list[str]:
    """Return the peers whose heights are level with the orderers' newest block, none without a block."""
    return [name for name, height in heights.items() if height and is_level(height, newest)]


async def _definitions(
    network: Network, connections: Connections, channel: ChannelOutput, peers: list[NodeOutput]
) -> Members | None:
    """Return the members of the collections in force on the channel; None if no peer tells."""
    for one in peers:
        signer = network.signer(one.organization)
        try:
            found = await lifecycle.definitions(
                connections, node_of(one), channel.name, signer, deadline=_CALL
            )
            return {
                (definition.name, name): members
                for definition in found
                for name, members in members_of(definition.collections).items()
            }
        except (FabricError, ConfigtxError):
            continue
    return None


async def _blocks(
    network: Network, connections: Connections, peer: NodeOutput, channel: ChannelOutput
) -> AsyncGenerator[common_pb2.Block, None]:
    """Yield all blocks of a channel, from the first orderer that answers."""
    signer = network.signer(peer.organization)
    request = seek_envelope(
        channel.name, "oldest", "newest", signer, best_effort=True, tls_cert_hash=connections.tls_cert_hash
    )
    said: list[str] = []
    for node in network.orderers:
        began = False
        try:
            stream = deliver(
                connections,
                node,
                lambda opened: ab_pb2_grpc.AtomicBroadcastStub(opened).Deliver,
                request,
                f"read all blocks of {channel.name}",
                deadline=_READING,
            )
            async with aclosing(stream) as answers:
                async for answer in answers:
                    began = True
                    yield answer.block
        except FabricError as error:
            if began:
                raise
            said.append(error.message)
        else:
            return
    raise RunbookError(
        f"{channel.name}: no orderer gives its blocks, so it cannot be told what private data there is:\n  "
        + "\n  ".join(said),
        hint="Bring an orderer up first.",
    )
