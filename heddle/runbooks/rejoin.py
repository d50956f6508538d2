"""Bringing a peer back that runs with an empty ledger: channels, packages, blocks, approvals.

Each step looks first and does only what is missing, so a run that was killed is simply run again.
"""

import asyncio
from base64 import b64decode
from collections.abc import Sequence

from fabric_protos.common.common_pb2 import Block

from heddle.cli.outputs import ChannelOutput, InstanceOutput, NodeOutput
from heddle.configtx.blocks import verify_genesis
from heddle.errors import FabricError, HeddleError, Refused, RunbookError
from heddle.fabric import cscc, lifecycle, orderer, qscc
from heddle.fabric.connection import Connections
from heddle.fabric.definition import Definition
from heddle.fabric.node import Node
from heddle.fabric.retry import Deadline, poll
from heddle.identity.signer import Signer
from heddle.runbooks.context import Approval, Package

__all__ = ["Rejoining"]

_CALL = 10.0
_ONE_ORDERER = 15.0
_LEVEL = 1
_NOT_ADMITTED_YET = "creator org unknown"
_BETWEEN_LOOKS = 0.5


class Rejoining:
    """One peer of a network. `patience`: seconds for each single step."""

    def __init__(
        self, network: InstanceOutput, connections: Connections, peer: NodeOutput, *, patience: float
    ) -> None:
        self._network = network
        self._connections = connections
        self._peer = peer
        self._node = peer.node()
        self._signer: Signer = network.organization(peer.organization).signer()
        self._orderers = [one.node() for one in network.orderers]
        self._patience = patience

    @property
    def channels(self) -> list[ChannelOutput]:
        """The channels that it belongs to."""
        return [one for one in self._network.channels.values() if self._peer.name in one.peers]

    async def join(self) -> list[str]:
        """Join what is not joined, each with its own verified block 0; names of the channels joined."""
        clock = Deadline(self._patience)
        await self._connections.wait_until_ready(self._node, deadline=clock.left())
        joined = await cscc.channels(self._connections, self._node, self._signer, deadline=clock.left())
        missing = [one for one in self.channels if one.name not in joined]
        for channel in missing:
            genesis = await self._genesis(channel, clock)
            await cscc.join_channel(
                self._connections, self._node, channel.name, genesis, self._signer, deadline=clock.left()
            )
        return [channel.name for channel in missing]

    async def _genesis(self, channel: ChannelOutput, clock: Deadline) -> Block:
        said: list[str] = []
        for node in self._orderers:
            try:
                block = await orderer.deliver_block(
                    self._connections,
                    node,
                    channel.name,
                    0,
                    self._signer,
                    deadline=min(_ONE_ORDERER, clock.left()),
                    best_effort=True,
                )
                verify_genesis(block, channel.genesis_hash)
            except HeddleError as error:
                said.append(error.message)
            else:
                return block
        raise RunbookError(
            f"no orderer handed out block 0 of {channel.name} with hash {channel.genesis_hash[:16]}…:\n  "
            + "\n  ".join(said),
            hint="An orderer of the channel must run. Then run this again: it goes on from here.",
        )

    async def install(self, packages: Sequence[Package]) -> list[str]:
        """Install what the stack's last `up` had installed here; labels of what was missing."""
        clock = Deadline(self._patience)
        there = await lifecycle.installed(self._connections, self._node, self._signer, deadline=clock.left())
        known = {one.package_id for one in there}
        missing = [one for one in packages if one.peer == self._peer.name and one.package_id not in known]
        for package in missing:
            content = b64decode(package.content)
            await lifecycle.install(
                self._connections, self._node, package.label, content, self._signer, deadline=clock.left()
            )
        return [package.label for package in missing]

    async def catch_up(self) -> dict[str, int]:
        """Wait until it is level with the orderers on each channel; the heights it has then."""
        found = await asyncio.gather(*(self._level(channel.name) for channel in self.channels))
        return {channel.name: height for channel, height in zip(self.channels, found, strict=True)}

    async def _level(self, channel: str) -> int:
        wanted = await self._height_of_orderers(channel)

        async def height(left: float) -> int:
            try:
                info = await qscc.chain_info(
                    self._connections, self._node, channel, self._signer, deadline=min(_CALL, left)
                )
            except Refused as refusal:
                # A stranger to its own peer until that has the block which admits the organization.
                if _NOT_ADMITTED_YET in refusal.words:
                    return 0
                raise
            return info.height

        def too_slow(last: int | None) -> FabricError:
            return FabricError(
                f"{self._node.at()}: {channel}: {last or 0} of {wanted} blocks after {self._patience:.0f} s",
                hint="It goes on by itself; `-e patience=SECONDS` waits longer. Its log says what is wrong.",
            )

        return await poll(
            height,
            lambda found: found + _LEVEL >= wanted,
            deadline=self._patience,
            otherwise=too_slow,
            interval=_BETWEEN_LOOKS,
        )

    async def _height_of_orderers(self, channel: str) -> int:
        """The highest number of blocks that any orderer has."""

        async def height(node: Node) -> int | HeddleError:
            try:
                block = await orderer.deliver_block(
                    self._connections, node, channel, "newest", self._signer, deadline=_CALL, best_effort=True
                )
            except HeddleError as error:
                return error
            return int(block.header.number) + 1

        answers = await asyncio.gather(*(height(node) for node in self._orderers))
        heights = [each for each in answers if isinstance(each, int)]
        if not heights:
            words = "\n  ".join(each.message for each in answers if isinstance(each, HeddleError))
            raise RunbookError(
                f"{channel}: no orderer says how many blocks there are:\n  {words}",
                hint="An orderer of the channel must run. Then run this again: it goes on from here.",
            )
        return max(heights)

    async def approve(self, approvals: Sequence[Approval]) -> list[str]:
        """See to it that the peer knows its organization's approvals, without which it runs no chaincode.

        They are private data of the organization. Another peer of it hands them over by itself; where there
        is none that has them, they are given again, which the ledger takes for the sequence in force.

        Returns the chaincodes that were approved again.
        """
        own = [one for one in approvals if one.msp_id == self._peer.msp_id]
        given = []
        for channel in self.channels:
            for approval in (one for one in own if one.channel == channel.name):
                if await self._approved(channel, approval):
                    given.append(f"{approval.name} on {channel.name}")
        return given

    async def _approved(self, channel: ChannelOutput, approval: Approval) -> bool:
        """Whether the approval had to be given again."""
        committed = await lifecycle.definition(
            self._connections, self._node, channel.name, approval.name, self._signer, deadline=_CALL
        )
        if committed is None or await self._knows(self._peer, channel.name, committed.definition):
            return False
        holders = [
            one
            for one in self._network.peers_of(self._peer.organization)
            if one.name in channel.peers and one.name != self._peer.name
        ]
        for holder in holders:
            if await self._knows(holder, channel.name, committed.definition):
                await self._wait_for_approval(channel.name, committed.definition, holder)
                return False
        await lifecycle.approve(
            self._connections,
            self._node,
            self._orderers,
            channel.name,
            committed.definition,
            approval.package_id,
            self._signer,
            deadline=self._patience,
        )
        return True

    async def _knows(self, peer: NodeOutput, channel: str, wanted: Definition) -> bool:
        try:
            found = await lifecycle.approved(
                self._connections,
                peer.node(),
                channel,
                wanted.name,
                self._signer,
                sequence=wanted.sequence,
                deadline=_CALL,
            )
        except FabricError:
            return False
        return found is not None and found.definition == wanted

    async def _wait_for_approval(self, channel: str, wanted: Definition, holder: NodeOutput) -> None:
        async def look(_: float) -> bool:
            return await self._knows(self._peer, channel, wanted)

        def too_slow(_: bool | None) -> FabricError:
            return FabricError(
                f"{self._node.at()}: {channel}: {holder.name} has not handed over the approval of "
                f"{wanted.name} after {self._patience:.0f} s",
                hint="Peers exchange private data by gossip, once a minute: can the two reach each other? "
                "Run this again: it goes on from here.",
            )

        await poll(look, bool, deadline=self._patience, otherwise=too_slow, interval=_BETWEEN_LOOKS)
