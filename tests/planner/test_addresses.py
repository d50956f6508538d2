"""Former addresses of nodes go only once nobody is sent to one of them."""

from hypothesis import given
from hypothesis import strategies as st

from heddle.planner.addresses import leaving_addresses, removal_refusal

ADDRESSES = st.lists(st.sampled_from(["a:1", "b:1", "c:1", "d:1"]), min_size=1, unique=True)
SERVED = st.dictionaries(st.sampled_from(["node0", "node1", "node2"]), ADDRESSES)


@given(SERVED, SERVED)
def test_only_what_a_staying_node_loses_goes(
    before: dict[str, list[str]], after: dict[str, list[str]]
) -> None:
    """A node that leaves the file leaves its channels in the same run: its addresses are no matter here."""
    gone = leaving_addresses(before, after)

    assert gone.keys() <= before.keys() & after.keys()
    for name in before.keys() & after.keys():
        assert set(gone.get(name, ())) == set(before[name]) - set(after[name])


@given(SERVED, SERVED, st.sets(st.sampled_from(["a:1", "b:1", "c:1", "d:1", "e:1"])))
def test_what_a_channel_names_does_not_go(
    before: dict[str, list[str]], after: dict[str, list[str]], named: set[str]
) -> None:
    """Each such address is told with its node and its channel; else nothing stands in the way."""
    gone = leaving_addresses(before, after)
    refusal = removal_refusal(gone, {"trade": named})

    in_use = {(name, each) for name, addresses in gone.items() for each in addresses if each in named}
    assert (refusal is not None) == bool(in_use)
    for name, address in in_use:
        assert refusal is not None
        assert f"channel trade names {address} of {name}" in refusal.reason


def test_an_orderer_that_has_not_restarted_may_still_dial_them() -> None:
    """Orderers keep their connections, whatever a new configuration says."""
    refusal = removal_refusal({"orderer0": ["old:1"]}, {"trade": ["new:1"]}, ["orderer1", "orderer2"])

    assert refusal is not None
    assert "orderer1, orderer2 are still to restart" in refusal.reason
