"""What the orderers of a channel say right now."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fabric_protos.common.common_pb2 import NOT_FOUND, Block
from fabric_protos.common.configtx_pb2 import Config

from heddle.configtx.blocks import config_of
from heddle.configtx.read import settings_of
from heddle.configtx.settings import ChannelSettings
from heddle.errors import FabricError, ProviderError, Refused, Unreachable
from heddle.fabric.connection import Connections
from heddle.fabric.node import ClientTls, Node
from heddle.fabric.orderer import config_block
from heddle.fabric.participation import ChannelInfo, channel_info
from heddle.fabric.retry import Deadline
from heddle.identity.signer import Signer
from heddle.provider.shapes import client_tls, nodes, signers

__all__ = ["Facts", "Live", "Reach", "State", "wait_for_leader"]

State = ChannelInfo | FabricError | None
"""An orderer's own answer, that it has no such channel (None), or why there is no answer."""


@dataclass(frozen=True, kw_only=True)
class Live:
    """The configuration in force. `block` is its configuration block."""

    block: Block
    config: Config
    settings: ChannelSettings

    @property
    def sequence(self) -> int:
        """The configuration's sequence number; 0 is the genesis."""
        return int(self.config.sequence)


@dataclass(frozen=True, kw_only=True)
class Reach:
    """The way to a channel: who is asked, by whom, over what."""

    connections: Connections
    channel: str
    orderers: tuple[Node, ...]
    signers: tuple[Signer, ...]
    admin_tls: ClientTls
    node_of: Mapping[str, str]
    """Names of nodes by their consenters' host:port."""

    @staticmethod
    def of(connections: Connections, inputs: Mapping[str, Any]) -> "Reach":
        """From a Channel's inputs, which must be known."""
        return Reach(
            connections=connections,
            channel=inputs["channel"],
            orderers=nodes(inputs["orderers"]),
            signers=signers(inputs["signers"]),
            admin_tls=client_tls(inputs["adminTls"]),
            node_of={f"{one['host']}:{one['port']}": one["node"] for one in inputs["consenters"]},
        )

    @property
    def signer(self) -> Signer:
        """Who reads and submits."""
        return self.signers[0]

    def node(self, name: str) -> Node:
        """An orderer by its name."""
        return next(node for node in self.orderers if node.name == name)

    async def states(self, *, deadline: float) -> dict[str, State]:
        """Every orderer's word on the channel, asked at once."""

        async def ask(node: Node) -> State:
            try:
                return await channel_info(
                    self.connections, node, self.channel, self.admin_tls, deadline=deadline
                )
            except FabricError as error:
                return error

        found = await asyncio.gather(*(ask(node) for node in self.orderers))
        return {node.name: state for node, state in zip(self.orderers, found, strict=True)}

    async def live(self, asked: Sequence[Node] = (), *, deadline: float) -> Live:
        """The newest configuration that any of the orderers has.

        Raises Unreachable when those that may have it do not answer, else the first refusal.
        """
        wanted = asked or self.orderers

        async def ask(node: Node) -> Block | FabricError:
            try:
                return await config_block(
                    self.connections, node, self.channel, self.signer, deadline=deadline
                )
            except FabricError as error:
                return error

        found = await asyncio.gather(*(ask(node) for node in wanted))
        blocks = [one for one in found if isinstance(one, Block)]
        if not blocks:
            raise _worst([one for one in found if isinstance(one, FabricError)])
        return self.live_of(max(blocks, key=lambda block: int(block.header.number)))

    def live_of(self, block: Block) -> Live:
        """What a configuration block puts in force."""
        config = config_of(block).config
        return Live(block=block, config=config, settings=settings_of(config, channel=self.channel))


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known before a step: the configuration, and each orderer's state."""

    live: Live
    states: Mapping[str, State]

    def expect_consenters(self, reach: Reach, *, but: str = "") -> None:
        """Raise ProviderError unless the consenters that stay, but one, order and stand level.

        A change of membership while another node is down can cost the channel its quorum. Nodes that leave,
        too, and other people's are not asked: the orderers themselves refuse to lose a majority.
        """
        broken = []
        heights = []
        for consenter in self.live.settings.consenters:
            address = consenter.address
            if address == but or address not in reach.node_of:
                continue
            state = self.states.get(reach.node_of[address])
            if isinstance(state, ChannelInfo) and (state.relation, state.status) == ("consenter", "active"):
                heights.append(state.height)
            else:
                broken.append(f"{address}: {_said(state)}")
        if heights and max(heights) - min(heights) > _LEVEL:
            broken.append(f"heights differ: {', '.join(map(str, heights))}")
        if broken:
            raise ProviderError(
                f"channel {reach.channel}: who orders is not changed while not all consenters are well:\n  "
                + "\n  ".join(broken),
                hint="Bring these orderers up first; then run it again.",
            )


_PAUSE = 0.1
_LEVEL = 10
"""Blocks by which consenters may differ and still count as level."""


def _said(state: State) -> str:
    if state is None:
        return "does not have the channel"
    return state.message if isinstance(state, FabricError) else f"{state.relation}, {state.status}"


def _worst(errors: Sequence[FabricError]) -> FabricError:
    """A node's own answer says more than silence; that it does not order the channel says least."""
    silent = [error for error in errors if isinstance(error, Unreachable)]
    strangers = [error for error in errors if isinstance(error, Refused) and error.status == NOT_FOUND]
    telling = [error for error in errors if error not in silent and error not in strangers]
    return (telling or silent or strangers)[0]


async def wait_for_leader(reach: Reach, clock: Deadline, asked: Sequence[Node] = ()) -> Live:
    """The configuration, once the orderers have a leader: without one they hand out nothing."""
    while True:
        try:
            return await reach.live(asked, deadline=min(10.0, clock.left()))
        except FabricError:
            if clock.left() <= _PAUSE:
                raise
            await asyncio.sleep(_PAUSE)
