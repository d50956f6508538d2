"""Decide which node of a set restarts next, whether it can be spared, and whether it has caught up."""

from collections.abc import Collection, Mapping, Sequence
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
    is_level,
    missing_state,
    newest_height,
    orders,
)
from heddle.quorum import quorum

__all__ = [
    "ends_for_good",
    "expected_heights",
    "held_up",
    "is_outdated",
    "key_refusal",
    "lacks_state",
    "missing_blocks",
    "newest_heights",
    "next_restart",
    "restart_hint",
    "restart_refusal",
    "serves_nobody",
    "slowness",
    "trouble",
    "waits_for_successor",
]


def next_restart(nodes: Sequence[NodeFacts], rekeyed: Collection[str] = ()) -> NodeFacts | None:
    """Return the outdated node that restarts next: those that serve nobody before others, a leader last.

    Where certificates have expired, a leader may still hold its channel together by old connections.
    Those that are held up stay as they are. `rekeyed` are names of nodes that get a new key and then only
    follow: they go after all others, which could not be spared any more.
    """
    outdated = sorted(filter(is_outdated, nodes), key=lambda node: (node.name in rekeyed, _leads(node)))
    outdated = [node for node in outdated if not held_up(node, [each for each in nodes if each is not node])]
    unready = [node for node in outdated if not _is_ready(node)]
    useless = [node for node in outdated if serves_nobody(node)]
    return next(iter([*unready, *useless, *outdated]), None)


def is_outdated(node: NodeFacts) -> bool:
    """Tell whether a node is to restart: it has an old template, or its database lost what it wrote there."""
    return node.pod is not None and (node.pod.outdated or lacks_state(node))


def lacks_state(node: NodeFacts) -> bool:
    """Tell whether a peer's database lost what it wrote there, which it makes anew when it starts."""
    return bool(_missing_state(node))


def serves_nobody(node: NodeFacts) -> str:
    """Return why a node is of no use to others as it is, so that no restart takes anything from them.

    Empty for a node that serves. An expired certificate ends every new connection, in both directions
    (orderers verify each other as clients, too), so nothing is gained by waiting until others can do without
    the node; they wait for it. A peer without its state endorses nothing, or what is wrong.
    """
    if not _is_ready(node):
        return node.pod.status if node.pod else "no pod"
    if node.certificate is not None and node.certificate.expired:
        return str(node.certificate)
    return _missing_state(node)


def ends_for_good(node: NodeFacts) -> str:
    """Return why a node that runs would not come back from a restart; empty if it may.

    What an authority has issued ends with it, the enrolment certificate, too, without which no node starts.
    The process that runs keeps its open connections, so it is worth more than a restart.
    """
    shown = node.certificate
    if shown is None or not shown.authority_expired or not _is_ready(node):
        return ""
    return (
        f"{shown}, and its authority has ended: it runs on as long as it is not restarted, and never after it"
    )


def trouble(node: NodeFacts) -> str:
    """Return in one line what is not well with a node; empty if all is.

    A channel that the node says it does not have is for others to judge: it may just be coming. One that is
    only slow is well.
    """
    if node.pod is None:
        return "it has no StatefulSet: `heddle refresh`, then `heddle up` make it anew"
    if not node.pod.ready:
        return _one_line(node.pod.status)
    if node.certificate is not None and node.certificate.expired:
        return f"{node.certificate}. {node.certificate.remedy}"
    if slowness(node):
        return ""
    if node.silent is not None:
        return f"does not answer: {_one_line(node.silent.cause or node.silent.reason)}"
    for channel, answer in node.channels.items():
        if isinstance(answer, NoAnswer):
            return f"{channel}: {_one_line(answer.cause or answer.reason)}"
        if answer is not None and not is_active(answer):
            return f"{channel}: {describe(answer)}"
        if answer is not None and isinstance(answer.state_height, NoAnswer):
            why = answer.state_height.cause or answer.state_height.reason
            return f"{channel}: its database: {_one_line(why)}"
    missing = _missing_state(node)
    return f"{missing}; `heddle up` restarts it, and it makes the state anew" if missing else ""


def slowness(node: NodeFacts) -> str:
    """Return what a node leaves unanswered that is only slow; empty for one that answers, or is not well.

    A node that is down answers nothing. This one has shown its certificate, or told something, and nothing
    but the time for its other answers was over.
    """
    told = (isinstance(node.version, str) and node.version) or any(map(is_active, node.channels.values()))
    if not told and node.certificate is None:
        return ""
    if node.certificate is not None and node.certificate.expired:
        return ""
    answers: dict[str, Answer] = dict(node.channels)
    if node.silent is not None:
        answers[""] = node.silent
    if isinstance(node.version, NoAnswer):
        answers["its version"] = node.version
    wanting = {name: each for name, each in answers.items() if each is not None and not is_active(each)}
    if not wanting or not all(isinstance(each, NoAnswer) and each.late for each in wanting.values()):
        return ""
    what = ", ".join(filter(None, wanting))
    return f"it lives, but did not answer in time{f' about {what}' if what else ''}"


def _one_line(words: str) -> str:
    return " ".join(words.split())


def waits_for_successor(node: NodeFacts, nodes: Sequence[NodeFacts]) -> bool:
    """Tell whether the restarted node must be ready before the next one restarts.

    A pod that was not ready may stay so for its own reason. That must not keep nodes with expired
    certificates from coming back: each of these is waited for, so a template that fails costs one of them.
    """
    return _is_ready(node) or not any(
        is_outdated(other) and _is_ready(other) and serves_nobody(other) for other in nodes
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
    lost = (_lost_quorum(channel, node, others) for channel in _channels_of(node))
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
    lost = (_lost_quorum(channel, node, others) for channel in _channels_of(node))
    return "\n  ".join([*useless, *idle, *filter(None, lost)])


def restart_hint(others: Sequence[NodeFacts]) -> str:
    """Return what to do when the others of a set cannot spare a node."""
    expired = (
        node.certificate for node in others if node.certificate is not None and node.certificate.expired
    )
    certificate = next(expired, None)
    return certificate.remedy if certificate else "Bring the others up first, then run it again."


def newest_heights(nodes: Sequence[NodeFacts]) -> dict[str, int]:
    """Return the greatest height of each channel among the nodes that serve it.

    A node with an expired certificate hands its blocks to nobody.
    """
    heights: dict[str, int] = {}
    for node in nodes:
        if node.certificate is not None and node.certificate.expired:
            continue
        for channel, answer in node.channels.items():
            if is_active(answer):
                heights[channel] = max(answer.height, heights.get(channel, 0))
    return heights


def expected_heights(node: NodeFacts, newest: Mapping[str, int]) -> dict[str, int]:
    """Return those of the newest heights that a node must reach: of the channels that it is on itself."""
    mine = _channels_of(node)
    return {name: height for name, height in newest.items() if name in mine}


def missing_blocks(node: NodeFacts, newest: Mapping[str, int]) -> str:
    """Return what a restarted node still lacks of the channels it must have; empty once it has caught up."""
    if node.certificate is not None and node.certificate.expired:
        return str(node.certificate)
    if node.silent is not None:
        return node.silent.reason
    lines = []
    for channel, answer in node.channels.items():
        if answer is not None and not is_active(answer):
            lines.append(f"{channel}: {describe(answer)}")
    if missing := _missing_state(node):
        lines.append(missing)
    if lines:
        return "; ".join(lines)
    for channel, height in newest.items():
        own = newest_height([node.channels.get(channel)])
        if not is_level(own, height):
            lines.append(f"{channel}: block {own} of {height}")
    return "; ".join(lines)


def _missing_state(node: NodeFacts) -> str:
    """Return the first channel whose state a peer's database lacks, with how much of it; else ""."""
    lines = [
        f"{channel}: {words}" for channel, answer in node.channels.items() if (words := missing_state(answer))
    ]
    return next(iter(lines), "")


def _unlike_wanted(node: NodeFacts) -> str:
    """Return what a node does not do yet, or no more, that a channel still counts on; else ""."""
    idle = [name for name, answer in node.channels.items() if not orders(answer)]
    if node.leaves:
        late = [name for name in node.channels if _is_expired(node) or name in idle]
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


def _is_ready(node: NodeFacts) -> bool:
    return node.pod is not None and node.pod.ready


def _is_expired(node: NodeFacts) -> bool:
    return node.certificate is not None and node.certificate.expired


def _channels_of(node: NodeFacts) -> tuple[str, ...]:
    """Return the channels of which the node does not say itself that it lacks them."""
    return tuple(name for name, answer in node.channels.items() if answer is not None)


def _leads(node: NodeFacts) -> bool:
    return any(isinstance(answer, LedgerState) and answer.leader for answer in node.channels.values())


def _lost_quorum(channel: str, node: NodeFacts, others: Sequence[NodeFacts]) -> str:
    """Return why the channel needs the node that is not among `others`; empty if it does not.

    The node itself may be the only one that tells how many consenters live: their leader does. Where the
    number of consenters is unknown, there are as many as nodes.
    """
    answers = {node.name: node.channels.get(channel) for node in others}
    if all(answer is None for answer in answers.values()):
        return ""  # there is no such channel yet
    # One whose certificate has expired orders by old connections at most.
    active = [each.name for each in others if orders(answers[each.name]) and not _is_expired(each)]
    counts = consensus_counts([*answers.values(), node.channels.get(channel)])
    needed = quorum(counts.consenters or len(answers) + 1, bft=counts.bft)
    on_it = sum(answer is not None for answer in answers.values())
    # The node itself is on the channel and orders, too.
    running = len(active) + running_elsewhere(counts, own=on_it + 1, ordering=len(active) + 1)
    if running >= needed:
        return ""
    missing = [f"{name}: {describe(answer)}" for name, answer in answers.items() if name not in active]
    return "; ".join([f"{channel}: {running} others order, {needed} are needed", *missing])
