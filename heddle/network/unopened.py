"""Find the ledgers that a peer has on its volume but could not open at its start.

Such a peer goes on without the channel: it is Ready, does not list it, and refuses to join it, as it has the
ledger (Initialize in core/peer/peer.go, Fabric 3.1.5). Only its log tells this from a channel never joined.
"""

import re
from collections.abc import Iterable, Mapping

from heddle.fabric.node import Node
from heddle.kube.client import KubeClient
from heddle.planner.facts import Answer, NoAnswer
from heddle.text import printable, without_colours

__all__ = ["ledgers_not_opened", "not_opened", "with_unopened"]

_FAILED = re.compile(r"Failed to load (?:ledger|chain) ([a-z][a-z0-9.-]*)\((.*)")


async def ledgers_not_opened(cluster: KubeClient, namespace: str, pod: str) -> Mapping[str, str]:
    """Return the channels whose ledgers the running container could not open, each with the peer's reason.

    Empty when the log has nothing of it, which is no proof: kubelets drop the beginning of long logs.
    """
    return not_opened(await cluster.first_log(namespace, pod))


async def with_unopened(
    cluster: KubeClient, node: Node, answers: Mapping[str, Answer], wanted: Iterable[str]
) -> dict[str, Answer]:
    """Return a peer's answers; a channel that it lacks because its ledger is not open has that as its answer.

    `wanted` are the channels of which a ledger may be there. Only a peer in the cluster has a log to read.
    """
    missing = [name for name in wanted if answers.get(name) is None]
    if not missing or not node.pod:
        return dict(answers)
    reasons = await ledgers_not_opened(cluster, node.namespace, node.pod)
    unopened = {name: _unopened(node, name, reasons[name]) for name in missing if name in reasons}
    return {**answers, **unopened}


def _unopened(node: Node, channel: str, reason: str) -> NoAnswer:
    words = f"it has a ledger that it could not open: {reason}"
    return NoAnswer(
        reason=f"{node.at()}: channel {channel}: {words}",
        cause=words,
        hint=f"`heddle runbook run rejoin-peer --stack STACK -e peer={node.name}` mends it.",
        refused=True,
    )


def not_opened(log: str) -> Mapping[str, str]:
    """Return what `ledgers_not_opened` does, from a peer's log since its start."""
    found = (_FAILED.search(without_colours(line)) for line in log.splitlines())
    return {match[1]: printable(match[2].strip().removesuffix(")")) for match in found if match}
