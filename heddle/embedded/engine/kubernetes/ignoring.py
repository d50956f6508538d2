"""Respect `ignoreChanges` under server-side apply: fields that others own are left to them.

Source: pulumi-kubernetes 4.28 provider/pkg/await/await.go handleSSAIgnoreFields.
"""

import re
from typing import Any

from heddle.embedded.engine.kubernetes.objects import Json, at, copied, without

__all__ = ["covers", "without_ignored"]


def steps(path: str) -> list[str]:
    """Split a property path: `spec.ports[0].name`, `data["core.yaml"]`; indices and `*` are kept as text."""
    found = re.findall(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]|([^.\[\]]+)', path)
    return [(quoted.replace('\\"', '"') or index or plain) for quoted, index, plain in found]


def covers(ignored: str, path: str) -> bool:
    """Tell whether a property path lies at or under an ignored one; `*` stands for any step."""
    wanted, given = steps(ignored), steps(path)
    return len(wanted) <= len(given) and all(a in ("*", b) for a, b in zip(wanted, given, strict=False))


def without_ignored(inputs: Json, live: Json, ignored: tuple[str, ...], manager: str) -> Json:
    """Return the inputs to apply: ignored fields with their live value, left out if only others own them."""
    for path in ignored:
        where = steps(path)
        ours, theirs = _managed(live, where, manager)
        if theirs and not ours:
            inputs = without(inputs, *where)
        elif (value := at(live, *where)) is not None:
            inputs = _with(inputs, where, copied(value))
    return inputs


def _managed(live: Json, where: list[str], manager: str) -> tuple[bool, bool]:
    """Return whether the manager owns a field, and whether anyone else does."""
    ours = theirs = False
    for entry in at(live, "metadata", "managedFields") or []:
        if at(entry, "fieldsV1", *(f"f:{step}" for step in where)) is not None:
            if entry.get("manager") == manager:
                ours = True
            else:
                theirs = True
    return ours, theirs


def _with(obj: Any, where: list[str], value: Any) -> Any:  # noqa: ANN401 - JSON
    if not where:
        return value
    inner = obj if isinstance(obj, dict) else {}
    return {**inner, where[0]: _with(inner.get(where[0]), where[1:], value)}
