"""Measure from `heddle up` on a running cluster to the first committed transaction.

What is timed is what a user waits for: two commands, processes' starts included.
"""

from collections.abc import Iterator

from bench.figures import Figure
from bench.place import CLUSTER, Place

__all__ = ["measure"]

_INVOKE = ("chaincode", "invoke", CLUSTER, "--name", "assets", "put", "car-1", "alice", "20000")


def measure(place: Place) -> Iterator[Figure]:
    """Time how long a network takes to its first transaction, twice, and remove it."""
    up = place.timed("heddle", "up", CLUSTER, "--skip-preview")
    yield Figure(what="heddle up, from nothing", on=place.nodes, value=up)
    first = place.timed("heddle", *_INVOKE)
    yield Figure(what="… to the first transaction", on=place.nodes, value=up + first, goal="15 s")
    again = place.timed("heddle", "up", CLUSTER, "--skip-preview", "--expect-no-changes")
    yield Figure(what="heddle up, nothing to do", on=place.nodes, value=again)
    destroy = place.timed("heddle", "destroy", CLUSTER, "--skip-preview")
    yield Figure(what="heddle destroy", on=place.nodes, value=destroy)
