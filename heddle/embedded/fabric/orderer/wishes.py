"""Take what a BFT channel's consenters wish: that its next view, with another leader, begins."""

from collections.abc import Sequence

from fabric_protos.orderer import clusterserver_pb2

from heddle.configtx.nodeauth import signed_content
from heddle.configtx.settings import Consenter
from heddle.identity.keys import verify

__all__ = ["Wishes", "authenticated"]


class Wishes:
    """Remember who asked for which view last."""

    def __init__(self) -> None:
        self._views: dict[int, int] = {}

    def count(self, consenter: int, view: int) -> int:
        """Note a consenter's wish; return how many ask for that view."""
        self._views[consenter] = view
        return sum(each == view for each in self._views.values())


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
