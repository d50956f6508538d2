"""What the nodes of a channel say of it now. A node that is away is a fact too, not an error."""

import asyncio
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from heddle.errors import FabricError, Refused

if TYPE_CHECKING:
    from fabric_protos.common.common_pb2 import Block

    from heddle.fabric.connection import Connections
    from heddle.fabric.deliver import Position
    from heddle.fabric.node import Node
    from heddle.identity.signer import Signer
    from heddle.network.instance import ChannelOutput
    from heddle.network.network import Network

__all__ = ["NodeFact", "first_block", "first_config_block", "node_facts"]

_SECONDS = 10.0
"""For one node: long enough for a busy one, short enough to wait for one that is away."""


@dataclass(frozen=True, kw_only=True)
class NodeFact:
    """One node's own word on a channel. `height` 0 and `trouble` set: it did not answer."""

    node: str
    role: str
    """`consenter`, `follower` … for orderers, `peer` for peers."""
    state: str
    """`active`, `onboarding` … for orderers, `joined` or `not joined` for peers, `no answer`."""
    height: int
    trouble: str = ""

    def json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


async def node_facts(
    connections: "Connections", network: "Network", channel: "ChannelOutput"
) -> tuple[NodeFact, ...]:
    """All orderers and the channel's peers, asked at the same time."""
    return tuple(
        await asyncio.gather(
            *(_orderer(connections, network, node, channel.name) for node in network.orderers),
            *(
                _peer(connections, each.signer, node, channel.name)
                for each in network.representatives(channel.name)
                for node in each.peers
            ),
        )
    )


async def first_config_block(
    connections: "Connections", network: "Network", channel: "ChannelOutput"
) -> "Block":
    """The latest configuration block. Raises as `first_block` does."""
    return await first_block(connections, network, channel, None)


async def first_block(
    connections: "Connections",
    network: "Network",
    channel: "ChannelOutput",
    position: "Position | None",
) -> "Block":
    """A block, None = the latest with a configuration, from the first orderer that gives it.

    Raises the last orderer's error.
    """
    from heddle.fabric import orderer

    signer = network.signer_for(channel.name)
    last: FabricError = FabricError(f"instance {network.instance.name} has no orderers")
    for node in network.orderers:
        try:
            asked = (connections, node, channel.name)
            if position is None:
                return await orderer.config_block(*asked, signer, deadline=_SECONDS)
            return await orderer.deliver_block(*asked, position, signer, deadline=_SECONDS)
        except FabricError as error:
            last = error
    raise last


async def _orderer(connections: "Connections", network: "Network", node: "Node", channel: str) -> NodeFact:
    from heddle.fabric.participation import channel_info

    try:
        info = await channel_info(connections, node, channel, network.client_tls(), deadline=_SECONDS)
    except FabricError as error:
        return NodeFact(node=node.name, role="orderer", state="no answer", height=0, trouble=str(error))
    if info is None:
        return NodeFact(node=node.name, role="orderer", state="not joined", height=0)
    return NodeFact(node=node.name, role=info.relation, state=info.status, height=info.height)


async def _peer(connections: "Connections", signer: "Signer", node: "Node", channel: str) -> NodeFact:
    from heddle.fabric.qscc import chain_info

    try:
        info = await chain_info(connections, node, channel, signer, deadline=_SECONDS)
    except Refused as refusal:
        state = "not joined" if "not found" in refusal.words else "refused"
        trouble = "" if state == "not joined" else str(refusal)
        return NodeFact(node=node.name, role="peer", state=state, height=0, trouble=trouble)
    except FabricError as error:
        return NodeFact(node=node.name, role="peer", state="no answer", height=0, trouble=str(error))
    return NodeFact(node=node.name, role="peer", state="joined", height=info.height)
