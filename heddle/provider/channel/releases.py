"""Ask who may not have a capability yet before it is raised: the nodes of this program, and others' word."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from heddle.configtx.settings import Capabilities, ChannelSettings
from heddle.fabric.connection import Connections
from heddle.fabric.node import ClientTls, Node
from heddle.network.releases import ask_release
from heddle.planner.facts import NodeFacts
from heddle.planner.releases import CapabilityWait, capability_wait
from heddle.plugin.values import has_unknown
from heddle.provider.checked_values import client_tls, nodes

__all__ = ["ChannelReleases"]

_CALL = 10.0


@dataclass(frozen=True, kw_only=True)
class ChannelReleases:
    """Ask the nodes of this program that are on a channel, and hold what other members say of theirs.

    told: releases by the MSP ids of members that are run elsewhere.
    own: MSP ids of the organizations of this program.
    """

    connections: Connections
    orderers: tuple[Node, ...]
    peers: tuple[Node, ...]
    tls: ClientTls | None
    told: Mapping[str, str]
    own: frozenset[str]

    @classmethod
    def of(cls, connections: Connections, inputs: Mapping[str, Any]) -> "ChannelReleases":
        """Return what a Channel's inputs name; a peer that is not made yet runs nothing older."""
        peers = inputs.get("peers") or []
        known = [each for each in peers if not has_unknown(each)] if isinstance(peers, list) else []
        tls = inputs.get("operationsTls")
        return cls(
            connections=connections,
            orderers=nodes(inputs["orderers"]),
            peers=nodes(known),
            tls=None if tls is None or has_unknown(tls) else client_tls(tls),
            told=inputs.get("releases") or {},
            own=frozenset(each["mspId"] for each in inputs["signers"]),
        )

    async def wait_for(
        self, live: ChannelSettings, target: Capabilities, *, deadline: float
    ) -> CapabilityWait:
        """Return what raising a channel's capabilities to `target` waits for, by what all nodes say now."""
        share = min(_CALL, deadline)
        orderers = (self._ask(node, "orderer", share) for node in self.orderers)
        peers = (self._ask(node, "peer", share) for node in self.peers)
        asked = await asyncio.gather(*orderers, *peers)
        return capability_wait(live, target, asked, told=self.told, own=self.own)

    async def _ask(self, node: Node, kind: Literal["orderer", "peer"], deadline: float) -> NodeFacts:
        release = await ask_release(self.connections, node, self.tls, deadline=deadline)
        return NodeFacts(name=node.name, kind=kind, msp_id=node.msp_id, version=release)
