"""Decide which node of a set restarts next, whether it can be spared, and whether it has caught up."""

from collections.abc import Mapping, Sequence

from heddle.planner.facts import (
    Answer,
    ConsensusCounts,
    LedgerState,
    NoAnswer,
    NodeFacts,
    describe,
    is_active,
    is_level,
    newest_height,
    orders,
)
from heddle.quorum import quorum

__all__ = ["missing_blocks", "newest_heights", "next_restart", "restart_refusal"]


def next_restart(nodes: Sequence[NodeFacts]) -> NodeFacts | None:
    """Return the outdated node that restarts next: one that is not ready before others, a leader last."""
    outdated = [node for node in nodes if node.pod is not None and node.pod.outdated]
    unready = [node for node in outdated if not _is_ready(node)]
    followers = [node for node in outdated if not _leads(node)]
    return next(iter([*unready, *followers, *outdated]), None)


def restart_refusal(others: Sequence[NodeFacts]) -> str:
    """Return why a set cannot spare the node that is not among `others`; empty if it can.

    Every other pod must be ready. Of three or more orderers, a quorum of each channel must order without the
    node; with one or two, no restart keeps a majority, so it is taken.
    """
    unready = [
        f"{node.name}: {node.pod.status if node.pod else 'no pod'}" for node in others if not _is_ready(node)
    ]
    if unready:
        return "\n  ".join(unready)
    if len(others) < 2 or any(node.kind == "peer" for node in others):
        return ""
    channels = dict.fromkeys(channel for node in others for channel in node.channels)
    return "\n".join(filter(None, (_lost_quorum(channel, others) for channel in channels)))


def newest_heights(nodes: Sequence[NodeFacts]) -> dict[str, int]:
    """Return the greatest height of each channel among the nodes that serve it."""
    heights: dict[str, int] = {}
    for node in nodes:
        for channel, answer in node.channels.items():
            if is_active(answer):
                heights[channel] = max(answer.height, heights.get(channel, 0))
    return heights


def missing_blocks(node: NodeFacts, newest: Mapping[str, int]) -> str:
    """Return what a restarted node still lacks of the channels it must have; empty once it has caught up."""
    if node.silent is not None:
        return node.silent.reason
    lines = []
    for channel, answer in node.channels.items():
        if answer is not None and not is_active(answer):
            lines.append(f"{channel}: {describe(answer)}")
    if lines:
        return "; ".join(lines)
    for channel, height in newest.items():
        own = newest_height([node.channels.get(channel)])
        if not is_level(own, height):
            lines.append(f"{channel}: block {own} of {height}")
    return "; ".join(lines)


def _is_ready(node: NodeFacts) -> bool:
    return node.pod is not None and node.pod.ready


def _leads(node: NodeFacts) -> bool:
    return any(isinstance(answer, LedgerState) and answer.leader for answer in node.channels.values())


def _lost_quorum(channel: str, others: Sequence[NodeFacts]) -> str:
    """Return why the channel needs the node that is not among `others`; empty if it does not.

    Where the number of consenters is unknown, there are as many as nodes.
    """
    answers = {node.name: node.channels.get(channel) for node in others}
    if all(answer is None for answer in answers.values()):
        return ""  # there is no such channel yet
    active = [name for name, answer in answers.items() if orders(answer)]
    counts = _counts(answers)
    needed = quorum(counts.consenters, bft=counts.bft)
    running = len(active) + _running_elsewhere(answers, counts, len(active))
    if running >= needed:
        return ""
    missing = [f"{name}: {describe(answer)}" for name, answer in answers.items() if name not in active]
    return "; ".join([f"{channel}: {running} others order, {needed} are needed", *missing])


def _counts(answers: Mapping[str, Answer]) -> ConsensusCounts:
    """Return the counts of those that order the channel: each knows only a part of them."""
    told = [answer.counts for answer in answers.values() if orders(answer)]
    consenters = max((counts.consenters for counts in told), default=0)
    return ConsensusCounts(
        consenters=consenters or len(answers) + 1,
        alive=max((counts.alive for counts in told), default=0),
        bft=any(counts.bft for counts in told),
    )


def _running_elsewhere(answers: Mapping[str, Answer], counts: ConsensusCounts, active: int) -> int:
    """Return how many consenters run that are none of these nodes: leaving, or other organizations'."""
    no_consenters = sum(1 for answer in answers.values() if _is_no_consenter(answer))
    elsewhere = counts.consenters - (len(answers) + 1 - no_consenters)
    return max(0, min(elsewhere, counts.alive - active - 1))


def _is_no_consenter(answer: Answer) -> bool:
    """Tell whether the node itself says that it is no consenter."""
    return not isinstance(answer, NoAnswer) and (answer is None or answer.relation != "consenter")
