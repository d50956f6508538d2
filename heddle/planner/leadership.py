"""Decide how a leader that is about to restart hands over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from heddle.planner.counts import consensus_counts
from heddle.planner.facts import LedgerState, NodeFacts, is_level, leads, orders
from heddle.quorum import quorum

__all__ = ["HandOver", "hand_overs", "handed_over", "led_by"]


@dataclass(frozen=True, kw_only=True)
class HandOver:
    """Say how a channel gets another leader.

    nodes: Raft: the one that takes over. BFT: those that ask for the next view; its number says who leads it.
    view: BFT's view that ends; None for Raft.
    """

    channel: str
    nodes: tuple[str, ...]
    view: int | None = None


def led_by(node: NodeFacts) -> tuple[str, ...]:
    """Return the channels that an orderer leads by Raft, as it says itself."""
    return tuple(
        channel for channel, answer in node.channels.items() if leads(answer) and not answer.counts.bft
    )


def hand_overs(node: NodeFacts, others: Sequence[NodeFacts]) -> tuple[HandOver, ...]:
    """Return how the channels that a node leads, or may lead, get another leader before it restarts.

    Raft: a node that orders the channel, has its blocks and restarts no more takes over. BFT: its orderers
    say who leads with their blocks only, so a channel without blocks may have another leader than they say.
    Who leads its view is told by its configuration, for whoever asks. A channel with nobody who could take
    over, or too few who ask, is missing: the node restarts without handing over.
    """
    fit = {name: [each for each in others if _may_lead(each, name, node)] for name in node.channels}
    raft = [
        HandOver(channel=name, nodes=(min(fit[name], key=_outdated).name,))
        for name in led_by(node)
        if fit[name]
    ]
    bft = [
        HandOver(channel=name, nodes=tuple(each.name for each in fit[name]), view=view)
        for name, view in _views(node).items()
        if len(fit[name]) >= _fewest_wishes(name, [node, *others])
    ]
    return (*raft, *bft)


def handed_over(wanted: HandOver, node: NodeFacts, others: Sequence[NodeFacts]) -> bool:
    """Tell whether a hand-over is done: another orderer leads (Raft), or the node is in a later view."""
    if wanted.view is None:
        return any(wanted.channel in led_by(each) for each in others)
    view = _views(node).get(wanted.channel)
    return view is not None and view > wanted.view


def _views(node: NodeFacts) -> Mapping[str, int]:
    """Return the views of the BFT channels that a node orders, as it says itself."""
    return {
        name: answer.view
        for name, answer in node.channels.items()
        if orders(answer) and answer.counts.bft and answer.view is not None
    }


def _fewest_wishes(channel: str, nodes: Sequence[NodeFacts]) -> int:
    """Return how many must ask for another view so that all consenters change to it.

    Each wants the wishes of a quorum without itself. The leader has them first, and is the one more that the
    others still miss.
    """
    counts = consensus_counts([node.channels.get(channel) for node in nodes])
    return quorum(counts.consenters or len(nodes), bft=True) - 1


def _may_lead(node: NodeFacts, channel: str, leader: NodeFacts) -> bool:
    answer, mine = node.channels.get(channel), leader.channels[channel]
    if node.expired_certificate or not node.ready or not orders(answer) or not isinstance(mine, LedgerState):
        return False
    return is_level(answer.height, mine.height)


def _outdated(node: NodeFacts) -> bool:
    return node.pod is None or node.pod.outdated
