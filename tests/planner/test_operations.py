"""What a state of the instance forbids, as one table that the page shows."""

from pathlib import Path

import pytest

from heddle.planner.instance import State
from heddle.planner.operations import REFUSED, Operation, operation_refusal

PAGE = Path(__file__).parents[2] / "docs/operations/status.md"
ASLEEP_TOO = {Operation.RENEW, Operation.HIBERNATE, Operation.WAKE, Operation.DESTROY}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("operation", Operation)
def test_only_sleep_forbids_anything(state: State, operation: Operation) -> None:
    """And of that only what takes running nodes: no state keeps an instance from being healed, or let go."""
    refusal = operation_refusal(operation, state)

    assert (refusal is not None) == (state == State.HIBERNATED and operation not in ASLEEP_TOO)
    if refusal is not None:
        assert "hibernated" in refusal.reason
        assert "power: on" in refusal.hint


def test_the_page_shows_the_table() -> None:
    """Who reads it need not try."""
    text = PAGE.read_text()
    for refused in REFUSED.values():
        for operation in refused:
            assert str(operation) in text, operation
