"""Write property values and their differences as text, secrets never in clear.

Source: pkg/backend/display/object_diff.go of pulumi/pulumi.
"""

import json
from collections.abc import Iterator

from heddle.plugin.values import Properties, Secret, Value, has_unknown, plain, same

__all__ = ["property_lines"]

_LONG = 120
"""Characters of a text that are shown when it is not asked for alone."""


def property_lines(
    old: Properties, new: Properties, *, indent: int = 4, all_keys: bool = True
) -> Iterator[str]:
    """Yield lines for properties and how they change: signs stand two columns before the keys.

    Args:
        old: what was, empty when nothing was.
        new: what is.
        indent: columns before the keys.
        all_keys: show what stays the same too.
    """
    keys = sorted(old.keys() | new.keys())
    if not all_keys:
        keys = [key for key in keys if _sign(old, new, key) != "  "]
    width = max(map(len, keys), default=0)
    for key in keys:
        yield from _entry(f"{key:<{width}}: ", old, new, key, indent, all_keys)


def _sign(old: Properties, new: Properties, key: str) -> str:
    if key not in old:
        return "+ "
    if key not in new:
        return "- "
    if has_unknown(new[key]):
        return "~ "
    return "  " if same(old[key], new[key]) else "~ "


def _entry(
    label: str, old: Properties, new: Properties, key: str, indent: int, all_keys: bool
) -> Iterator[str]:
    """Yield the lines of one key."""
    sign = _sign(old, new, key)
    before, after = old.get(key), new.get(key)
    head = " " * (indent - 2) + sign + label
    if sign == "~ " and isinstance(before, dict) and isinstance(after, dict):
        yield head + "{"
        yield from property_lines(before, after, indent=indent + 4, all_keys=all_keys)
        yield " " * indent + "}"
    elif sign == "~ " and not isinstance(after, dict | list) and not isinstance(before, dict | list):
        yield f"{head}{_scalar(before)} => {_scalar(after)}"
    else:
        shown = before if sign == "- " else after
        yield from _whole(head, shown, indent, sign if sign in ("+ ", "- ") else "  ")


def _whole(head: str, value: Value, indent: int, sign: str) -> Iterator[str]:
    """Yield the lines of a value that is shown as it is, every line with the sign of the whole."""
    if isinstance(value, dict) and value:
        yield head + "{"
        width = max(map(len, value))
        for key in sorted(value):
            inner = " " * (indent + 2) + sign + f"{key:<{width}}: "
            yield from _whole(inner, value[key], indent + 4, sign)
        yield " " * indent + "}"
    elif isinstance(value, list) and value:
        yield head + "["
        for index, item in enumerate(value):
            yield from _whole(" " * (indent + 2) + sign + f"[{index}]: ", item, indent + 4, sign)
        yield " " * indent + "]"
    else:
        yield head + _scalar(value)


def _scalar(value: Value) -> str:
    """Return a value on one line."""
    if isinstance(value, Secret):
        return "[secret]"
    shown = plain(value)
    if isinstance(shown, str):
        if shown == "[unknown]" and has_unknown(value):
            return shown
        text = shown if len(shown) <= _LONG else shown[:_LONG] + "…"
        return json.dumps(text, ensure_ascii=False)
    if shown is None or isinstance(shown, bool | int | float | dict | list):
        return json.dumps(shown, ensure_ascii=False, default=str)
    return f"<{type(shown).__name__.lower()}>"
