"""What an edit of the stack file alone does to the resources of an instance that exists."""

from typing import Any

import pytest

from heddle.provider.comparing import compare
from heddle.schema import RESOURCES
from tests.components.recording import record
from tests.shipped import shipped_stack

LISTS = ("organizations", "channels", "chaincodes", "collections")


def backwards(value: Any) -> Any:
    """The file with these lists in reverse."""
    if isinstance(value, list):
        return [backwards(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: backwards(each[::-1] if key in LISTS and isinstance(each, list) else each)
        for key, each in value.items()
    }


def declared(file: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Inputs of every resource, by type and name."""
    return {(each.type, each.name): each.inputs for each in record(file).declared}


@pytest.mark.parametrize("stack", ["enterprise", "public-domain"])
def test_the_order_of_lists_in_the_file_changes_nothing(stack: str) -> None:
    """No resource comes, goes, or differs in a way that its provider sees."""
    file = shipped_stack(stack)["config"]["fabric:instance"]

    before, after = declared(file), declared(backwards(file))

    assert before.keys() == after.keys()
    for key, inputs in before.items():
        if key[0] in RESOURCES:
            assert compare(RESOURCES[key[0]].inputs, inputs, after[key]) == [], key
        else:
            assert inputs == after[key], key
