"""Whose fields an object has after a creation that was killed was repeated."""

from typing import Any

import pytest

from heddle.embedded.engine.kubernetes.former import former_manager

ME, OTHER = "pulumi-kubernetes-00000001", "pulumi-kubernetes-0000000f"
FIELDS: dict[str, Any] = {"f:data": {"f:a": {}}}


def live(**fields: dict[str, Any]) -> dict[str, Any]:
    """An object of these managers, all by server-side apply."""
    entries = [
        {"manager": name.replace("_", "-"), "operation": "Apply", "fieldsV1": own}
        for name, own in fields.items()
    ]
    return {"metadata": {"managedFields": entries}}


@pytest.mark.parametrize(
    ("managers", "manager", "expected"),
    [
        ({ME: FIELDS}, ME, ""),
        ({ME: FIELDS, OTHER: FIELDS}, ME, OTHER),
        ({ME: FIELDS, OTHER: {"f:data": {}}}, ME, ""),
        ({ME: FIELDS, "kubectl": FIELDS}, ME, ""),
        ({"chosen": FIELDS, OTHER: FIELDS}, "chosen", ""),
    ],
    ids=["alone", "killed before", "other fields", "a person", "a name that was chosen stays"],
)
def test_only_a_drawn_name_with_the_same_fields_is_taken_back(
    managers: dict[str, dict[str, Any]], manager: str, expected: str
) -> None:
    """Nobody else's fields are: not a person's, not another program's."""
    assert former_manager(live(**managers), manager) == expected
