"""Ask the nodes of an instance what Power has to know: leaders, heights, newest blocks."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from heddle.fabric.connection import Connections
from heddle.fabric.node import Node
from heddle.identity.signer import Signer
from heddle.network.answers import ask_orderer_channels, ask_peer_channels
from heddle.network.ledgermarks import LedgerMark
from heddle.network.marks import ask_marks, departures
from heddle.planner.facts import NodeFacts, leads
from heddle.planner.margin import ChannelMargin, channel_margins
from heddle.planner.power import Kind, Workload
from heddle.provider.checked_values import client_tls, nodes, signers

__all__ = ["PowerNodes"]

_CALL = 5.0
"""Seconds for one node's answer: one that is down must not keep an instance awake."""


@dataclass(frozen=True, kw_only=True)
class PowerNodes:
    """Ask the nodes that a Power resource names in its checked inputs."""

    connections: Connections
    inputs: Mapping[str, Any]

    @cached_property
    def orderers(self) -> tuple[Node, ...]:
        """Return the orderers of the instance, in the order of the stack file."""
        return nodes(self.inputs["orderers"])

    @cached_property
    def peers(self) -> tuple[Node, ...]:
        """Return the peers of all organizations that are managed here."""
        return nodes(self.inputs["peers"])

    @property
    def channels(self) -> list[str]:
        """Return the names of the channels."""
        return list(self.inputs["channels"])

    def workloads(self, found: Mapping[str, Any], leaders: Collection[str]) -> list[Workload]:
        """Return the workloads of the instance that exist, as the planner takes them.

        It takes the nodes' names alone: a preview does not know yet by which roots new ones are verified.
        """
        kinds = {
            **dict.fromkeys(self.inputs["servers"], Kind.SERVER),
            **{peer["name"]: Kind.PEER for peer in self.inputs["peers"]},
            **dict.fromkeys((self.inputs.get("databases") or {}).values(), Kind.DATABASE),
            **{orderer["name"]: Kind.ORDERER for orderer in self.inputs["orderers"]},
        }
        return [
            Workload(
                name=name,
                kind=kind,
                replicas=found[name].replicas,
                awake=self.inputs["servers"].get(name, 1) if kind == Kind.SERVER else 1,
                pods=found[name].pods,
                ready=found[name].ready,
                leads=name in leaders,
            )
            for name, kind in kinds.items()
            if name in found
        ]

    async def facts(self, names: Collection[str]) -> list[NodeFacts]:
        """Return what these nodes tell of their channels; silence is an answer, too."""
        tls = client_tls(self.inputs["adminTls"])
        operations = self.inputs.get("operationsTls")
        operations_tls = client_tls(operations) if operations else None

        async def orderer(node: Node) -> NodeFacts:
            return await ask_orderer_channels(
                self.connections,
                node,
                self.channels,
                tls,
                operations_tls=operations_tls,
                issued=self._issued(node),
                deadline=_CALL,
            )

        async def peer(node: Node) -> NodeFacts:
            names = [name for name, on in self.inputs["channels"].items() if node.name in on]
            return await ask_peer_channels(
                self.connections, node, names, self._reader(node), issued=self._issued(node), deadline=_CALL
            )

        asked = [orderer(node) for node in self.orderers if node.name in names]
        return list(await asyncio.gather(*asked, *(peer(node) for node in self.peers if node.name in names)))

    async def marks(self, facts: Iterable[NodeFacts]) -> dict[str, dict[str, LedgerMark]]:
        """Return by node what its ledgers have."""
        told = list(facts)
        marks = await asyncio.gather(
            *(
                ask_marks(self.connections, node, each, self._reader(node), deadline=_CALL)
                for each in told
                for node in (self._node(each.name),)
            )
        )
        return {each.name: found for each, found in zip(told, marks, strict=True) if found}

    async def departures(
        self, facts: Iterable[NodeFacts], noted: Mapping[str, Mapping[str, LedgerMark]]
    ) -> dict[str, dict[str, str]]:
        """Return by node and channel what is missing of what was noted. Raises FabricError as it says."""
        told = [each for each in facts if each.name in noted]
        found = await asyncio.gather(
            *(
                departures(self.connections, node, each, noted[each.name], self._reader(node), deadline=_CALL)
                for each in told
                for node in (self._node(each.name),)
            )
        )
        return {each.name: lacks for each, lacks in zip(told, found, strict=True) if lacks}

    def leaderless(self, facts: Sequence[NodeFacts]) -> dict[str, str]:
        """Return the channels that cannot order yet, with how they stand; none that no orderer has."""
        margins = {each.channel: each for each in channel_margins(facts, self.channels, bft=False)}
        found: dict[str, str] = {}
        for channel in self.channels:
            answers = [each.channels.get(channel) for each in facts if each.kind == "orderer"]
            if all(answer is None for answer in answers):
                continue
            margin = margins[channel]
            if margin.standing is None or margin.standing.margin < 0:
                found[channel] = str(margin)
            elif self._tells_leaders(margin) and not any(map(leads, answers)):
                found[channel] = f"channel {channel}: no orderer leads it yet"
        return found

    def _tells_leaders(self, margin: ChannelMargin) -> bool:
        """Tell whether one of these orderers must lead; of BFT and of others' orderers nobody here knows."""
        return bool(self.inputs.get("operationsTls")) and not margin.bft and not margin.elsewhere

    def _node(self, name: str) -> Node:
        return next(node for node in (*self.orderers, *self.peers) if node.name == name)

    def _reader(self, node: Node) -> Signer | None:
        known: tuple[Signer, ...] = signers(self.inputs["signers"])
        return next((each for each in known if each.msp_id == node.msp_id), None)

    def _issued(self, node: Node) -> list[bytes]:
        pem = self.inputs["certificates"].get(node.name)
        return [pem.encode()] if isinstance(pem, str) else []
