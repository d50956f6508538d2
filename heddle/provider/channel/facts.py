"""What the orderers of a channel say right now."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from fabric_protos.common.common_pb2 import NOT_FOUND, Block
from fabric_protos.common.configtx_pb2 import Config

from heddle.configtx.blocks import config_of
from heddle.configtx.read import settings_of
from heddle.configtx.settings import BFT, ChannelSettings
from heddle.errors import FabricError, ProviderError, Refused, Unreachable
from heddle.fabric.connection import Connections
from heddle.fabric.node import ClientTls, Node
from heddle.fabric.orderer import config_block
from heddle.fabric.participation import ChannelInfo, channel_info
from heddle.identity.signer import Signer
from heddle.planner.channel import Kind, Step
from heddle.provider.shapes import client_tls, node, nodes, signers
from heddle.quorum import quorum
from heddle.waiting import Deadline

__all__ = ["Facts", "Live", "Reach", "State", "orders", "wait_for_leader"]

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
    former: Mapping[str, Node] = field(default_factory=dict)
    """Consenters of the last update that no input names any more, by their host:port: they leave."""

    @staticmethod
    def of(
        connections: Connections, inputs: Mapping[str, Any], olds: Mapping[str, Any] | None = None
    ) -> "Reach":
        """From a Channel's inputs, which must be known, and those of its last update."""
        old = {one["name"]: one for one in (olds or {}).get("orderers", ())}
        known = old | {one["name"]: one for one in inputs["orderers"]}
        node_of = {f"{one['host']}:{one['port']}": one["node"] for one in inputs["consenters"]}
        former = {f"{one['host']}:{one['port']}": one["node"] for one in (olds or {}).get("consenters", ())}
        return Reach(
            connections=connections,
            channel=inputs["channel"],
            orderers=nodes(inputs["orderers"]),
            signers=signers(inputs["signers"]),
            admin_tls=client_tls(inputs["adminTls"]),
            node_of=node_of,
            former={
                address: node(known[name])
                for address, name in former.items()
                if address not in node_of and name in known
            },
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
        found = await asyncio.gather(*(self._state(node, deadline) for node in self.orderers))
        return {node.name: state for node, state in zip(self.orderers, found, strict=True)}

    async def broken(self, live: ChannelSettings, *, deadline: float) -> frozenset[str]:
        """Of those that leave, the ones (host:port) that are not there or not active: they leave first."""
        asked = {
            one.address: self.former[one.address] for one in live.consenters if one.address in self.former
        }
        clock = Deadline(min(_STUMBLE, deadline))
        while True:
            found = await asyncio.gather(*(self._state(node, deadline) for node in asked.values()))
            silent = [one for one, state in zip(asked, found, strict=True) if not _alive(state)]
            if not silent or clock.passed():
                return frozenset(silent)
            await asyncio.sleep(_PAUSE)

    async def _state(self, node: Node, deadline: float) -> State:
        try:
            return await channel_info(self.connections, node, self.channel, self.admin_tls, deadline=deadline)
        except FabricError as error:
            return error

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

    def expect_consenters(self, reach: Reach, step: Step, broken: Collection[str]) -> None:
        """Raise ProviderError unless those who stay order and stand level, and a quorum remains.

        A change of membership while another node is down can cost the channel its quorum. Other people's
        consenters are not asked: the orderers themselves refuse to lose a majority (Raft).

        Args:
            reach: the way to the orderers.
            step: the change of membership.
            broken: consenters (host:port) known not to order; those among them that leave are not missed.
        """
        gone = step.joins if step.kind is Kind.ROTATE else step.leaves
        about = gone.address if gone is not None else ""
        stay, troubles, heights = 0, [], []
        for consenter in self.live.settings.consenters:
            address = consenter.address
            if address == about:
                continue
            if address not in reach.node_of:
                stay += address not in broken
                continue
            state = self.states.get(reach.node_of[address])
            if orders(state):
                stay += 1
                heights.append(state.height)
            else:
                troubles.append(f"{address}: {_said(state)}")
        if heights and max(heights) - min(heights) > _LEVEL:
            troubles.append(f"heights differ: {', '.join(map(str, heights))}")
        if not troubles:
            troubles = self._without_quorum(step, stay, about in broken)
        if troubles:
            raise ProviderError(
                f"channel {reach.channel}: who orders is not changed while not all consenters are well:\n  "
                + "\n  ".join(troubles),
                hint="Bring these orderers up first; then run it again.",
            )

    def _without_quorum(self, step: Step, stay: int, is_broken: bool) -> list[str]:
        """Why the channel could not take the step, or go on after it."""
        settings = self.live.settings
        before, after = len(settings.consenters), len(step.settings.consenters)
        now = stay + (0 if is_broken or step.kind is Kind.ADD else 1)
        # Who joins has the ledger already; a channel of one or two grows without a quorum for a moment.
        then = stay + (1 if step.joins is not None else 0)
        bft = settings.consensus == BFT
        needed, needed_then = quorum(before, bft=bft), quorum(after, bft=bft)
        troubles = []
        if now < needed:
            troubles.append(f"{now} of {before} consenters order, {needed} are needed")
        elif then < needed_then:
            troubles.append(f"{then} of {after} would order, {needed_then} would be needed")
        return troubles


def orders(state: State) -> TypeGuard[ChannelInfo]:
    """Whether an orderer says that it orders the channel."""
    return isinstance(state, ChannelInfo) and (state.relation, state.status) == ("consenter", "active")


_PAUSE = 0.1
_STUMBLE = 3.0
"""Seconds for a node that does not order for a moment: while others come or go, or the lead changes hands."""
_LEVEL = 10
"""Blocks by which consenters may differ and still count as level."""


def _alive(state: State) -> bool:
    """Active, be it as a follower: one that has left may know it before the others hand out that block."""
    return isinstance(state, ChannelInfo) and state.status == "active"


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
