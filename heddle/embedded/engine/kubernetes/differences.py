"""Find what would change between a live object and new inputs, field by field.

Source: pulumi-kubernetes 4.28 provider/pkg/provider/provider.go patchConverter, pkg/openapi/match.go;
evanphx/json-patch merge.go (RFC 7386).
"""

import re
from dataclasses import dataclass, field
from typing import Any

from heddle.embedded.engine.kubernetes.objects import Json
from heddle.plugin.interface import DiffKind
from heddle.plugin.values import Unknown

__all__ = ["detailed", "merge_patch", "touches"]


class _Missing:
    """Stand for a key that is not there, which is not the same as null."""


_MISSING = _Missing()
# How Go writes a value that is not known yet; kept, because it decides what 4.28 reports.
_UNKNOWN_JSON = {"Element": {"V": ""}}
_AS_REPLACEMENT = {
    DiffKind.ADD: DiffKind.ADD_REPLACE,
    DiffKind.DELETE: DiffKind.DELETE_REPLACE,
    DiffKind.UPDATE: DiffKind.UPDATE_REPLACE,
}


def merge_patch(old: Json, new: Json) -> Json:
    """Return the JSON merge patch (RFC 7386) from old to new: what was added or changed, null for removed."""
    patch: Json = {}
    for key, value in new.items():
        wanted = _known(value)
        if key not in old or _json_type(old[key]) != _json_type(wanted):
            patch[key] = wanted
        elif isinstance(wanted, dict):
            if inner := merge_patch(old[key], wanted):
                patch[key] = inner
        elif not _equal(old[key], wanted):
            patch[key] = wanted
    return patch | {key: None for key in old if key not in new}


def _known(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Unknown):
        return _UNKNOWN_JSON
    if isinstance(value, list):
        return [_known(item) for item in value]
    if isinstance(value, dict):
        return {key: _known(item) for key, item in value.items()}
    return value


def _json_type(value: Any) -> type:  # noqa: ANN401 - JSON
    return float if isinstance(value, int) and not isinstance(value, bool) else type(value)


def _equal(left: Any, right: Any) -> bool:  # noqa: ANN401 - JSON
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_equal(left[key], right[key]) for key in left)
    return _json_type(left) == _json_type(right) and bool(left == right)


def detailed(old: Json, new: Json, replacing: tuple[str, ...]) -> dict[str, DiffKind]:
    """Return property path -> what happens there; a change under a `replacing` path replaces.

    Args:
        old: The live object, cut to the shape of the old inputs.
        new: The new inputs, possibly with UNKNOWN parts.
        replacing: JSONPaths, as fields_that_replace gives them.
    """
    walk = _Walk(replacing=replacing)
    walk.maps((), merge_patch(old, new), old, new, in_list=False)
    return walk.found


@dataclass
class _Walk:
    replacing: tuple[str, ...]
    found: dict[str, DiffKind] = field(default_factory=dict)

    def maps(self, path: tuple[str | int, ...], patch: Json, old: Json, new: Any, *, in_list: bool) -> None:  # noqa: ANN401 - JSON
        """Walk a patched map. Within lists, what is gone is not in the patch and is looked for here."""
        new = new if isinstance(new, dict) else {}
        gone = [key for key in old if key not in patch] if in_list else []
        for key in [*patch, *gone]:
            value = patch.get(key)
            self.value((*path, key), value, old.get(key, _MISSING), new.get(key, _MISSING), in_list=in_list)

    def lists(self, path: tuple[str | int, ...], patch: list[Any], old: list[Any], new: Any) -> None:  # noqa: ANN401 - JSON
        """Walk a patched list position by position."""
        new = new if isinstance(new, list) else []
        for index in range(max(len(patch), len(old))):
            value = patch[index] if index < len(patch) else None
            before = old[index] if index < len(old) else _MISSING
            wanted = new[index] if index < len(new) else None
            self.value((*path, index), value, before, wanted, in_list=True)

    def value(self, path: tuple[str | int, ...], patch: Any, old: Any, new: Any, *, in_list: bool) -> None:  # noqa: ANN401 - JSON
        """Record what happens at one path, or walk into it."""
        if new is _MISSING and (patch is not None or old is _MISSING):
            return  # only the server ever said something here
        if isinstance(patch, dict) and isinstance(old, dict):
            self.maps(path, patch, old, new, in_list=in_list)
        elif isinstance(patch, list) and isinstance(old, list):
            self.lists(path, patch, old, new)
        elif (kind := _kind(patch, old)) is not None:
            replaces = any(touches(_tree(path, patch), wanted) for wanted in self.replacing)
            self.found[_written(path)] = _AS_REPLACEMENT[kind] if replaces else kind


def _kind(patch: Any, old: Any) -> DiffKind | None:  # noqa: ANN401 - JSON
    if patch is None:
        return DiffKind.DELETE
    if old is _MISSING:
        return DiffKind.ADD
    return None if not isinstance(patch, dict | list) and _equal(patch, old) else DiffKind.UPDATE


def _tree(path: tuple[str | int, ...], value: Any) -> Any:  # noqa: ANN401 - JSON
    for step in reversed(path):
        value = {step: value} if isinstance(step, str) else [value]
    return value


def touches(tree: Any, json_path: str) -> bool:  # noqa: ANN401 - JSON
    """Tell whether a JSONPath like `.spec.containers[*].image` leads somewhere in the tree, be it to null."""
    here = [tree]
    for step in json_path.removeprefix(".").split("."):
        key, wild = step.removesuffix("[*]"), step.endswith("[*]")
        here = [node[key] for node in here if isinstance(node, dict) and key in node]
        if wild and not all(isinstance(node, list) for node in here):
            return (
                True  # a list that is gone as a whole, or was none: 4.28 counts it as a change of its items
            )
        if wild:
            here = [item for node in here if isinstance(node, list) for item in node]
    return bool(here)


def _written(path: tuple[str | int, ...]) -> str:
    """Write a property path as Pulumi does: `spec.ports[0].name`, `data["core.yaml"]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif re.search(r'[."\[\]]', step):
            quoted = step.replace('"', '\\"')
            text += f'["{quoted}"]'
        else:
            text += f".{step}" if text else step
    return text
