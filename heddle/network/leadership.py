"""Have the leader of a channel hand over: to another consenter (Raft), or by the next view (BFT)."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from heddle.configtx.blocks import config_of_channel
from heddle.configtx.raft import raft_ids
from heddle.configtx.read import consenters_of
from heddle.configtx.settings import BFT, ETCDRAFT, Consenter
from heddle.configtx.smartbft import leader_of
from heddle.errors import FabricError
from heddle.fabric.connection import Connections
from heddle.fabric.leadership import transfer_leadership
from heddle.fabric.node import ClientTls, Node
from heddle.fabric.orderer import config_block, deliver_block
from heddle.fabric.viewchange import Wish, ask_for_view
from heddle.identity.keys import public_key_of
from heddle.identity.signer import Signer
from heddle.waiting import Deadline

__all__ = ["Handover"]


@dataclass(frozen=True, kw_only=True)
class Handover:
    """Ask leaders to hand over.

    reader: reads the channel's blocks.
    identities: by orderer, its TLS certificate and key, by which Raft's leader knows a successor.
    signers: by orderer, its enrolment certificate and key, by which BFT's orderers know each other.
    """

    connections: Connections
    reader: Signer
    identities: Mapping[str, ClientTls] = field(default_factory=dict)
    signers: Mapping[str, Signer] = field(default_factory=dict)

    async def ask(self, leader: Node, successor: Node, channel: str, *, deadline: float) -> None:
        """Ask the leader of a channel to hand over to the successor, whose identity is among `identities`.

        Returns when it has been asked. Raises FabricError or ConfigtxError; then nothing has changed.
        """
        clock = Deadline(deadline)
        newest = await deliver_block(
            self.connections, leader, channel, "newest", self.reader, deadline=clock.left()
        )
        consenters = await self._consenters(leader, channel, ETCDRAFT, clock)
        ids = raft_ids(newest, consenters)
        theirs, identity = _of(successor, channel, consenters), self.identities[successor.name]
        _expect_key(successor, channel, identity.certificate, theirs.client_tls_certificate)
        own = ids[_of(leader, channel, consenters).address], ids[theirs.address]
        async with self.connections.presenting(identity) as connections:
            await transfer_leadership(connections, leader, channel, ids=own, deadline=clock.left())

    async def ask_for_next_view(
        self, leader: Node, others: Sequence[Node], channel: str, view: int, *, deadline: float
    ) -> bool:
        """Ask for the view after `view` in the name of the others, if the node leads this one.

        Returns whether that was so. The others are consenters that run, whose identities are among `signers`:
        each of them, and the leader, is told the wishes of all but itself. Raises FabricError or
        ConfigtxError where any of it cannot be told.
        """
        clock = Deadline(deadline)
        consenters = await self._consenters(leader, channel, BFT, clock)
        own = _of(leader, channel, consenters)
        if leader_of(view, consenters) != own:
            return False
        known = {each: _of(each, channel, consenters) for each in others}
        for each, theirs in known.items():
            _expect_key(each, channel, self.signers[each.name].certificate, theirs.identity)
        wishes = {
            each: Wish(channel=channel, view=view + 1, consenter=theirs.id, signer=self.signers[each.name])
            for each, theirs in known.items()
        }
        told = (
            ask_for_view(self.connections, node, wish, node_id=theirs.id, deadline=clock.left())
            for node, theirs in {leader: own, **known}.items()
            for each, wish in wishes.items()
            if each != node
        )
        await asyncio.gather(*told)
        return True

    async def _consenters(
        self, leader: Node, channel: str, wanted: str, clock: Deadline
    ) -> tuple[Consenter, ...]:
        """Return the channel's consenters, as the leader's own configuration says."""
        block = await config_block(self.connections, leader, channel, self.reader, deadline=clock.left())
        kind, consenters = consenters_of(config_of_channel(block, channel))
        if kind != wanted:
            raise FabricError(f"{channel} orders by {kind}, not by {wanted}")
        return consenters


def _of(node: Node, channel: str, consenters: tuple[Consenter, ...]) -> Consenter:
    for consenter in consenters:
        if consenter.address in node.addresses:
            return consenter
    raise FabricError(f"{node.at()}: {channel} has no such consenter")


def _expect_key(node: Node, channel: str, own: bytes, known: bytes) -> None:
    """Raise FabricError if a channel knows a node by another key than it has."""
    if public_key_of(own) != public_key_of(known):
        raise FabricError(f"{node.at()}: {channel} knows it by another key than it has")
