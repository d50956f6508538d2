"""Have the leader of a Raft channel hand over to another consenter."""

from collections.abc import Mapping
from dataclasses import dataclass

from heddle.configtx.blocks import config_of_channel
from heddle.configtx.raft import raft_ids
from heddle.configtx.read import consenters_of
from heddle.configtx.settings import ETCDRAFT, Consenter
from heddle.errors import FabricError
from heddle.fabric.connection import Connections
from heddle.fabric.leadership import transfer_leadership
from heddle.fabric.node import ClientTls, Node
from heddle.fabric.orderer import config_block, deliver_block
from heddle.identity.keys import public_key_of
from heddle.identity.signer import Signer
from heddle.waiting import Deadline

__all__ = ["Handover"]


@dataclass(frozen=True, kw_only=True)
class Handover:
    """Ask leaders to hand over.

    reader: reads the channel's blocks.
    identities: by orderer, its TLS certificate and key, by which the leader knows a successor.
    """

    connections: Connections
    reader: Signer
    identities: Mapping[str, ClientTls]

    async def ask(self, leader: Node, successor: Node, channel: str, *, deadline: float) -> None:
        """Ask the leader of a channel to hand over to the successor, whose identity is among `identities`.

        Returns when it has been asked. Raises FabricError or ConfigtxError; then nothing has changed.
        """
        clock = Deadline(deadline)
        consenters, ids = await self._consenters(leader, channel, clock)
        theirs = _of(successor, channel, consenters)
        identity = self.identities[successor.name]
        if public_key_of(identity.certificate) != public_key_of(theirs.client_tls_certificate):
            raise FabricError(f"{successor.at()}: {channel} knows it by another TLS key than it has")
        own = ids[_of(leader, channel, consenters).address], ids[theirs.address]
        async with self.connections.presenting(identity) as connections:
            await transfer_leadership(connections, leader, channel, ids=own, deadline=clock.left())

    async def _consenters(
        self, leader: Node, channel: str, clock: Deadline
    ) -> tuple[tuple[Consenter, ...], Mapping[str, int]]:
        """Return the channel's consenters and their Raft ids, as the leader's own blocks say."""
        newest = await deliver_block(
            self.connections, leader, channel, "newest", self.reader, deadline=clock.left()
        )
        block = await config_block(self.connections, leader, channel, self.reader, deadline=clock.left())
        kind, consenters = consenters_of(config_of_channel(block, channel))
        if kind != ETCDRAFT:
            raise FabricError(f"{channel} orders by {kind}: only Raft's leaders hand over")
        return consenters, raft_ids(newest, consenters)


def _of(node: Node, channel: str, consenters: tuple[Consenter, ...]) -> Consenter:
    for consenter in consenters:
        if consenter.address == f"{node.host}:{node.port}":
            return consenter
    raise FabricError(f"{node.at()}: {channel} has no such consenter")
