"""Count the consenters of a channel that run, and those that it needs.

A node that answers but has no ledger, or an old one, does not run: after a lost disk it must not vote again
under its old identity.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from heddle.configtx.settings import ChannelSettings
from heddle.planner.facts import ChannelFacts, NoAnswer, describe, is_level, orders
from heddle.quorum import quorum

__all__ = ["Standing", "missing_consenters", "standing", "without_slow"]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Count the consenters of a channel, those of them that run, and those that it needs to order."""

    running: int
    consenters: int
    needed: int

    @property
    def margin(self) -> int:
        """Return how many more may fail before the channel stops; below 0 it has stopped."""
        return self.running - self.needed

    def __str__(self) -> str:
        return f"{self.running} of {self.consenters} running, margin {self.margin}"


def missing_consenters(channel: ChannelFacts, newest: int) -> dict[str, str]:
    """Return the consenters that do not run, by their host:port, each with what is wrong with it.

    Consenters that were not asked belong to others: they count as running, and orderers refuse by themselves
    to lose a majority. `newest` is the height that the nodes had when they were asked before.
    """
    found: dict[str, str] = {}
    for address in (one.address for one in channel.settings.consenters):
        answer = channel.answers.get(address)
        if address not in channel.answers:
            continue
        if not orders(answer):
            found[address] = describe(answer)
        elif not is_level(answer.height, newest):
            found[address] = f"block {answer.height} of {newest}"
    return found


def without_slow(channel: ChannelFacts) -> ChannelFacts:
    """Return the facts without answers that were only late, so that their nodes count as running.

    Nobody is told that a channel has stopped because a machine is busy. A step that needs such a node is
    still not taken before the node has answered.
    """
    heard = {
        address: answer
        for address, answer in channel.answers.items()
        if not (isinstance(answer, NoAnswer) and answer.late)
    }
    return replace(channel, answers=heard)


def standing(settings: ChannelSettings, missing: Collection[str], *, bft: bool) -> Standing:
    """Return how a channel of these consenters stands while `missing` (host:port) do not run."""
    addresses = [one.address for one in settings.consenters]
    return Standing(
        running=sum(address not in missing for address in addresses),
        consenters=len(addresses),
        needed=quorum(len(addresses), bft=bft),
    )
