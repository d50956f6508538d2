"""Take what others wish of a channel: that another orderer leads it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fabric_protos.orderer import clusterserver_pb2

from heddle.configtx.nodeauth import signed_content
from heddle.configtx.raft import raft_ids, transfer_of
from heddle.configtx.settings import Consenter
from heddle.configtx.smartbft import leader_of, view_change_of
from heddle.identity.keys import verify

if TYPE_CHECKING:
    from heddle.embedded.fabric.orderer.chain import OrdererChain

__all__ = ["Wishes", "authenticated"]


class Wishes:
    """Take messages of Raft's and SmartBFT's, of which stand-ins know one each: the leader is to hand over.

    chain: the channel's chain, by whose configuration consenters have numbers.
    """

    def __init__(self, chain: "OrdererChain") -> None:
        self._chain = chain
        self._views: dict[int, int] = {}

    async def take_transfer(self, payload: bytes) -> None:
        """Let this node hand over if it leads and a message of Raft's says so.

        Upstream knows the sender by its TLS certificate. gRPC for Python asks every client for one, or none.
        """
        chain, transfer = self._chain, transfer_of(payload)
        if transfer is None or chain.consensus is None or chain.config.bft:
            return
        newest = chain.ledger.block(chain.height - 1)
        by_id = {number: each for each, number in raft_ids(newest, chain.config.settings.consenters).items()}
        leader, successor = map(by_id.get, transfer)
        if leader == chain.consensus.me and successor is not None:
            await chain.consensus.hand_over(successor)

    async def take_view_change(self, consenter: int, payload: bytes) -> None:
        """Count a consenter's wish for the next view.

        A quorum without this node is enough of them. Then the node that leads hands over to that view's.
        """
        chain, view = self._chain, view_change_of(payload)
        if chain.consensus is None or view != chain.view + 1:
            return
        self._views[consenter] = view
        wishing = sum(each == view for each in self._views.values())
        if wishing >= chain.quorum - 1 and chain.consensus.leading:
            await chain.consensus.hand_over(leader_of(view, chain.config.settings.consenters).address)


def authenticated(
    request: clusterserver_pb2.NodeAuthRequest, consenters: Sequence[Consenter], *, me: int
) -> bool:
    """Tell whether a request is a consenter's own, and meant for this one, whose id is `me`.

    Upstream also compares the binding with the TLS session, which gRPC for Python tells nobody.
    """
    sender = next((each for each in consenters if each.id == request.from_id), None)
    if sender is None or request.to_id != me or not request.session_binding:
        return False
    return verify(sender.identity, signed_content(request), request.signature)
