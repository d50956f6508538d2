"""Validate inputs against their declaration: all problems at once, defaults filled in, unknowns passed."""

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from heddle.plugin.interface import CheckFailure, CheckResult
from heddle.plugin.values import Properties, Secret, Unknown, Value, secret
from heddle.schema import Boolean, Duration, Integer, Kind, ListOf, MapOf, ObjectType, Property, Size, Text
from heddle.text import counted

__all__ = ["check_properties"]

_SHOWN = 60
"""Characters of a found value that a message shows."""

Failures: TypeAlias = list[CheckFailure]


def check_properties(declared: Mapping[str, Property], given: Properties) -> CheckResult:
    """Check `given` against `declared`.

    The result's inputs have defaults filled in, absent values left out and declared secrets wrapped. Failures
    name the path of each problem, what was found and what is allowed; secret values are never shown.
    """
    failures: Failures = []
    inputs = _properties(declared, given, "", failures)
    return CheckResult(inputs=inputs, failures=tuple(failures))


def _properties(
    declared: Mapping[str, Property], given: Properties, prefix: str, failures: Failures
) -> Properties:
    failures += [_unknown_key(prefix, key, declared) for key in given if key not in declared]
    checked: Properties = {}
    for name, declaration in declared.items():
        value = given.get(name)
        path = prefix + name
        if value is None:
            value = declaration.default
        if value is None:
            if declaration.required:
                failures.append(CheckFailure(property=path, reason=f"is missing: {declaration.description}"))
            continue
        checked[name] = _property(declaration, value, path, failures)
    return checked


def _property(declaration: Property, value: Value, path: str, failures: Failures) -> Value:
    hidden = declaration.secret or isinstance(value, Secret)
    result = _value(declaration.kind, value, path, failures, hidden=hidden)
    return secret(result) if declaration.secret else result


def _unknown_key(prefix: str, key: str, declared: Mapping[str, Property]) -> CheckFailure:
    close = difflib.get_close_matches(key, declared, n=1)
    known = f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(declared))}"
    return CheckFailure(property=prefix + key, reason=f"is not a property here; {known}")


def _value(kind: Kind, value: Value, path: str, failures: Failures, *, hidden: bool) -> Value:
    """Return the checked value; whatever is secret stays so, whatever is unknown passes."""
    if isinstance(value, Secret):
        return secret(_value(kind, value.value, path, failures, hidden=True))
    if isinstance(value, Unknown):
        return value
    match kind:
        case ListOf() if isinstance(value, list):
            return _list(kind, value, path, failures, hidden=hidden)
        case MapOf(value=each) if isinstance(value, dict):
            return {
                key: _value(each, item, f"{path}.{key}", failures, hidden=hidden)
                for key, item in value.items()
            }
        case ObjectType() if isinstance(value, dict):
            return _properties(kind.properties, value, f"{path}.", failures)
        case _ if not _is_scalar(kind, value):
            reason = f"{_found(kind, value, hidden)} - expected {_words(kind)}"
            failures.append(CheckFailure(property=path, reason=reason))
    return value


def _list(kind: ListOf, values: list[Value], path: str, failures: Failures, *, hidden: bool) -> Value:
    if len(values) < kind.minimum_items:
        reason = f"has {counted(len(values), 'item')}, expected at least {kind.minimum_items}"
        failures.append(CheckFailure(property=path, reason=reason))
    checked = [
        _value(kind.item, item, f"{path}[{index}]", failures, hidden=hidden)
        for index, item in enumerate(values)
    ]
    if kind.key:
        failures += _duplicates(kind.key, checked, path)
    return checked


def _duplicates(key: str, items: list[Value], path: str) -> Iterator[CheckFailure]:
    """Report items of a list that do not differ in the key that tells them apart."""
    seen: dict[str, int] = {}
    for index, item in enumerate(items):
        name = item.get(key) if isinstance(item, dict) else None
        if isinstance(name, str) and seen.setdefault(name, index) != index:
            reason = f"{name!r} stands in {path}[{seen[name]}] already; each must be there once"
            yield CheckFailure(property=f"{path}[{index}].{key}", reason=reason)


def _is_scalar(kind: Kind, value: Value) -> bool:
    """Return whether the value is a text, a number or a truth value, and an allowed one."""
    match kind:
        case Boolean():
            return isinstance(value, bool)
        case Integer():
            return isinstance(value, int) and not isinstance(value, bool) and _within(kind, value)
        case Size():
            return isinstance(value, int) and not isinstance(value, bool) and not kind.problem(value)
        case Duration():
            return isinstance(value, str) and _is_duration(kind, value)
        case Text():
            return isinstance(value, str) and _matches(kind, value)
        case _:
            return False


def _within(kind: Integer, value: int) -> bool:
    above = kind.minimum is None or value >= kind.minimum
    return above and (kind.maximum is None or value <= kind.maximum)


def _is_duration(kind: Duration, value: str) -> bool:
    try:
        kind.read(value)
    except ValueError:
        return False
    return True


def _matches(kind: Text, value: str) -> bool:
    if kind.choices:
        return value in kind.choices
    return not kind.pattern or re.fullmatch(kind.pattern, value) is not None


def _words(kind: Kind) -> str:
    """Return what a kind allows, in words."""
    match kind:
        case Text(choices=choices) if choices:
            return f"one of {', '.join(choices)}"
        case Text(hint=hint):
            return hint or "a text"
        case Integer() | Boolean() | Size() | Duration():
            return kind.allowed
        case ListOf(item=item):
            return f"a list, each item {_words(item)}"
        case MapOf(value=value):
            return f"an object, each value {_words(value)}"
        case ObjectType(name=name, properties=properties):
            return f"a {name} with {', '.join(properties)}"


def _found(kind: Kind, value: Value, hidden: bool) -> str:
    if hidden:
        return "[secret]"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    if isinstance(kind, Size) and isinstance(value, int) and not isinstance(value, bool):
        return kind.show(value)
    shown = repr(value) if isinstance(value, str) else str(value).lower()
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
