"""Ask nodes what they do for clients beyond having their channels: what a restart interrupts."""

import asyncio
from collections.abc import Mapping, Sequence

from heddle.errors import FabricError
from heddle.fabric import lifecycle
from heddle.fabric.connection import Connections
from heddle.fabric.discovery import endorsers
from heddle.fabric.node import Node
from heddle.fabric.orderer import deliver_block
from heddle.identity.signer import Signer
from heddle.planner.facts import NodeFacts, is_active, orders

__all__ = ["orderer_services", "peer_services"]


async def orderer_services(
    connections: Connections, node: Node, facts: NodeFacts, reader: Signer, *, deadline: float
) -> frozenset[str]:
    """Return what an orderer serves: each channel that it orders and whose leader it knows.

    Without a leader it hands out no newest block (common/deliver/deliver.go), so that is the question. One
    that only follows a channel, as with a new TLS key that the channel has yet to take, does for it all that
    it can.
    """

    async def led(channel: str) -> bool:
        try:
            await deliver_block(connections, node, channel, "newest", reader, deadline=deadline)
        except FabricError:
            return False
        return True

    ordered = [name for name, answer in facts.channels.items() if orders(answer)]
    known = await asyncio.gather(*map(led, ordered))
    answers = facts.channels.items()
    followed = [name for name, answer in answers if is_active(answer) and not orders(answer)]
    served = [*followed, *(name for name, yes in zip(ordered, known, strict=True) if yes)]
    return frozenset(f"{name}: it knows the leader" for name in served)


async def peer_services(
    connections: Connections,
    node: Node,
    others: Mapping[str, Sequence[Node]],
    facts: NodeFacts,
    member: Signer,
    *,
    deadline: float,
) -> frozenset[str]:
    """Return what a peer serves: each chaincode for which its gateway, and those of the others, know it.

    After its start gossip has to find the others, and they have to find the peer as it is now. Until then
    no gateway asks it for endorsements. `others`: by channel, its other peers.
    """

    async def served(channel: str) -> list[str]:
        try:
            found = await lifecycle.definitions(connections, node, channel, member, deadline=deadline)
        except FabricError:
            return []
        words = await asyncio.gather(*(endorses(channel, each.name) for each in found))
        return [each for listed in words for each in listed]

    async def endorses(channel: str, chaincode: str) -> list[str]:
        beside = others.get(channel, ())
        mine, *theirs = await asyncio.gather(*(known(each, channel, chaincode) for each in (node, *beside)))
        itself = {each for each in mine if each[0] == f"{node.host}:{node.port}"}
        if not itself:
            return []
        asking = [other.name for other, peers in zip(beside, theirs, strict=True) if itself & peers]
        what = f"{channel}: {chaincode}"
        return [f"{what}: it finds endorsers", *(f"{what}: {name} finds it" for name in asking)]

    async def known(peer: Node, channel: str, chaincode: str) -> frozenset[tuple[str, int]]:
        try:
            return await endorsers(connections, peer, channel, chaincode, member, deadline=deadline)
        except FabricError:
            return frozenset()

    joined = [name for name, answer in facts.channels.items() if is_active(answer)]
    listed = await asyncio.gather(*map(served, joined))
    return frozenset(each for words in listed for each in words)
