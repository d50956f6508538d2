"""Find out that a silent node has lost its volume: its pod waits for a claim that is no more.

Such a node cannot answer before an update has made its claim anew, and then it has nothing. The API server
says so at once; without asking it, drift of the ledger would show only in a second refresh, after an update.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from heddle.errors import KubeError, Unreachable
from heddle.fabric.node import Node
from heddle.kube.pods import NodePods
from heddle.planner.facts import Answer, NoAnswer
from heddle.provider.handler import Gone
from heddle.provider.session import Session

__all__ = ["gone_with_volume", "without_lost_ledgers"]


@asynccontextmanager
async def gone_with_volume(session: Session, node: Node, what: str) -> AsyncIterator[None]:
    """Raise Gone instead of Unreachable if the node is silent because the volume that held `what` is lost."""
    try:
        yield
    except Unreachable:
        if claims := await _lost_claims(session, node):
            raise Gone(
                f"{node.name} has lost its volume (no claim {', '.join(claims)}), and {what} with it; "
                "the next update makes both anew"
            ) from None
        raise


async def without_lost_ledgers(
    session: Session, nodes: Mapping[str, Node], answers: Mapping[str, Answer]
) -> dict[str, Answer]:
    """Return the answers; a silent node that has lost its volume does not have the channel. By node name."""
    result = dict(answers)
    for name, answer in answers.items():
        if isinstance(answer, NoAnswer) and await _lost_claims(session, nodes[name]):
            result[name] = None
    return result


async def _lost_claims(session: Session, node: Node) -> tuple[str, ...]:
    """Return the names of the claims that a node's pod waits for and that do not exist.

    Empty where the cluster cannot tell: no pod, no kubeconfig, no answer. Then nothing is known.
    """
    if not (session.has_cluster and node.pod):
        return ()
    try:
        async with NodePods(await session.api_server(), node.namespace) as pods:
            return await pods.missing_claims(node.pod)
    except (KubeError, Unreachable):
        return ()
