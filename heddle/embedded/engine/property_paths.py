"""Read property paths, such as `a.b[0]["c.d"].*`, and follow them.

Source: sdk/go/property/path.go and resource/property_path.go of pulumi/pulumi.
"""

import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from heddle.errors import EngineError
from heddle.plugin.values import Properties, Secret, Value, secret

__all__ = ["Path", "matches", "parse_path", "reset"]

Path: TypeAlias = tuple[str | int, ...]
"""Keys and indices; "*" stands for any one of them."""
_STEP = re.compile(r'\.?(?:\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]|([^.\["]+))')


def parse_path(text: str) -> Path:
    """Read a path. Raises EngineError when it is none."""
    steps: list[str | int] = []
    position = 0
    while position < len(text):
        found = _STEP.match(text, position)
        if found is None:
            raise EngineError(f"{text!r} is not a property path")
        quoted, index, name = found.groups()
        if quoted is not None:
            steps.append(quoted.replace('\\"', '"'))
        else:
            steps.append(int(index) if index is not None and index != "*" else name or "*")
        position = found.end()
    return tuple(steps)


def matches(pattern: Path, path: Path) -> bool:
    """Tell whether `path` is `pattern` or lies in or above it: a change there is a change of it."""
    return all(wanted in ("*", found) for wanted, found in zip(pattern, path, strict=False))


def reset(new: Properties, old: Properties, paths: Iterable[str]) -> tuple[Properties, tuple[str, ...]]:
    """Give the values at some paths back their old ones, so that their changes are ignored.

    Returns the new properties and the paths that could not be followed in both.
    """
    failed = []
    for text in paths:
        value, followed = _reset(new, old, parse_path(text))
        if followed and isinstance(value, dict):
            new = value
        else:
            failed.append(text)
    return new, tuple(failed)


def _reset(new: Value, old: Value, path: Sequence[str | int]) -> tuple[Value, bool]:
    """Return the new value with the old one at the path, and whether the path could be followed."""
    if not path:
        return old, True
    if isinstance(new, Secret) or isinstance(old, Secret):
        inner, followed = _reset(
            new.value if isinstance(new, Secret) else new, old.value if isinstance(old, Secret) else old, path
        )
        return secret(inner), followed
    if isinstance(new, dict) and isinstance(old, dict):
        return _reset_key(new, old, path)
    if isinstance(new, list) and isinstance(old, list):
        return _reset_index(new, old, path)
    return new, False


def _reset_key(new: Properties, old: Properties, path: Sequence[str | int]) -> tuple[Value, bool]:
    """Reset below one key, or all of them."""
    head, rest = path[0], path[1:]
    keys = [*new, *(key for key in old if key not in new)] if head == "*" else [str(head)]
    result, followed = dict(new), True
    for key in keys:
        if not rest:
            if key in old:
                result[key] = old[key]
            else:
                result.pop(key, None)
        elif key in old and key in new:
            result[key], ok = _reset(new[key], old[key], rest)
            followed = followed and ok
        elif key in old or key in new:
            followed = False
    return result, followed


def _reset_index(new: list[Value], old: list[Value], path: Sequence[str | int]) -> tuple[Value, bool]:
    """Reset one element, or all of them; lists of different lengths cannot be followed there."""
    head, rest = path[0], path[1:]
    if head == "*":
        pairs = [_reset(item, before, rest) for item, before in zip(new, old, strict=False)]
        return [value for value, _ in pairs] + new[len(pairs) :], len(new) == len(old) and all(
            ok for _, ok in pairs
        )
    if not isinstance(head, int) or head >= len(new) or head >= len(old):
        return new, False
    value, followed = _reset(new[head], old[head], rest)
    return [*new[:head], value, *new[head + 1 :]], followed
