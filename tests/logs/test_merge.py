"""Logs of several nodes are merged by time: in order, nothing lost, nothing doubled."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from heddle.logs.entries import Entry
from heddle.logs.merge import merged

TIMES = st.lists(st.none() | st.integers(0, 20))


def log(name: str, times: list[int | None]) -> list[Entry]:
    return [
        Entry(source=name, kind="peer", time=time, level=None, logger="", message=str(place))
        for place, time in enumerate(times)
    ]


@given(st.lists(TIMES, max_size=5))
def test_all_entries_come_each_once_and_those_of_a_log_in_its_order(logs: list[list[int | None]]) -> None:
    """However clocks jump, and whether or not a line has a time."""
    given_ = [log(f"node{place}", times) for place, times in enumerate(logs)]
    found = list(merged(given_))

    assert Counter(found) == Counter(entry for each in given_ for entry in each)
    for each in given_:
        assert [entry for entry in found if entry.source in {own.source for own in each}] == each


@given(st.lists(st.lists(st.integers(0, 20)).map(sorted), max_size=5))
def test_entries_of_different_nodes_come_in_the_order_of_time(logs: list[list[int]]) -> None:
    """Where clocks go forward, the times of all that comes do, too."""
    found = [entry.time for entry in merged(log(f"n{place}", [*times]) for place, times in enumerate(logs))]

    assert found == sorted(time for times in logs for time in times)


@given(st.integers(1, 9), TIMES)
def test_an_entry_without_a_time_stays_behind_the_one_before_it(time: int, others: list[int | None]) -> None:
    """No entry of another node with a later time comes between."""
    mine = log("mine", [time, None])
    found = list(merged([mine, log("other", others)]))
    between = found[found.index(mine[0]) + 1 : found.index(mine[1])]

    assert all((entry.time or 0) <= time for entry in between)
