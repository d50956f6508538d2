"""What would change, field by field, and what of it replaces."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heddle.embedded.engine.kubernetes.differences import detailed, merge_patch, touches
from heddle.embedded.engine.kubernetes.ignoring import covers, without_ignored
from heddle.plugin.interface import DiffKind
from heddle.plugin.values import UNKNOWN

_JSON = st.recursive(
    st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
_OBJECT = st.dictionaries(st.sampled_from("abc"), _JSON, max_size=3)


def _patched(target: Any, patch: Any) -> Any:
    """RFC 7386, section 2, word for word."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _patched(result.get(name), value)
    return result


@given(_OBJECT, _OBJECT)
def test_a_merge_patch_leads_from_old_to_new(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Applying it as the RFC says gives the new object; between equal ones there is none."""
    assert _patched(old, merge_patch(old, new)) == new
    assert merge_patch(old, old) == {}


@given(_OBJECT, _OBJECT)
def test_there_is_detail_whenever_there_is_a_difference(old: dict[str, Any], new: dict[str, Any]) -> None:
    """No change is lost between the patch and what is shown of it."""
    assert bool(detailed(old, new, ())) == bool(merge_patch(old, new))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": 1}, {"a": 1}, {}),
        ({"a": 1}, {"a": 1.0}, {}),
        ({"a": 1}, {"a": True}, {"a": DiffKind.UPDATE}),
        ({}, {"a": {"b": 1}}, {"a": DiffKind.ADD}),
        ({"a": {"b": 1}}, {"a": {}}, {"a.b": DiffKind.DELETE}),
        ({"a": [1, 2]}, {"a": [1, 3]}, {"a[1]": DiffKind.UPDATE}),
        ({"a": [1]}, {"a": [1, 2]}, {"a[1]": DiffKind.ADD}),
        ({"a": [1, 2]}, {"a": [1]}, {"a[1]": DiffKind.DELETE}),
        ({"a": [{"x": 1, "y": 1}]}, {"a": [{"x": 1}]}, {"a[0].y": DiffKind.DELETE}),
        ({"data": {"core.yaml": "a"}}, {"data": {"core.yaml": "b"}}, {'data["core.yaml"]': DiffKind.UPDATE}),
        ({"a": "old"}, {"a": UNKNOWN}, {"a": DiffKind.UPDATE}),
        ({}, {"a": UNKNOWN}, {"a": DiffKind.ADD}),
        ({"a": {"b": 1}}, {"a": UNKNOWN}, {"a.b": DiffKind.DELETE}),
    ],
)
def test_changes_have_a_path_and_a_kind(
    old: dict[str, Any], new: dict[str, Any], expected: dict[str, DiffKind]
) -> None:
    """As Pulumi shows them."""
    assert detailed(old, new, ()) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"spec": {"selector": {"a": "1"}}}, {"spec": {"selector": {"a": "2"}}}, DiffKind.UPDATE_REPLACE),
        ({"spec": {"selector": {"a": "1"}}}, {"spec": {"selector": {}}}, DiffKind.DELETE_REPLACE),
        ({"spec": {}}, {"spec": {"selector": {"a": "1"}}}, DiffKind.ADD_REPLACE),
        ({}, {"spec": {"selector": {"a": "1"}}}, DiffKind.ADD_REPLACE),
        ({"spec": {"replicas": 1}}, {"spec": {"replicas": 2}}, DiffKind.UPDATE),
        (
            {"spec": {"containers": [{"image": "a"}]}},
            {"spec": {"containers": [{"image": "b"}]}},
            DiffKind.UPDATE_REPLACE,
        ),
        (
            {"spec": {"containers": [{"name": "a"}]}},
            {"spec": {"containers": [{"name": "b"}]}},
            DiffKind.UPDATE,
        ),
    ],
)
def test_changes_under_a_replacing_path_replace(
    old: dict[str, Any], new: dict[str, Any], expected: DiffKind
) -> None:
    """Above it, at it and below it."""
    assert set(detailed(old, new, (".spec.selector", ".spec.containers[*].image")).values()) == {expected}


@pytest.mark.parametrize(
    ("tree", "path", "expected"),
    [
        ({"a": {"b": None}}, ".a.b", True),
        ({"a": {}}, ".a.b", False),
        ({"a": [{"b": 1}]}, ".a[*].b", True),
        ({"a": [{"c": 1}, {"b": 1}]}, ".a[*].b", True),
        ({"a": [{"c": 1}]}, ".a[*].b", False),
        ({"a": "text"}, ".a.b", False),
    ],
)
def test_paths_lead_somewhere_or_nowhere(tree: Any, path: str, expected: bool) -> None:
    """Null is somewhere."""
    assert touches(tree, path) is expected


@pytest.mark.parametrize(
    ("ignored", "path", "expected"),
    [
        ("spec.replicas", "spec.replicas", True),
        ("spec", "spec.replicas", True),
        ("spec.replicas", "spec", False),
        ("spec.containers[*].image", "spec.containers[2].image", True),
        ('data["core.yaml"]', 'data["core.yaml"]', True),
        ("spec.rep", "spec.replicas", False),
    ],
)
def test_ignored_paths_cover_what_is_under_them(ignored: str, path: str, expected: bool) -> None:
    """Step by step, not letter by letter."""
    assert covers(ignored, path) is expected


def test_an_ignored_field_of_another_manager_is_left_to_it() -> None:
    """Else two managers would fight over it; one that we own too keeps its live value."""

    def live(*managers: str) -> dict[str, Any]:
        owned: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
        fields = [{"manager": manager, "fieldsV1": owned} for manager in managers]
        return {"metadata": {"managedFields": fields}, "spec": {"replicas": 5}}

    inputs = {"spec": {"replicas": 1, "paused": True}}
    assert without_ignored(inputs, live("hpa"), ("spec.replicas",), "us") == {"spec": {"paused": True}}
    ours = {"spec": {"replicas": 5, "paused": True}}
    assert without_ignored(inputs, live("hpa", "us"), ("spec.replicas",), "us") == ours
