"""Ask the nodes of a set about their channels, each kind of node in its own way."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from heddle.fabric.connection import Connections
from heddle.fabric.node import ClientTls, Node
from heddle.identity.signer import Signer
from heddle.network.answers import ask_orderer_channels, ask_peer_channels
from heddle.planner.facts import NodeFacts

__all__ = ["NodeClient", "OrdererClient", "PeerClient"]

_CALL = 10.0
"""Seconds for one node: a busy one answers in that time."""


class NodeClient(ABC):
    """Asks the nodes of a kind, orderers or peers."""

    @abstractmethod
    async def ask(self, node: Node) -> NodeFacts:
        """Return the facts of a node on its channels; a missing answer and its cause are facts, too."""


class OrdererClient(NodeClient):
    """Asks orderers, as the holder of a certificate that their admin endpoint trusts."""

    def __init__(self, connections: Connections, channels: Sequence[str], tls: ClientTls) -> None:
        self._connections = connections
        self._channels = tuple(channels)
        self._tls = tls

    async def ask(self, node: Node) -> NodeFacts:
        """Return an orderer's state on each channel, whether it leads, and how many consenters run."""
        return await ask_orderer_channels(self._connections, node, self._channels, self._tls, deadline=_CALL)


class PeerClient(NodeClient):
    """Asks peers, as a member of each one's organization."""

    def __init__(self, connections: Connections, channels: Sequence[str], signers: Sequence[Signer]) -> None:
        self._connections = connections
        self._channels = tuple(channels)
        self._signers = {signer.msp_id: signer for signer in signers}

    async def ask(self, node: Node) -> NodeFacts:
        """Return a peer's heights on the channels that it has joined, as a signer of its organization."""
        signer = self._signers.get(node.msp_id)
        return await ask_peer_channels(self._connections, node, self._channels, signer, deadline=_CALL)
