"""Ask nodes what they do for clients beyond having their channels: what a restart interrupts."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

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

T = TypeVar("T")

_PROBE = "org.hyperledger.fabric:GetMetadata"
"""The function by which chaincodes made with Fabric's contract API describe themselves."""
_NOT_SIMULATED = ("error in simulation", "make sure the chaincode")
_CHAINCODE_FAILED = "transaction returned with failure"
"""As an endorser tells that a chaincode was not asked, and that it answered with an error (endorser.go)."""
_LOOKS = 8
"""Questions to a gateway at most: each answer names some orderers only, perhaps not the one in question."""


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
    """Return what an orderer does for clients, a line each: it knows leaders, decides, and gateways reach it.

    An orderer that only follows a channel, as with a new TLS key that the channel has yet to take, does for
    it all that it can.

    Args:
        connections: to the nodes.
        node: the orderer.
        others: the other orderers. With BFT each must take part in decisions before the next one is away.
        gateways: the peers by channel. With BFT their gateways hand each transaction to a quorum of orderers,
            and dial one that was away only after a pause that grows. With Raft one orderer is enough.
        facts: of the orderer.
        reader: asks for blocks.
        operations_tls: asks for metrics.
        deadline: seconds for each question.
    """
    ordered = {name: answer for name, answer in facts.channels.items() if orders(answer)}
    bft = [name for name, answer in ordered.items() if answer.counts.bft]
    peers = [(name, peer) for name in bft for peer in gateways.get(name, ())]
    led = await _kept(list(ordered), lambda name: _knows_leader(connections, node, name, reader, deadline))
    reached = await _kept(peers, lambda pair: _reaches(connections, pair[1], pair[0], node, deadline))
    deciding = await _kept(
        bft, lambda name: takes_part(connections, node, others, name, operations_tls, deadline=deadline)
    )
    followed = [name for name, answer in facts.channels.items() if is_active(answer) and name not in ordered]
    return frozenset(
        [
            *(f"{name}: it knows the leader" for name in (*followed, *led)),
            *(f"{name}: {peer.name} reaches it" for name, peer in reached),
            *(f"{name}: it takes part in decisions" for name in deciding),
        ]
    )


async def _kept(items: Sequence[T], ask: Callable[[T], Awaitable[bool]]) -> list[T]:
    """Return the items of which a question is true; all are asked at the same time."""
    answers = await asyncio.gather(*map(ask, items))
    return [item for item, yes in zip(items, answers, strict=True) if yes]


async def _knows_leader(
    connections: Connections, node: Node, channel: str, reader: Signer, deadline: float
) -> bool:
    """Tell whether an orderer knows a channel's leader: else it hands out no newest block (deliver.go)."""
    try:
        await deliver_block(connections, node, channel, "newest", reader, deadline=deadline)
    except FabricError:
        return False
    return True


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
    """Return what a peer does for clients, a line each, for every chaincode of its channels.

    After its start gossip has to find the other peers, and they have to find the peer as it is now. Until
    then no gateway asks it for endorsements. The first endorsement waits until the peer has reached the
    chaincode's server, so the peer is asked for one here, of a call that only reads; nothing of it reaches
    the ledger. `others`: the other peers by channel.
    """
    ask = _PeerQuestions(connections, node, member, deadline)
    joined = [name for name, answer in facts.channels.items() if is_active(answer)]
    listed = await asyncio.gather(*(ask.services(name, others.get(name, ())) for name in joined))
    return frozenset(each for words in listed for each in words)


@dataclass(frozen=True)
class _PeerQuestions:
    """Asks about a peer, as a member of its organization, with `deadline` seconds for each question."""

    connections: Connections
    node: Node
    member: Signer
    deadline: float

    async def services(self, channel: str, others: Sequence[Node]) -> list[str]:
        """Return what the peer does for clients of a channel, which the other peers are on, too."""
        try:
            found = await lifecycle.definitions(
                self.connections, self.node, channel, self.member, deadline=self.deadline
            )
        except FabricError:
            return []
        words = await asyncio.gather(*(self._of_chaincode(channel, each.name, others) for each in found))
        return [each for listed in words for each in listed]

    async def _of_chaincode(self, channel: str, chaincode: str, others: Sequence[Node]) -> list[str]:
        mine, *theirs = await asyncio.gather(
            *(self._endorsers(each, channel, chaincode) for each in (self.node, *others))
        )
        itself = {each for each in mine if each[0] in self.node.addresses}
        asking = [other.name for other, peers in zip(others, theirs, strict=True) if itself & peers]
        told = [*(["it finds endorsers"] if itself else []), *(f"{name} finds it" for name in asking)]
        if await self._endorses(channel, chaincode):
            told.append("it endorses")
        return [f"{channel}: {chaincode}: {each}" for each in told]

    async def _endorses(self, channel: str, chaincode: str) -> bool:
        """Tell whether the peer reached the chaincode for a call, whatever the chaincode answered."""
        proposal = new_proposal(
            self.member, channel, chaincode, [_PROBE], tls_cert_hash=self.connections.tls_cert_hash
        )
        try:
            await propose(self.connections, self.node, proposal, self.member, deadline=self.deadline)
        except Refused as refusal:
            asked = not any(words in refusal.words for words in _NOT_SIMULATED)
            return asked or _CHAINCODE_FAILED in refusal.words
        except FabricError:
            return False
        return True

    async def _endorsers(self, peer: Node, channel: str, chaincode: str) -> frozenset[tuple[str, int]]:
        """Return the endorsers that a peer's discovery finds for a chaincode."""
        try:
            return await endorsers(
                self.connections, peer, channel, chaincode, self.member, deadline=self.deadline
            )
        except FabricError:
            return frozenset()
