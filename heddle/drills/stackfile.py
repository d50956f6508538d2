"""Change single values of a stack file's text, so that its comments and order stay. Pure."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import yaml

from heddle.errors import EngineError

__all__ = ["edited"]

Path = tuple[str, ...]
_INSTANCE: Final = ("config", "fabric:instance")
_PLAIN: Final = re.compile(r"[A-Za-z][\w-]*")
"""A key that needs no quotes."""


def edited(text: str, changes: Mapping[Path, Any]) -> str:
    """Return the text of a stack file with other values of `fabric:instance`, by their paths.

    A value that is there is replaced; a key that is missing is put before the others of its mapping. Values
    are written as JSON, which is YAML. Raises EngineError where a path leads through something else than a
    mapping.
    """
    for path, value in changes.items():
        text = _with_value(text, (*_INSTANCE, *path), value)
    return text


def _with_value(text: str, path: Path, value: Any) -> str:  # noqa: ANN401 - any plain data
    node: yaml.Node = yaml.compose(text, yaml.SafeLoader) or yaml.ScalarNode("", "")
    for depth, key in enumerate(path):
        if not isinstance(node, yaml.MappingNode) or not node.value:
            raise EngineError(
                f"the stack file has no mapping at {'.'.join(path[:depth]) or 'its top'}",
                hint="Write it in YAML's usual form: a key on each line.",
            )
        found = next((inner for name, inner in node.value if name.value == key), None)
        if found is None:
            return _inserted(text, node, key, _nested(path[depth + 1 :], value))
        node = found
    begin, end = node.start_mark.index, node.end_mark.index
    ending = text[begin:end][len(text[begin:end].rstrip()) :]
    return f"{text[:begin]}{json.dumps(value)}{ending}{text[end:]}"


def _nested(path: Path, value: Any) -> Any:  # noqa: ANN401 - any plain data
    for key in reversed(path):
        value = {key: value}
    return value


def _inserted(text: str, mapping: yaml.MappingNode, key: str, value: Any) -> str:  # noqa: ANN401 - as above
    first = mapping.value[0][0].start_mark
    line = f"{key if _PLAIN.fullmatch(key) else json.dumps(key)}: {json.dumps(value)}"
    between = ", " if mapping.flow_style else "\n" + " " * first.column
    return f"{text[: first.index]}{line}{between}{text[first.index :]}"
