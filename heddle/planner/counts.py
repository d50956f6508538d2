"""Count a channel's consenters by what orderers tell of each other."""

from collections.abc import Iterable

from heddle.planner.facts import Answer, ConsensusCounts, orders

__all__ = ["consensus_counts", "running_elsewhere"]


def consensus_counts(answers: Iterable[Answer]) -> ConsensusCounts:
    """Return the counts of those that order the channel, since each knows only a part; 0 where none tells.

    How many live only the leader says: on others that number stays what it was when they led
    (orderer/consensus/etcdraft/tracker.go).
    """
    told = [answer for answer in answers if orders(answer)]
    return ConsensusCounts(
        consenters=max((each.counts.consenters for each in told), default=0),
        alive=max((each.counts.alive for each in told if each.leader), default=0),
        bft=any(each.counts.bft for each in told),
    )


def running_elsewhere(counts: ConsensusCounts, *, own: int, ordering: int) -> int:
    """Return how many consenters run that are none of one's own nodes: leaving, or other organizations'.

    own: the nodes that are on the channel, or may be. One that only follows counts as well: it may be a
    consenter under its former TLS key, which others still count as alive for some seconds after its restart.
    ordering: how many of the own ones order.
    """
    return max(0, min(counts.consenters - own, counts.alive - ordering))
