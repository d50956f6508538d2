"""What `heddle status` asks the nodes, all at once, each with a deadline; a silent one hides no other."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from heddle.errors import FabricError
from heddle.fabric.connection import Connections
from heddle.fabric.definition import Definition
from heddle.network.instance import ChaincodeOutput, NodeOutput
from heddle.network.network import Network, node_of

__all__ = ["ChaincodeStatus", "InstanceStatus", "NodeStatus", "gather"]


@dataclass(frozen=True, kw_only=True)
class NodeStatus:
    """What one node answered."""

    name: str
    kind: str
    organization: str
    address: str
    """Its name and port on the ledger: where it answers inside the cluster."""
    public_endpoint: str
    """Where it answers outside; empty = nowhere."""
    version: str
    """Fabric's version; empty if the operations endpoint did not answer."""
    heights: Mapping[str, int]
    """Number of blocks by channel."""
    roles: Mapping[str, str]
    """Orderers: relation and status by channel, `consenter/active`."""
    problems: tuple[str, ...]
    """Why an answer is missing or not as it should be."""


@dataclass(frozen=True, kw_only=True)
class ChaincodeStatus:
    """A chaincode as deployed, and as its channel says."""

    name: str
    channel: str
    version: str
    sequence: int
    problem: str


@dataclass(frozen=True, kw_only=True)
class InstanceStatus:
    """A whole instance at one moment."""

    name: str
    namespace: str
    standin: bool
    nodes: tuple[NodeStatus, ...]
    chaincodes: tuple[ChaincodeStatus, ...]

    @property
    def healthy(self) -> bool:
        """Everything answered, and as it should."""
        return not any(node.problems for node in self.nodes) and not any(
            one.problem for one in self.chaincodes
        )

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"healthy": self.healthy, **asdict(self)}


async def gather(network: Network, *, deadline: float) -> InstanceStatus:
    """Ask every node of an instance.

    Args:
        network: the stack's.
        deadline: seconds for all of it.
    """
    instance = network.instance
    async with network.connections() as connections:
        nodes = asyncio.gather(
            *(_node(connections, network, node, "orderer", deadline) for node in instance.orderers),
            *(_node(connections, network, node, "peer", deadline) for node in instance.peers),
        )
        chaincodes = asyncio.gather(
            *(_chaincode(connections, network, each, deadline) for each in instance.chaincodes.values())
        )
        return InstanceStatus(
            name=instance.name,
            namespace=instance.namespace,
            standin=instance.standin,
            nodes=tuple(await nodes),
            chaincodes=tuple(await chaincodes),
        )


async def _node(
    connections: Connections, network: Network, node: NodeOutput, kind: str, deadline: float
) -> NodeStatus:
    from heddle.fabric import operations

    problems: list[str] = []
    version = ""
    try:
        version = await operations.version(connections, node_of(node), deadline=deadline)
    except FabricError as error:
        problems.append(error.message)
    heights: dict[str, int] = {}
    roles: dict[str, str] = {}
    ask = _orderer_on if kind == "orderer" else _peer_on
    for channel in network.instance.channels.values():
        if kind == "peer" and node.name not in channel.peers:
            continue
        try:
            heights[channel.name], role = await ask(connections, network, node, channel.name, deadline)
        except FabricError as error:
            problems.append(f"{channel.name}: {error.message}")
            continue
        if role:
            roles[channel.name] = role
        if role not in {"", "consenter/active"}:
            problems.append(f"{channel.name}: {role}, not consenter/active")
    return NodeStatus(
        name=node.name,
        kind=kind,
        organization=node.organization,
        address=f"{node.host}:{node.port}",
        public_endpoint=node.public_endpoint,
        version=version,
        heights=heights,
        roles=roles,
        problems=tuple(dict.fromkeys(problems)),
    )


async def _orderer_on(
    connections: Connections, network: Network, node: NodeOutput, channel: str, deadline: float
) -> tuple[int, str]:
    """Height and role of an orderer on a channel."""
    from heddle.fabric import participation

    info = await participation.channel_info(
        connections, node_of(node), channel, network.client_tls(), deadline=deadline
    )
    return (info.height, f"{info.relation}/{info.status}") if info else (0, "not joined")


async def _peer_on(
    connections: Connections, network: Network, node: NodeOutput, channel: str, deadline: float
) -> tuple[int, str]:
    """Height of a peer on a channel."""
    from heddle.fabric import qscc

    signer = network.signer(node.organization)
    info = await qscc.chain_info(connections, node_of(node), channel, signer, deadline=deadline)
    return info.height, ""


async def _chaincode(
    connections: Connections, network: Network, wanted: ChaincodeOutput, deadline: float
) -> ChaincodeStatus:
    """What the channel says of a chaincode, asked of one member's first peer."""
    from heddle.fabric import lifecycle

    try:
        member = next(each for each in network.representatives(wanted.channel) if each.peers)
        found = await lifecycle.definition(
            connections, member.peers[0], wanted.channel, wanted.name, member.signer, deadline=deadline
        )
        problem = _judge(wanted, found.definition if found else None)
    except FabricError as error:
        problem = error.message
    return ChaincodeStatus(
        name=wanted.name,
        channel=wanted.channel,
        version=wanted.version,
        sequence=wanted.sequence,
        problem=problem,
    )


def _judge(wanted: ChaincodeOutput, found: Definition | None) -> str:
    if found is None:
        return f"not committed on {wanted.channel}"
    if (found.version, found.sequence) != (wanted.version, wanted.sequence):
        return f"the channel has version {found.version}, sequence {found.sequence}"
    return ""
