"""Ask nodes what they do for clients beyond having their channels: what a restart interrupts."""

import asyncio
from collections.abc import Mapping, Sequence

from heddle.errors import FabricError, Refused
from heddle.fabric import lifecycle
from heddle.fabric.connection import Connections
from heddle.fabric.discovery import endorsers
from heddle.fabric.endorser import new_proposal, propose
from heddle.fabric.gateway_orderers import ordering_answers
from heddle.fabric.node import ClientTls, Node
from heddle.fabric.orderer import deliver_block
from heddle.identity.signer import Signer
from heddle.network.consensus import takes_part
from heddle.planner.facts import NodeFacts, is_active, orders

__all__ = ["orderer_services", "peer_services"]


_PROBE = "org.hyperledger.fabric:GetMetadata"
"""The function by which chaincodes made with Fabric's contract API describe themselves."""
_NOT_SIMULATED = ("error in simulation", "make sure the chaincode")
_CHAINCODE_FAILED = "transaction returned with failure"
"""As an endorser tells that a chaincode was not asked, and that it answered with an error (endorser.go)."""
_LOOKS = 8
"""Questions to a gateway, of whose orderers each answer names some: one that is not named is not known of."""


async def orderer_services(
    connections: Connections,
    node: Node,
    others: Sequence[Node],
    gateways: Mapping[str, Sequence[Node]],
    facts: NodeFacts,
    reader: Signer,
    *,
    operations_tls: ClientTls | None = None,
    deadline: float,
) -> frozenset[str]:
    """Return what an orderer serves: each channel that it orders and whose leader it knows.

    Without a leader it hands out no newest block (common/deliver/deliver.go), so that is the question. One
    that only follows a channel, as with a new TLS key that the channel has yet to take, does for it all that
    it can.
    `others`: the other orderers. With BFT each must take part in decisions before the next one is away.
    `gateways`: by channel, its peers. With BFT their gateways hand each transaction to a quorum of orderers,
    and dial one that was away again only after a pause that grows: so each that reaches it is named. With
    Raft one orderer is enough.
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
    bft = [name for name, answer in answers if orders(answer) and answer.counts.bft]
    pairs = [(name, peer) for name in bft for peer in gateways.get(name, ())]
    reached = await asyncio.gather(
        *(_reaches(connections, peer, name, node, deadline) for name, peer in pairs)
    )
    deciding = await asyncio.gather(
        *(takes_part(connections, node, others, name, operations_tls, deadline=deadline) for name in bft)
    )
    return frozenset(
        [
            *(f"{name}: it knows the leader" for name in served),
            *(
                f"{name}: {peer.name} reaches it"
                for (name, peer), yes in zip(pairs, reached, strict=True)
                if yes
            ),
            *(f"{name}: it takes part in decisions" for name, yes in zip(bft, deciding, strict=True) if yes),
        ]
    )


async def _reaches(
    connections: Connections, peer: Node, channel: str, orderer: Node, deadline: float
) -> bool:
    """Tell whether a peer's gateway has had an answer of an orderer now."""
    try:
        for _ in range(_LOOKS):
            answers = await ordering_answers(connections, peer, channel, deadline=deadline)
            if known := orderer.addresses & answers.keys():
                return any(answers[address] for address in known)
    except FabricError:
        return False
    return False


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
    no gateway asks it for endorsements. The first one waits until the peer has reached the chaincode's
    server, so it is asked for one here, of a call that only reads; nothing of it reaches the ledger.
    `others`: by channel, its other peers.
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
        itself = {each for each in mine if each[0] in node.addresses}
        asking = [other.name for other, peers in zip(beside, theirs, strict=True) if itself & peers]
        told = [*(["it finds endorsers"] if itself else []), *(f"{name} finds it" for name in asking)]
        if await simulates(channel, chaincode):
            told.append("it endorses")
        return [f"{channel}: {chaincode}: {each}" for each in told]

    async def simulates(channel: str, chaincode: str) -> bool:
        proposal = new_proposal(member, channel, chaincode, [_PROBE], tls_cert_hash=connections.tls_cert_hash)
        try:
            await propose(connections, node, proposal, member, deadline=deadline)
        except Refused as refusal:
            asked = not any(words in refusal.words for words in _NOT_SIMULATED)
            return asked or _CHAINCODE_FAILED in refusal.words
        except FabricError:
            return False
        return True

    async def known(peer: Node, channel: str, chaincode: str) -> frozenset[tuple[str, int]]:
        try:
            return await endorsers(connections, peer, channel, chaincode, member, deadline=deadline)
        except FabricError:
            return frozenset()

    joined = [name for name, answer in facts.channels.items() if is_active(answer)]
    listed = await asyncio.gather(*map(served, joined))
    return frozenset(each for words in listed for each in words)
