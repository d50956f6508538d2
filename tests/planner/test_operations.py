"""What a state of the instance forbids: the table of docs/operations/status.md, cell by cell."""

from pathlib import Path

import pytest

from heddle.planner.instance import InstanceState, State
from heddle.planner.operations import HOLD_THE_LOCK, REFUSED, Operation, operation_refusal

PAGE = (Path(__file__).parents[2] / "docs/operations/status.md").read_text()
BY_A_RUN = {State.CREATING, State.ADDING, State.UPGRADING, State.DELETING}
"""States that last as long as somebody holds the lock."""


def _table() -> dict[tuple[State, Operation], bool]:
    """Return whether an operation may be in a state, as the page says."""
    _, _, below = PAGE.partition("## What a state forbids\n")
    head, _, *rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in below.partition("\n\n")[0].splitlines()
    ]
    return {
        (State(name.strip("` ")), Operation(row[0])): {"yes": True, "no": False}[cell]
        for row in rows
        for states, cell in zip(head[1:], row[1:], strict=True)
        for name in states.split(",")
    }


MAY = _table()


def test_the_table_is_whole() -> None:
    """Every operation in every state, on the page and in the code."""
    assert set(MAY) == {(state, operation) for state in State for operation in Operation}
    assert set(REFUSED) == set(State)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("operation", Operation)
def test_an_operation_is_refused_where_the_page_says_so(state: State, operation: Operation) -> None:
    """With what to do, and the state's own reason where it is known."""
    refusal = operation_refusal(operation, state)

    assert (refusal is None) == MAY[state, operation]
    if refusal is None:
        return
    assert "`" in refusal.hint
    told = operation_refusal(operation, InstanceState(state=state, reason="`up` by anna"))
    assert told is not None
    assert told.reason == f"{refusal.reason}: `up` by anna"
    assert told.hint == refusal.hint


@pytest.mark.parametrize("state", sorted(BY_A_RUN))
def test_what_holds_the_lock_waits_for_the_run_that_holds_it(state: State) -> None:
    """The lock refuses it in any case: the table must not promise it."""
    assert set(REFUSED[state]) >= HOLD_THE_LOCK


def test_no_other_state_keeps_an_instance_from_being_healed_or_let_go() -> None:
    """A broken network can be mended, put to sleep, woken and destroyed."""
    for state in {*State} - BY_A_RUN - {State.HIBERNATED}:
        assert not REFUSED[state]
    healing = {Operation.RENEW, Operation.HIBERNATE, Operation.WAKE, Operation.DESTROY, Operation.RESTORE}
    assert not healing & set(REFUSED[State.HIBERNATED])
