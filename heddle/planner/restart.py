"""Decide which node of a set restarts next, and whether the others can spare it."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from heddle.planner.counts import consensus_counts, running_elsewhere
from heddle.planner.facts import (
    Answer,
    ConsensusCounts,
    LedgerState,
    NoAnswer,
    NodeFacts,
    describe,
    is_active,
    orders,
)
from heddle.planner.health import lacks_state, serves_nobody
from heddle.quorum import quorum

__all__ = [
    "held_up",
    "is_outdated",
    "key_refusal",
    "next_restart",
    "restart_hint",
    "restart_refusal",
    "waits_for_successor",
]


def next_restart(nodes: Sequence[NodeFacts], rekeyed: Collection[str] = ()) -> NodeFacts | None:
    """Return the outdated node that restarts next: those that serve nobody before others, a leader last.

    Where certificates have expired, a leader may still hold its channel together by old connections.
    Those that are held up stay as they are. `rekeyed` are names of nodes that get a new key and then only
    follow: they go after all others, which could not be spared any more.
    """
    outdated = sorted(filter(is_outdated, nodes), key=lambda node: (node.name in rekeyed, node.leads_any))
    outdated = [node for node in outdated if not held_up(node, [each for each in nodes if each is not node])]
    unready = [node for node in outdated if not node.ready]
    useless = [node for node in outdated if serves_nobody(node)]
    return next(iter([*unready, *useless, *outdated]), None)


def is_outdated(node: NodeFacts) -> bool:
    """Tell whether a node is to restart: it has an old template, or its database lost what it wrote there."""
    return node.pod is not None and (node.pod.outdated or lacks_state(node))


def waits_for_successor(node: NodeFacts, nodes: Sequence[NodeFacts]) -> bool:
    """Tell whether the restarted node must be ready before the next one restarts.

    A pod that was not ready may stay so for its own reason. That must not keep nodes with expired
    certificates from coming back: each of these is waited for, so a template that fails costs one of them.
    """
    return node.ready or not any(
        is_outdated(other) and other.ready and serves_nobody(other) for other in nodes
    )


def restart_refusal(node: NodeFacts, others: Sequence[NodeFacts]) -> str:
    """Return why the `others` of its set cannot spare a node; empty if they can, or if it serves nobody.

    Every other node that stays must serve. Of three or more orderers, those that leave among them, a quorum
    of each channel that the node is on must order without it; with one or two, no restart keeps a majority,
    so it is taken.
    """
    if serves_nobody(node):
        return ""
    useless = [f"{other.name}: {reason}" for other in _staying(others) if (reason := serves_nobody(other))]
    if useless:
        return "\n  ".join(useless)
    if len(others) < 2 or node.kind == "peer":
        return ""
    lost = (_lost_quorum(channel, node, others) for channel in node.held_channels)
    return "\n".join(filter(None, lost))


def held_up(node: NodeFacts, others: Sequence[NodeFacts]) -> str:
    """Return which of the others a restart would wait for in vain; empty if it may wait, or go.

    Channels change their consenters only after the restarts. Until then an orderer that joins has no ledger,
    one with a new key follows, and one that leaves may have gone already. Once the channels are as wanted the
    others could do without the node, which then restarts in the next run.
    """
    staying = _staying(others)
    answers = [answer for each in staying for answer in each.channels.values() if answer is not None]
    if not restart_refusal(node, others) or not all(map(is_active, answers)):
        return ""
    if restart_refusal(_as_ordering(node), [_as_ordering(each) for each in staying]):
        return ""
    return "; ".join(filter(None, (_unlike_wanted(each) for each in others)))


def key_refusal(node: NodeFacts, others: Sequence[NodeFacts]) -> str:
    """Return why an orderer must not get another key now; empty if it may.

    Until its channels have taken its new certificate the node only follows, so the others must order without
    it. That is more than a restart asks: with one or two orderers nobody would be left to take the
    certificate, and another one that only follows must be taken back first.
    """
    if len(others) < 2:
        return "there are fewer than three orderers: a new one takes its place (`ordering.nodes`)"
    useless = [f"{other.name}: {reason}" for other in others if (reason := serves_nobody(other))]
    idle = [
        f"{other.name}: {channel}: {describe(answer)}"
        for other in others
        for channel, answer in other.channels.items()
        if answer is not None and not orders(answer)
    ]
    lost = (_lost_quorum(channel, node, others) for channel in node.held_channels)
    return "\n  ".join([*useless, *idle, *filter(None, lost)])


def restart_hint(others: Sequence[NodeFacts]) -> str:
    """Return what to do when the others of a set cannot spare a node."""
    certificate = next(filter(None, (node.expired_certificate for node in others)), None)
    return certificate.remedy if certificate else "Bring the others up first, then run it again."


def _unlike_wanted(node: NodeFacts) -> str:
    """Return what a node does not do yet, or no more, that a channel still counts on; else ""."""
    idle = [name for name, answer in node.channels.items() if not orders(answer)]
    if node.leaves:
        late = [name for name in node.channels if node.expired_certificate or name in idle]
        return f"{node.name}, which leaves, does not order {', '.join(late)}" if late else ""
    lacked = [name for name in idle if node.channels[name] is None]
    followed = [name for name in idle if name not in lacked]
    words = [f"only follows {', '.join(followed)}"] if followed else []
    words += [f"does not have {', '.join(lacked)} yet"] if lacked else []
    return f"{node.name} {' and '.join(words)}" if words else ""


def _as_ordering(node: NodeFacts) -> NodeFacts:
    """Return an orderer as it will be once its channels have those as consenters that stay, and no others."""

    def ordering(answer: Answer) -> Answer:
        if isinstance(answer, NoAnswer):
            return answer
        found = answer or LedgerState(relation="", status="active", height=0)
        return replace(found, relation="consenter", counts=ConsensusCounts(bft=found.counts.bft))

    return replace(node, channels={name: ordering(answer) for name, answer in node.channels.items()})


def _staying(nodes: Sequence[NodeFacts]) -> list[NodeFacts]:
    return [node for node in nodes if not node.leaves]


def _lost_quorum(channel: str, node: NodeFacts, others: Sequence[NodeFacts]) -> str:
    """Return why the channel needs the node that is not among `others`; empty if it does not.

    The node itself may be the only one that tells how many consenters live: their leader does. Where the
    number of consenters is unknown, there are as many as nodes.
    """
    answers = {node.name: node.channels.get(channel) for node in others}
    if all(answer is None for answer in answers.values()):
        return ""  # there is no such channel yet
    # One whose certificate has expired orders by old connections at most.
    active = [each.name for each in others if orders(answers[each.name]) and not each.expired_certificate]
    counts = consensus_counts([*answers.values(), node.channels.get(channel)])
    needed = quorum(counts.consenters or len(answers) + 1, bft=counts.bft)
    on_it = sum(answer is not None for answer in answers.values())
    # The node itself is on the channel and orders, too.
    running = len(active) + running_elsewhere(counts, own=on_it + 1, ordering=len(active) + 1)
    if running >= needed:
        return ""
    missing = [f"{name}: {describe(answer)}" for name, answer in answers.items() if name not in active]
    return "; ".join([f"{channel}: {running} others order, {needed} are needed", *missing])
