"""Whether a node may be restarted now, and whether one that was has caught up (facts of §2 and §3)."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from heddle.errors import FabricError
from heddle.fabric import cscc, operations, qscc
from heddle.fabric.connection import Connections
from heddle.fabric.node import ClientTls, Node
from heddle.fabric.participation import ChannelInfo, channel_info
from heddle.identity.signer import Signer
from heddle.quorum import quorum

__all__ = ["Counts", "Health", "OrdererHealth", "PeerHealth", "objection"]

_CALL = 10.0
_LEADER = ("consensus_etcdraft_is_leader", "consensus_BFT_is_leader")
_CONSENTERS = "consensus_etcdraft_cluster_size"
_ALIVE = "consensus_etcdraft_active_nodes"
_BFT_CONSENTERS = "consensus_BFT_cluster_size"
_ACTIVE = "consenter, active"

Heights = Mapping[str, int]
"""By channel, the number of blocks that a node has."""


class Health(ABC):
    """Facts of one set of nodes on their channels."""

    @abstractmethod
    async def leads(self, node: Node) -> bool:
        """Whether the node leads a channel: such a node restarts last."""

    @abstractmethod
    async def heights(self, node: Node) -> Heights:
        """The node's channels and their heights. Raises FabricError while it cannot tell or is not active."""

    @abstractmethod
    async def objection(self, others: Sequence[Node]) -> str:
        """Why a node cannot be spared now, the others being what they are; empty if it can."""


class OrdererHealth(Health):
    """Consenters: a quorum of each channel must order while one is away."""

    def __init__(self, connections: Connections, channels: Sequence[str], tls: ClientTls) -> None:
        self._connections = connections
        self._channels = tuple(channels)
        self._tls = tls

    async def leads(self, node: Node) -> bool:
        """By its metrics; a node that does not tell is no leader that could be lost."""
        metrics = await self._metrics(node)
        return any(metrics.value(name) for name in _LEADER)

    async def heights(self, node: Node) -> Heights:
        """Of the channels that it has; each must be active."""
        found = await self._infos(node)
        for info in found.values():
            if info.status != "active":
                raise FabricError(f"{node.at()}: channel {info.name} is {info.status}")
        return {name: info.height for name, info in found.items()}

    async def objection(self, others: Sequence[Node]) -> str:
        """Of three or more consenters, a quorum must be active without this one."""
        if len(others) < 2:
            return ""  # with one or two consenters no restart keeps a majority
        results = await asyncio.gather(*(self._infos(node) for node in others), return_exceptions=True)
        answers = dict(zip((node.name for node in others), results, strict=True))
        metrics = await asyncio.gather(*(self._metrics(node) for node in others))
        objections = (
            objection(channel, answers, _counts(channel, answers, metrics)) for channel in self._channels
        )
        return "\n  ".join(filter(None, objections))

    async def _metrics(self, node: Node) -> operations.Metrics:
        """What the node measures; nothing if it does not tell."""
        try:
            return await operations.metrics(self._connections, node, deadline=_CALL)
        except FabricError:
            return operations.Metrics(samples=())

    async def _infos(self, node: Node) -> dict[str, ChannelInfo]:
        found = await asyncio.gather(
            *(
                channel_info(self._connections, node, channel, self._tls, deadline=_CALL)
                for channel in self._channels
            )
        )
        return {info.name: info for info in found if info is not None}


class PeerHealth(Health):
    """Peers: their heights, asked as a member of each one's organization."""

    def __init__(self, connections: Connections, channels: Sequence[str], signers: Sequence[Signer]) -> None:
        self._connections = connections
        self._channels = tuple(channels)
        self._signers = {signer.msp_id: signer for signer in signers}

    async def leads(self, node: Node) -> bool:
        """No peer leads: each fetches its own blocks."""
        return False

    async def heights(self, node: Node) -> Heights:
        """Of the channels that it has joined; none where no identity of its organization is given."""
        signer = self._signers.get(node.msp_id)
        if signer is None:
            await self._connections.ping(node, deadline=_CALL)
            return {}
        joined = await cscc.channels(self._connections, node, signer, deadline=_CALL)
        names = [name for name in self._channels if name in joined]
        infos = await asyncio.gather(
            *(qscc.chain_info(self._connections, node, name, signer, deadline=_CALL) for name in names)
        )
        return {name: info.height for name, info in zip(names, infos, strict=True)}

    async def objection(self, others: Sequence[Node]) -> str:
        """None: whether the other pods are ready is looked at for every kind of node."""
        return ""


_Answers = Mapping[str, dict[str, ChannelInfo] | BaseException]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """A channel's consenters, and how many of them live, as its leader sees it; 0: unknown.

    Nodes that have just come, or that leave, make these other numbers than that of the nodes. BFT's leader
    does not tell how many live.
    """

    consenters: int = 0
    alive: int = 0
    bft: bool = False


def _counts(channel: str, answers: _Answers, metrics: Sequence[operations.Metrics]) -> Counts:
    """As those who order the channel say."""
    telling = [each for name, each in zip(answers, metrics, strict=True) if _orders(channel, answers[name])]
    raft, alive, bft = (
        int(max((each.value(name, channel=channel) or 0 for each in telling), default=0))
        for name in (_CONSENTERS, _ALIVE, _BFT_CONSENTERS)
    )
    return Counts(consenters=bft or raft, alive=alive, bft=bool(bft))


def objection(channel: str, answers: _Answers, counts: Counts) -> str:
    """Why the channel needs also the node that is not among `answers`; empty if it does not.

    Args:
        channel: its name.
        answers: what the other nodes of the set say.
        counts: of its consenters; where these are unknown, there are as many as nodes.
    """
    if all(isinstance(answer, dict) and channel not in answer for answer in answers.values()):
        return ""  # there is no such channel yet
    active = [name for name, answer in answers.items() if _orders(channel, answer)]
    no_consenters = [name for name, answer in answers.items() if _is_none(channel, answer)]
    total = counts.consenters or len(answers) + 1
    # Consenters that are none of these nodes: they leave, or are other people's.
    outside = total - (len(answers) + 1 - len(no_consenters))
    count = len(active) + max(0, min(outside, counts.alive - len(active) - 1))
    needed = quorum(total, bft=counts.bft)
    if count >= needed:
        return ""
    troubles = "; ".join(
        f"{name}: {_said(channel, answer)}" for name, answer in answers.items() if name not in active
    )
    return f"{channel}: {count} others order, {needed} are needed; {troubles}"


def _orders(channel: str, answer: dict[str, ChannelInfo] | BaseException) -> bool:
    return _said(channel, answer) == _ACTIVE


def _is_none(channel: str, answer: dict[str, ChannelInfo] | BaseException) -> bool:
    """Whether the node itself says that it is no consenter."""
    return isinstance(answer, dict) and (channel not in answer or answer[channel].relation != "consenter")


def _said(channel: str, answer: dict[str, ChannelInfo] | BaseException) -> str:
    if isinstance(answer, BaseException):
        return answer.message if isinstance(answer, FabricError) else str(answer)
    info = answer.get(channel)
    return f"{info.relation}, {info.status}" if info is not None else "does not have it"
