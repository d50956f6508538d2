"""Ask the orderers of a channel, as its `Channel` resource names them."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fabric_protos.common.common_pb2 import Block
from fabric_protos.common.configtx_pb2 import Config

from heddle.configtx.blocks import config_of
from heddle.configtx.own import own_consenters
from heddle.configtx.read import settings_of
from heddle.configtx.settings import ChannelSettings
from heddle.fabric.connection import Connections
from heddle.fabric.node import ClientTls, Node
from heddle.fabric.participation import ChannelInfo, join, wait_until
from heddle.identity.signer import Signer
from heddle.network.answers import ask_orderer
from heddle.network.configuration import config_block_now, config_block_once_led, newest_config_block
from heddle.network.history import ConfigHistory
from heddle.planner.facts import Answer, ChannelFacts, newest_height
from heddle.planner.standing import missing_consenters
from heddle.provider.checked_values import client_tls, node, nodes, signers
from heddle.waiting import Deadline, poll

__all__ = ["ChannelClient", "LiveConfig"]

_ASKING = 10.0
_LONGEST_PAUSE = 0.5
_STUMBLE = 3.0
"""Seconds for a node that does not order for a moment: while others come or go, or the lead changes hands."""


@dataclass(frozen=True, kw_only=True)
class LiveConfig:
    """Hold the configuration in force. `block` is its configuration block."""

    block: Block
    config: Config
    settings: ChannelSettings

    @property
    def sequence(self) -> int:
        """Return the configuration's sequence number; 0 is the genesis."""
        return int(self.config.sequence)


@dataclass(frozen=True, kw_only=True)
class ChannelClient:
    """Reach a channel: the orderers that are asked, the identities that ask, and what proves the answers.

    node_of: names of nodes by their consenters' host:port, also by those of before.
    former: consenters of the last update that are no longer wanted, by their host:port: they leave.
    lost: consenters that leave, by host:port, and said at the last refresh that they have no ledger: their
        connection is not known any more.
    moved: by the wanted host:port of a consenter, those at which its node may be on the channel still.
    """

    connections: Connections
    history: ConfigHistory
    orderers: tuple[Node, ...]
    signers: tuple[Signer, ...]
    admin_tls: ClientTls
    node_of: Mapping[str, str]
    former: Mapping[str, Node] = field(default_factory=dict)
    lost: Mapping[str, str] = field(default_factory=dict)
    moved: Mapping[str, Collection[str]] = field(default_factory=dict)

    @staticmethod
    def of(
        connections: Connections,
        inputs: Mapping[str, Any],
        olds: Mapping[str, Any] | None = None,
        history: ConfigHistory | None = None,
        moved: Mapping[str, str] | None = None,
    ) -> "ChannelClient":
        """Return the client for a Channel's inputs, which must be known, and those of its last update.

        `moved`: names of nodes by further addresses (host:port) at which the channel may know them. Without a
        history nothing is believed before `history.begin`.
        """
        old = {each["name"]: each for each in (olds or {}).get("orderers", ())}
        known = old | {each["name"]: each for each in inputs["orderers"]}
        node_of = _nodes_by_address(inputs["consenters"])
        before = _nodes_by_address((olds or {}).get("consenters", ())) | dict(moved or {})
        staying = set(node_of.values())
        # A node that stays may still be in the channel by its former address.
        former = {address: name for address, name in before.items() if name in staying}
        leaving = {address: name for address, name in before.items() if name not in staying}
        return ChannelClient(
            connections=connections,
            history=history or ConfigHistory(inputs["channel"]),
            orderers=nodes(inputs["orderers"]),
            signers=signers(inputs["signers"]),
            admin_tls=client_tls(inputs["adminTls"]),
            node_of=former | node_of,
            former={address: node(known[name]) for address, name in leaving.items() if name in known},
            # Inputs name no consenter that is none of the orderers: a refresh takes those out that lost it.
            lost={address: name for address, name in leaving.items() if name not in known},
            moved={
                address: [old for old, other in former.items() if other == name and old != address]
                for address, name in node_of.items()
            },
        )

    @property
    def channel(self) -> str:
        """Return the channel's name."""
        return self.history.channel

    @property
    def signer(self) -> Signer:
        """Return the identity that reads and submits."""
        return self.signers[0]

    def node(self, name: str) -> Node:
        """Return the orderer of this name."""
        return next(node for node in self.orderers if node.name == name)

    def own_consenters(self, *states: ChannelSettings) -> frozenset[str]:
        """Return the consenters (host:port) that are of the organizations whose orderers are given here."""
        return own_consenters({node.msp_id for node in self.orderers}, *states)

    async def answers(self, *, deadline: float) -> dict[str, Answer]:
        """Return the answer of every orderer that is to order, by its name; all are asked at once.

        Others, as those of an organization that leaves, are no consenters any more and do not join again.
        """
        staying = set(self.node_of.values())
        return await self._ask({node.name: node for node in self.orderers if node.name in staying}, deadline)

    async def facts(self, live: LiveConfig, *, deadline: float) -> tuple[ChannelFacts, int]:
        """Return the facts that decide on a change of consenters, and the height to compare theirs with.

        Consenters that do not order, or lack blocks, are asked again for a while: others come or go, the lead
        changes hands, and on a busy channel they have the blocks by then. No ledger comes back by waiting.
        """
        newest = 0

        async def look(_: float) -> ChannelFacts:
            nonlocal newest
            answers = await self._consenters(min(_ASKING, deadline))
            newest = newest or newest_height(answers.values())
            return ChannelFacts(
                name=self.channel,
                settings=live.settings,
                sequence=live.sequence,
                answers=answers,
                nodes={
                    **self.node_of,
                    **{address: node.name for address, node in self.former.items()},
                    **self.lost,
                },
            )

        def settled(facts: ChannelFacts) -> bool:
            return all(facts.answers[address] is None for address in missing_consenters(facts, newest))

        patience = min(_STUMBLE, deadline)
        until = f"until every consenter of {self.channel} orders and is level"
        found = await poll(look, settled, deadline=patience, longest=_LONGEST_PAUSE, until=until)
        return found, newest

    async def _consenters(self, deadline: float) -> dict[str, Answer]:
        """Return the answers of the consenters that are wanted, and of leaving ones, by their host:port."""
        orderers = {node.name: node for node in self.orderers}
        wanted = {address: orderers[name] for address, name in self.node_of.items() if name in orderers}
        return {**await self._ask({**wanted, **self.former}, deadline), **dict.fromkeys(self.lost)}

    async def live(self, asked: Sequence[Node] = (), *, deadline: float) -> LiveConfig:
        """Return the newest configuration that any of the orderers has, or of those that are asked, proved.

        Raises as `newest_config_block` does.
        """
        return self.live_of(await newest_config_block(*self._asking(asked), deadline=deadline))

    async def live_now(self, *, deadline: float) -> LiveConfig:
        """Return the configuration in force; wait only while the lead changes hands.

        Raises Unreachable also for a channel that stays without a leader.
        """
        return self.live_of(await config_block_now(*self._asking(), deadline=deadline))

    async def live_once_led(self, clock: Deadline, asked: Sequence[Node] = ()) -> LiveConfig:
        """Return the configuration once the orderers have a leader: without one they hand out nothing."""
        return self.live_of(await config_block_once_led(*self._asking(asked), clock))

    def _asking(
        self, asked: Sequence[Node] = ()
    ) -> tuple[Connections, Sequence[Node], ConfigHistory, Signer]:
        return self.connections, asked or self.orderers, self.history, self.signer

    async def join(self, node: Node, block: Block, *, deadline: float) -> None:
        """Have an orderer join the channel by a configuration block, unless it has."""
        await join(self.connections, node, self.channel, block, self.admin_tls, deadline=deadline)

    async def wait_until(
        self, node: Node, enough: Callable[[ChannelInfo], bool], *, deadline: float, wanted: str
    ) -> None:
        """Wait until an orderer says `enough` of the channel. Raises FabricError at the deadline."""
        tls = self.admin_tls
        await wait_until(self.connections, node, self.channel, tls, enough, deadline=deadline, wanted=wanted)

    def live_of(self, block: Block) -> LiveConfig:
        """Return the configuration that a configuration block puts in force."""
        config = config_of(block).config
        return LiveConfig(block=block, config=config, settings=settings_of(config, channel=self.channel))

    async def _ask(self, asked: Mapping[str, Node], deadline: float) -> dict[str, Answer]:
        answers = await asyncio.gather(
            *(
                ask_orderer(self.connections, node, self.channel, self.admin_tls, deadline=deadline)
                for node in asked.values()
            )
        )
        return dict(zip(asked, answers, strict=True))


def _nodes_by_address(consenters: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {f"{each['host']}:{each['port']}": each["node"] for each in consenters}
