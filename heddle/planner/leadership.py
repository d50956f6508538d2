"""Decide who takes over from a leader that is about to restart."""

from collections.abc import Mapping, Sequence

from heddle.planner.facts import LedgerState, NodeFacts, is_level, orders

__all__ = ["led_by", "successors"]


def led_by(node: NodeFacts) -> tuple[str, ...]:
    """Return the channels that an orderer leads by Raft, as it says itself.

    BFT has no way to hand over: its followers change the leader when they miss it.
    """
    return tuple(
        channel
        for channel, answer in node.channels.items()
        if isinstance(answer, LedgerState) and answer.leader and not answer.counts.bft
    )


def successors(leader: NodeFacts, others: Sequence[NodeFacts]) -> Mapping[str, str]:
    """Return by channel who is to take over: a node that orders it, has its blocks and restarts no more.

    A channel with no such node is missing: the leader restarts without handing over.
    """
    chosen: dict[str, str] = {}
    for channel in led_by(leader):
        fit = [node for node in others if _may_lead(node, channel, leader)]
        if fit:
            chosen[channel] = min(fit, key=_outdated).name
    return chosen


def _may_lead(node: NodeFacts, channel: str, leader: NodeFacts) -> bool:
    answer, mine = node.channels.get(channel), leader.channels[channel]
    expired = node.certificate is not None and node.certificate.expired
    ready = node.pod is not None and node.pod.ready
    if expired or not ready or not orders(answer) or not isinstance(mine, LedgerState):
        return False
    return is_level(answer.height, mine.height)


def _outdated(node: NodeFacts) -> bool:
    return node.pod is None or node.pod.outdated
