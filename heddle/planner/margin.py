"""Say what a channel can lose before it stops ordering: of its consenters, as they present themselves now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from heddle.planner.counts import consensus_counts, running_elsewhere
from heddle.planner.facts import Answer, NoAnswer, NodeFacts, is_level, newest_height, orders
from heddle.planner.standing import Standing
from heddle.quorum import quorum
from heddle.text import are, counted

__all__ = ["ChannelMargin", "channel_margins"]


@dataclass(frozen=True, kw_only=True)
class ChannelMargin:
    """Say how a channel stands. `standing` is None where no orderer of the instance told anything of it."""

    channel: str
    bft: bool
    standing: Standing | None
    elsewhere: int = 0
    """Consenters that are other organizations' and are taken for running, since nobody here can ask them."""

    def __str__(self) -> str:
        return f"channel {self.channel}: {self._loss()}"

    def plain(self) -> dict[str, object]:
        """Return it as JSON has it; `mayFail` below 0: the channel has stopped; None: not known."""
        found = self.standing
        counted = (
            {"ordering": found.running, "consenters": found.consenters, "needed": found.needed}
            if found
            else {}
        )
        return {
            "channel": self.channel,
            "consensus": "BFT" if self.bft else "etcdraft",
            "mayFail": found.margin if found else None,
            **counted,
        }

    def _loss(self) -> str:
        found = self.standing
        if found is None:
            return "not known: no orderer answers"
        kind = ", BFT" if self.bft else ""
        others = f", {self.elsewhere} of them elsewhere, not asked" if self.elsewhere else ""
        needed = f"{found.needed} {are(found.needed)} needed{kind}"
        words = f"{found.running} of {found.consenters} order{others}, {needed}"
        if found.margin < 0:
            return f"stopped, {-found.margin} more must come back ({words})"
        if found.margin == 0:
            return f"no orderer may fail ({words})"
        return f"{counted(found.margin, 'more orderer')} may fail ({words})"


def channel_margins(
    nodes: Iterable[NodeFacts], channels: Sequence[str], *, bft: bool
) -> tuple[ChannelMargin, ...]:
    """Return what each channel can lose, of those that orderers were asked about.

    `bft`: the stack's consensus, where no orderer tells the channel's.
    """
    orderers = [node for node in nodes if node.kind == "orderer"]
    asked = [name for name in channels if any(name in node.channels for node in orderers)]
    return tuple(_margin(name, orderers, bft=bft) for name in asked)


def _margin(channel: str, orderers: Sequence[NodeFacts], *, bft: bool) -> ChannelMargin:
    answers = {node.name: node.channels[channel] for node in orderers if channel in node.channels}
    counts = consensus_counts(answers.values())
    bft = counts.bft if counts.consenters else bft
    if all(isinstance(answer, NoAnswer) for answer in answers.values()):
        return ChannelMargin(channel=channel, bft=bft, standing=None)
    consenters = counts.consenters or sum(map(_may_be_consenter, answers.values()))
    running = _running(channel, orderers)
    own = sum(answer is not None for answer in answers.values())
    if counts.alive:
        elsewhere = running_elsewhere(counts, own=own, ordering=sum(map(orders, answers.values())))
    else:
        elsewhere = max(0, counts.consenters - own)
    return ChannelMargin(
        channel=channel,
        bft=bft,
        standing=Standing(
            running=min(running + elsewhere, consenters),
            consenters=consenters,
            needed=quorum(consenters, bft=bft),
        ),
        elsewhere=0 if counts.alive else elsewhere,
    )


def _running(channel: str, orderers: Sequence[NodeFacts]) -> int:
    """Count the orderers that order, are level, and present a certificate that others accept."""
    newest = newest_height(node.channels.get(channel) for node in orderers)
    return sum(
        orders(answer := node.channels.get(channel))
        and is_level(answer.height, newest)
        and not node.expired_certificate
        for node in orderers
    )


def _may_be_consenter(answer: Answer) -> bool:
    """Tell whether a node is a consenter, or may be one that is silent."""
    return isinstance(answer, NoAnswer) or (answer is not None and answer.relation == "consenter")
