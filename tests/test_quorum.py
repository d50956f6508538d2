"""Promises about quorums: Fabric's own numbers, and why they are safe."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heddle.quorum import fault_tolerance, quorum

NODES = st.integers(1, 1000)


@pytest.mark.parametrize(
    ("bft", "nodes", "needed", "may_fail"),
    [
        (False, 1, 1, 0),
        (False, 2, 2, 0),
        (False, 3, 2, 1),
        (False, 4, 3, 1),
        (False, 5, 3, 2),
        (True, 1, 1, 0),
        (True, 3, 2, 0),
        (True, 4, 3, 1),
        (True, 5, 4, 1),
        (True, 6, 4, 1),
        (True, 7, 5, 2),
        (True, 10, 7, 3),
    ],
)
def test_quorums_are_as_fabric_counts_them(bft: bool, nodes: int, needed: int, may_fail: int) -> None:
    """Raft: a majority. BFT: ⌈(n + f + 1) / 2⌉ with f a third of the others."""
    assert quorum(nodes, bft=bft) == needed
    assert fault_tolerance(nodes, bft=bft) == may_fail


@given(NODES)
def test_two_quorums_share_a_node_that_tells_the_truth(nodes: int) -> None:
    """What makes them safe: with Raft a shared node is enough, with BFT more nodes than may lie."""
    assert 2 * quorum(nodes, bft=False) - nodes > 0
    assert 2 * quorum(nodes, bft=True) - nodes > fault_tolerance(nodes, bft=True)


@given(NODES, st.booleans())
def test_the_nodes_that_do_not_fail_are_a_quorum(nodes: int, bft: bool) -> None:
    """What makes them live."""
    assert quorum(nodes, bft=bft) <= nodes - fault_tolerance(nodes, bft=bft)
