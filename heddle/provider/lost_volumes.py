"""Find out that a silent node has lost its volume: its claim is no more, or its whole namespace.

Such a node cannot answer before an update has made its claim anew, and then it has nothing. The API server
says so at once; without asking it, drift of the ledger would show only in a second refresh, after an update.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from urllib.parse import quote

from heddle.errors import KubeError, Unreachable
from heddle.fabric.node import Node
from heddle.kube.pods import NodePods
from heddle.planner.facts import Answer, NoAnswer
from heddle.provider.handler import Gone
from heddle.provider.session import Session
from heddle.text import some

__all__ = ["gone_with_volume", "loss", "without_lost_ledgers"]


@asynccontextmanager
async def gone_with_volume(session: Session, nodes: Sequence[Node], what: str) -> AsyncIterator[None]:
    """Raise Gone instead of Unreachable where all nodes that held `what` have lost their volumes."""
    try:
        yield
    except Unreachable:
        losses = {node.name: await loss(session, node) for node in nodes}
        if all(losses.values()):
            reasons = "; ".join(dict.fromkeys(losses.values()))
            lost, it = (
                ("has lost its volume", "it") if len(losses) == 1 else ("have lost their volumes", "them")
            )
            raise Gone(
                f"{some([*losses])} {lost} ({reasons}), and {what} with {it}; the next update makes both anew"
            ) from None
        raise


async def without_lost_ledgers(
    session: Session, nodes: Mapping[str, Node], answers: Mapping[str, Answer]
) -> dict[str, Answer]:
    """Return the answers; a silent node that has lost its volume does not have the channel. By node name."""
    result = dict(answers)
    for name, answer in answers.items():
        if isinstance(answer, NoAnswer) and await loss(session, nodes[name]):
            result[name] = None
    return result


async def loss(session: Session, node: Node) -> str:
    """Return in words why a node has no volume: its claims have none, or its namespace does not exist.

    Empty where it is there, and where the cluster cannot tell: no kubeconfig, no answer, no right to look.
    """
    if not (session.has_cluster and node.pod):
        return ""
    try:
        async with NodePods(await session.api_server(), node.namespace) as pods:
            if claims := await pods.lost_claims(node.pod):
                # In this order: who may not look at namespaces may still look at what is in one.
                gone = await _is_gone(pods)
                return f"namespace {node.namespace} is gone" if gone else ", ".join(claims.values())
    except (KubeError, Unreachable):
        return ""
    return ""


async def _is_gone(pods: NodePods) -> bool:
    """Tell whether the namespace itself does not exist; False for a user who may not look."""
    with suppress(KubeError):
        return await pods.get(f"/api/v1/namespaces/{quote(pods.namespace)}") is None
    return False
