"""Compare two sets of checked inputs in the terms of their declaration.

Connection credentials never differ, items with a key are told apart by it whatever their order, and white
space around a text means nothing. Source of the path syntax: sdk/go/common/resource/property_path.go.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from heddle.plugin.interface import DiffKind
from heddle.plugin.values import Properties, Secret, Value, has_unknown, strip_secrets
from heddle.schema import Kind, ListOf, MapOf, ObjectType, OnChange, Property

__all__ = ["Change", "compare"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """Describe a difference. `property` is the top-level input, `path` the exact place, in old or new."""

    property: str
    path: str
    kind: DiffKind
    unknown: bool = False


_Found: TypeAlias = Iterator[tuple[str, DiffKind, bool]]


def compare(declared: Mapping[str, Property], olds: Properties, news: Properties) -> list[Change]:
    """Return all differences that mean something, in the order of the declaration."""
    return [
        Change(property=name, path=path, kind=kind, unknown=unknown)
        for name, declaration in declared.items()
        for path, kind, unknown in _property(declaration, olds.get(name), news.get(name), name)
    ]


def _property(declaration: Property, old: Value, new: Value, path: str) -> _Found:
    if declaration.on_change is OnChange.NOTHING:
        return
    # A default that a later release added is what the resource has always had.
    old, new = (declaration.default if value is None else value for value in (old, new))
    yield from _value(declaration.kind, old, new, path)


def _value(kind: Kind, old: Value, new: Value, path: str) -> _Found:
    old, new = _bare(old), _bare(new)
    if old is None or new is None:
        if isinstance(kind, ListOf) and not old and not new:
            return  # no list is an empty one
        if old is not new:
            yield path, DiffKind.ADD if old is None else DiffKind.DELETE, has_unknown(new)
        return
    match kind:
        case ObjectType() if isinstance(old, dict) and isinstance(new, dict):
            for name, declaration in kind.properties.items():
                yield from _property(declaration, old.get(name), new.get(name), f"{path}.{name}")
        case MapOf() if isinstance(old, dict) and isinstance(new, dict):
            for key in sorted({*old, *new} if kind.keys is OnChange.UPDATE else old.keys() & new.keys()):
                yield from _value(kind.value, old.get(key), new.get(key), path + _step(key))
        case ListOf() if isinstance(old, list) and isinstance(new, list):
            yield from _list(kind, old, new, path)
        case _:
            if _normal(old) != _normal(new) or has_unknown(new):
                yield path, DiffKind.UPDATE, has_unknown(new)


def _list(kind: ListOf, old: list[Value], new: list[Value], path: str) -> _Found:
    old_items, new_items = _by_key(kind, old), _by_key(kind, new)
    for key, (index, item) in new_items.items():
        before = old_items.get(key, (0, None))[1]
        yield from _value(kind.item, before, item, f"{path}[{index}]")
    for key, (index, _) in old_items.items():
        if key not in new_items:
            yield f"{path}[{index}]", DiffKind.DELETE, False


def _by_key(kind: ListOf, items: list[Value]) -> dict[object, tuple[int, Value]]:
    """Return items with their places, by what tells them apart: the declared key, else the place itself."""
    result: dict[object, tuple[int, Value]] = {}
    for index, item in enumerate(items):
        bare = _bare(item)
        name = bare.get(kind.key) if kind.key and isinstance(bare, dict) else None
        result[name if isinstance(name, str) else index] = (index, item)
    return result


def _bare(value: Value) -> Value:
    return value.value if isinstance(value, Secret) else value


def _normal(value: Value) -> Value:
    stripped = strip_secrets(value)
    return stripped.strip() if isinstance(stripped, str) else stripped


def _step(key: str) -> str:
    return f".{key}" if re.fullmatch(r"[A-Za-z_$][A-Za-z0-9_$]*", key) else f'["{key}"]'
