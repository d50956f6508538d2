"""Compute how many nodes of an ordering service must run, and how many may fail.

All of Heddle counts quorums here: policies of channels, the planner, previews and the stand-ins. The file
stands below every room because configuration policies need it as well as plans do.
"""

__all__ = ["fault_tolerance", "majority", "quorum"]


def majority(members: int) -> int:
    """Return the smallest number that is more than half of the members: ⌊n/2⌋ + 1."""
    return members // 2 + 1


def quorum(consenters: int, *, bft: bool) -> int:
    """Return how many consenters must run so that the channel orders.

    Raft: a majority, ⌊n/2⌋ + 1 (orderer/consensus/etcdraft). BFT: ⌈(n + f + 1) / 2⌉ signatures per block,
    so that two quorums share a node that does not lie (orderer/consensus/smartbft/util.go, Fabric 3.1.5).
    """
    if not bft:
        return majority(consenters)
    return (consenters + fault_tolerance(consenters, bft=True) + 2) // 2


def fault_tolerance(consenters: int, *, bft: bool) -> int:
    """Return how many consenters may fail while the channel goes on ordering.

    Raft: all that a majority does without; these may crash, not lie. BFT: ⌊(n − 1) / 3⌋, which may also lie.
    """
    return max(consenters - 1, 0) // (3 if bft else 2)
