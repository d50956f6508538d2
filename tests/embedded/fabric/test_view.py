"""What stand-in BFT orderers note in blocks."""

from hypothesis import given
from hypothesis import strategies as st

from heddle.embedded.fabric.orderer.view import ViewMetadata, next_view


def test_a_leader_that_stays_counts_its_decisions() -> None:
    """As upstream's blocks 1, 2 and 3 of a channel with four consenters have it."""
    one = next_view(b"", leader=0, consenters=4)
    two = next_view(one, leader=0, consenters=4)
    assert (one, two) == (b"\x10\x01", b"\x10\x02\x18\x01")
    assert next_view(two, leader=0, consenters=4) == b"\x10\x03\x18\x02"


@given(leaders=st.lists(st.integers(0, 6), min_size=1, max_size=20))
def test_the_view_names_the_leader(leaders: list[int]) -> None:
    """Its number modulo the consenters is the leader's place; it never falls, and decisions are counted."""
    note, before = b"", 0
    for place, leader in enumerate(leaders, start=1):
        note = next_view(note, leader=leader, consenters=7)
        view = ViewMetadata.FromString(note)
        assert view.view_id % 7 == leader
        assert view.view_id >= before
        assert view.latest_sequence == place
        before = view.view_id
