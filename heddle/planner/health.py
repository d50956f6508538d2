"""Say what is wrong with one node, by its facts: whether it serves others, lives, or has lost its state."""

from heddle.planner.facts import Answer, NoAnswer, NodeFacts, describe, is_active, missing_state

__all__ = ["ends_for_good", "lacked_state", "lacks_state", "serves_nobody", "slowness", "trouble"]


def serves_nobody(node: NodeFacts) -> str:
    """Return why a node is of no use to others as it is, so that no restart takes anything from them.

    Empty for a node that serves. An expired certificate ends every new connection, in both directions
    (orderers verify each other as clients, too), so nothing is gained by waiting until others can do without
    the node; they wait for it. A peer without its state endorses nothing, or what is wrong.
    """
    if not node.ready:
        return node.pod.status if node.pod else "no pod"
    if expired := node.expired_certificate:
        return str(expired)
    return lacked_state(node)


def ends_for_good(node: NodeFacts) -> str:
    """Return why a node that runs would not come back from a restart; empty if it may.

    What an authority has issued ends with it, the enrolment certificate, too, without which no node starts.
    The process that runs keeps its open connections, so it is worth more than a restart.
    """
    shown = node.certificate
    if shown is None or not shown.authority_expired or not node.ready:
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
    if expired := node.expired_certificate:
        return f"{expired}. {expired.remedy}"
    if slowness(node):
        return ""
    if node.silent is not None:
        return f"does not answer: {_one_line(node.silent.cause or node.silent.reason)}"
    for channel, answer in node.channels.items():
        if words := _channel_trouble(answer):
            return f"{channel}: {words}"
    missing = lacked_state(node)
    return f"{missing}; `heddle up` restarts it, and it makes the state anew" if missing else ""


def _channel_trouble(answer: Answer) -> str:
    """Return in one line what is not well with a node on a channel; empty if all is, or if it lacks it."""
    if answer is None:
        return ""
    if isinstance(answer, NoAnswer):
        return _one_line(answer.cause or answer.reason)
    if not is_active(answer):
        return describe(answer)
    if isinstance(answer.state_height, NoAnswer):
        return f"its database: {_one_line(answer.state_height.cause or answer.state_height.reason)}"
    return ""


def slowness(node: NodeFacts) -> str:
    """Return what a node leaves unanswered that is only slow; empty for one that answers, or is not well.

    A node that is down answers nothing. This one has shown its certificate, or told something, and nothing
    but the time for its other answers was over.
    """
    told = (isinstance(node.version, str) and node.version) or any(map(is_active, node.channels.values()))
    if (not told and node.certificate is None) or node.expired_certificate:
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


def lacks_state(node: NodeFacts) -> bool:
    """Tell whether a peer's database lost what it wrote there, which it makes anew when it starts."""
    return bool(lacked_state(node))


def lacked_state(node: NodeFacts) -> str:
    """Return the first channel whose state a peer's database lacks, with how much of it; else ""."""
    lines = [
        f"{channel}: {words}" for channel, answer in node.channels.items() if (words := missing_state(answer))
    ]
    return next(iter(lines), "")


def _one_line(words: str) -> str:
    return " ".join(words.split())
