"""Bringing a peer back that runs with an empty ledger: channels, packages, blocks, approvals.

Each step looks first and does only what is missing, so a run that was killed is simply run again.
"""

import asyncio
from base64 import b64decode
from collections.abc import Sequence

from heddle.errors import FabricError, Refused
from heddle.fabric import cscc, installation, lifecycle, orderer, qscc
from heddle.fabric.connection import Connections
from heddle.fabric.definition import Definition
from heddle.identity.signer import Signer
from heddle.network.blocks import channel_height
from heddle.network.instance import ChannelOutput, NodeOutput
from heddle.network.network import Network, node_of
from heddle.planner.facts import is_level
from heddle.runbooks.context import Approval, Package
from heddle.waiting import Deadline, poll

__all__ = ["Rejoining"]

_CALL = 10.0


class Rejoining:
    """A peer that is brought back. `patience`: seconds for each single step."""

    def __init__(
        self, network: Network, connections: Connections, peer: NodeOutput, *, patience: float
    ) -> None:
        self._network = network
        self._connections = connections
        self._peer = peer
        self._node = node_of(peer)
        self._signer: Signer = network.signer(peer.organization)
        self._orderers = network.orderers
        self._patience = patience

    @property
    def channels(self) -> list[ChannelOutput]:
        """Return the channels that the peer belongs to."""
        return [one for one in self._network.instance.channels.values() if self._peer.name in one.peers]

    async def join(self) -> list[str]:
        """Join what is not joined, each with its own verified block 0; names of the channels joined."""
        clock = Deadline(self._patience)
        await self._connections.wait_until_ready(self._node, deadline=clock.left())
        joined = await cscc.channels(self._connections, self._node, self._signer, deadline=clock.left())
        missing = [one for one in self.channels if one.name not in joined]
        for channel in missing:
            genesis = await orderer.verified_genesis(
                self._connections,
                self._orderers,
                channel.name,
                channel.genesis_hash,
                self._signer,
                deadline=clock.left(),
            )
            await cscc.join_channel(
                self._connections, self._node, channel.name, genesis, self._signer, deadline=clock.left()
            )
        return [channel.name for channel in missing]

    async def install(self, packages: Sequence[Package]) -> list[str]:
        """Install what the stack's last `up` had installed here; labels of what was missing."""
        clock = Deadline(self._patience)
        there = await installation.installed(
            self._connections, self._node, self._signer, deadline=clock.left()
        )
        known = {one.package_id for one in there}
        missing = [one for one in packages if one.peer == self._peer.name and one.package_id not in known]
        for package in missing:
            content = b64decode(package.content)
            await installation.install(
                self._connections, self._node, package.label, content, self._signer, deadline=clock.left()
            )
        return [package.label for package in missing]

    async def catch_up(self) -> dict[str, int]:
        """Wait until it is level with the orderers on each channel; the heights it has then."""
        found = await asyncio.gather(*(self._level(channel.name) for channel in self.channels))
        return {channel.name: height for channel, height in zip(self.channels, found, strict=True)}

    async def _level(self, channel: str) -> int:
        wanted = await channel_height(self._network, self._connections, channel)

        async def height(left: float) -> int:
            return await qscc.height_if_admitted(
                self._connections, self._node, channel, self._signer, deadline=min(_CALL, left)
            )

        def too_slow(last: int) -> FabricError:
            return FabricError(
                f"{self._node.at()}: {channel}: {last} of {wanted} blocks after {self._patience:.0f} s",
                hint="It goes on by itself; `-e patience=SECONDS` waits longer. Its log says what is wrong.",
            )

        return await poll(
            height,
            lambda found: is_level(found, wanted),
            deadline=self._patience,
            otherwise=too_slow,
        )

    async def know_approvals(self, approvals: Sequence[Approval]) -> list[str]:
        """Wait until the peer knows its organization's approvals, without which it runs no chaincode.

        They are private data of the organization, which another peer of it hands over by itself. Returns the
        chaincodes that are approved.
        """
        own = [one for one in approvals if one.msp_id == self._peer.msp_id]
        known = []
        for channel in self.channels:
            for approval in (one for one in own if one.channel == channel.name):
                if await self._approved(channel.name, approval.name):
                    known.append(f"{approval.name} on {channel.name}")
        return known

    async def _approved(self, channel: str, name: str) -> bool:
        """Wait for one approval; false if there is nothing in force to be approved."""
        committed = await lifecycle.definition(
            self._connections, self._node, channel, name, self._signer, deadline=_CALL
        )
        if committed is None or not committed.approvals.get(self._peer.msp_id):
            return False
        wanted = committed.definition

        def too_slow(_: bool) -> FabricError:
            return FabricError(
                f"{self._node.at()}: {channel}: it does not know its organization's approval of {name}, and "
                f"got it from nobody in {self._patience:.0f} s, so it runs no transaction of it",
                hint="Peers of an organization exchange private data by gossip, once a minute: can they "
                "reach each other? If none has it, raise the chaincode's sequence and run `heddle up`.",
            )

        return await poll(
            lambda left: self._knows(channel, wanted, left),
            bool,
            deadline=self._patience,
            otherwise=too_slow,
        )

    async def _knows(self, channel: str, wanted: Definition, left: float) -> bool:
        try:
            found = await lifecycle.approved(
                self._connections,
                self._node,
                channel,
                wanted.name,
                self._signer,
                sequence=wanted.sequence,
                deadline=min(_CALL, left),
            )
        except Refused:  # "private data matching public hash version is not available"
            return False
        return found is not None and found.definition == wanted
