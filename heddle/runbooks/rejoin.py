"""Bring back a peer that runs with an empty ledger: channels, packages, blocks, approvals.

Each step looks first and does only what is missing, so a run that was killed is simply run again.
"""

import asyncio
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from heddle.errors import FabricError, LedgerNotOpen, Refused
from heddle.fabric import cscc, installation, lifecycle, orderer, qscc
from heddle.fabric.connection import Connections
from heddle.fabric.definition import Definition
from heddle.fabric.node import Node
from heddle.identity.signer import Signer
from heddle.network.blocks import channel_height
from heddle.network.instance import ChannelOutput, NodeOutput
from heddle.network.network import Network, node_of
from heddle.planner.facts import is_level
from heddle.runbooks.context import Approval, Package
from heddle.text import part_of
from heddle.waiting import Deadline, poll

__all__ = ["Joined", "Rejoining"]

_CALL = 10.0


@dataclass(frozen=True, kw_only=True)
class Joined:
    """Name the channels that a peer has joined, and those whose ledgers it could not open, with why."""

    channels: tuple[str, ...]
    unopened: Mapping[str, str]


@dataclass(frozen=True)
class Rejoining:
    """Bring one peer of a network back. `patience`: seconds for each single step."""

    network: Network
    connections: Connections
    peer: NodeOutput
    patience: float

    @property
    def _node(self) -> Node:
        return node_of(self.peer)

    @property
    def _signer(self) -> Signer:
        return self.network.signer(self.peer.organization)

    @property
    def _channels(self) -> tuple[ChannelOutput, ...]:
        return self.network.instance.channels_of(self.peer.name)

    async def join(self) -> "Joined":
        """Join what is not joined, each with its own verified block 0."""
        clock = Deadline(self.patience)
        await self.connections.wait_until_ready(self._node, deadline=clock.left())
        joined = await cscc.channels(self.connections, self._node, self._signer, deadline=clock.left())
        done, unopened = [], {}
        for channel in (each for each in self._channels if each.name not in joined):
            genesis = await orderer.verified_genesis(
                self.connections,
                self.network.orderers,
                channel.name,
                channel.genesis_hash,
                self._signer,
                deadline=clock.left(),
            )
            try:
                await cscc.join_channel(
                    self.connections, self._node, channel.name, genesis, self._signer, deadline=clock.left()
                )
            except LedgerNotOpen as error:
                unopened[channel.name] = error.message
            else:
                done.append(channel.name)
        return Joined(channels=tuple(done), unopened=unopened)

    async def install(self, packages: Sequence[Package]) -> list[str]:
        """Install what the stack's last `up` had installed here; labels of what was missing."""
        clock = Deadline(self.patience)
        installed = await installation.installed(
            self.connections, self._node, self._signer, deadline=clock.left()
        )
        known = {each.package_id for each in installed}
        missing = [each for each in packages if each.peer == self.peer.name and each.package_id not in known]
        for package in missing:
            content = b64decode(package.content)
            await installation.install(
                self.connections, self._node, package.label, content, self._signer, deadline=clock.left()
            )
        return [package.label for package in missing]

    async def catch_up(self) -> dict[str, int]:
        """Wait until it is level with the orderers on each channel; the heights it has then."""
        names = [channel.name for channel in self._channels]
        return dict(zip(names, await asyncio.gather(*map(self._level, names)), strict=True))

    async def _level(self, channel: str) -> int:
        wanted = await channel_height(self.network, self.connections, channel)

        async def height(left: float) -> int:
            return await qscc.height_if_admitted(
                self.connections, self._node, channel, self._signer, deadline=min(_CALL, left)
            )

        def too_slow(last: int) -> FabricError:
            return FabricError(
                f"{self._node.at()}: {channel}: {part_of(last, wanted, 'block')} after {self.patience:.0f} s",
                hint="It goes on by itself; `-e patience=SECONDS` waits longer. If its height stands still, "
                "its log says why; `-e remedy=refetch` fetches all its blocks again.",
            )

        return await poll(
            height, lambda last: is_level(last, wanted), deadline=self.patience, otherwise=too_slow
        )

    async def know_approvals(self, approvals: Sequence[Approval]) -> list[str]:
        """Wait until the peer knows its organization's approvals, without which it runs no chaincode.

        They are private data of the organization, which another peer of it hands over by itself. Returns the
        chaincodes that are approved.
        """
        channels = {channel.name for channel in self._channels}
        return [
            f"{each.name} on {each.channel}"
            for each in approvals
            if each.msp_id == self.peer.msp_id
            and each.channel in channels
            and await self._approved(each.channel, each.name)
        ]

    async def _approved(self, channel: str, name: str) -> bool:
        """Wait for one approval; false if there is nothing in force to be approved."""
        committed = await lifecycle.definition(
            self.connections, self._node, channel, name, self._signer, deadline=_CALL
        )
        if committed is None or not committed.approvals.get(self.peer.msp_id):
            return False
        wanted = committed.definition

        def too_slow(_: bool) -> FabricError:
            return FabricError(
                f"{self._node.at()}: {channel}: it does not know its organization's approval of {name}, and "
                f"got it from nobody in {self.patience:.0f} s, so it runs no transaction of it",
                hint="Peers of an organization exchange private data by gossip, once a minute: can they "
                "reach each other? If none has it, raise the chaincode's sequence and run `heddle up`.",
            )

        return await poll(
            lambda left: self._knows(channel, wanted, left),
            bool,
            deadline=self.patience,
            otherwise=too_slow,
        )

    async def _knows(self, channel: str, wanted: Definition, left: float) -> bool:
        try:
            found = await lifecycle.approved(
                self.connections,
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
