"""Collect problems of a stack file: where, what was found, what is allowed, what to do. All of them."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from heddle.text import counted

_INDENT = " " * 6
_LONGEST_FOUND = 60


class Missing:
    """Stands for a value that is not in the file."""


MISSING = Missing()


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A mistake in a stack file."""

    path: str
    """The place in the file: `instance.ordering.nodes`, `instance.channels[0].name`."""
    found: object = MISSING
    """The value there, as read."""
    allowed: str
    """The values that are allowed at this place."""
    step: str = ""
    """The way out, where it is not plain from `allowed`."""

    def lines(self) -> list[str]:
        """Return the problem as it is printed, the next step beneath."""
        first = f"  {self.path}: {_shown(self.found)} — {self.allowed.rstrip('.')}."
        return [first, f"{_INDENT}{self.step}"] if self.step else [first]


def path_of(location: Iterable[int | str], root: str = "instance") -> str:
    """Return a location as pydantic gives it, written as people do: `instance.channels[0].name`."""
    path = root
    for part in location:
        # Where a key is wrong, not its value, pydantic adds this to the key.
        if part == "[key]":
            continue
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path


def in_order_of(data: object, problems: Sequence[Problem]) -> list[Problem]:
    """Sort problems as a reader meets their places; a missing option comes last in its section."""
    paths = list(_paths(data))
    positions = {path: position for position, path in enumerate(paths)}

    def position(problem: Problem) -> int:
        path = problem.path
        if path in positions:
            return positions[path]
        while path not in positions and path:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        within = (each for each in paths if each == path or each.startswith((f"{path}.", f"{path}[")))
        return max((positions[each] for each in within), default=0)

    return sorted(problems, key=position)


def _paths(data: object, location: tuple[int | str, ...] = ()) -> Iterator[str]:
    """Return the path of everything in the file, from top to bottom."""
    yield path_of(location)
    if isinstance(data, Mapping):
        entries: Iterable[tuple[int | str, object]] = ((str(key), value) for key, value in data.items())
    else:
        entries = enumerate(data) if isinstance(data, list | tuple) else ()
    for part, value in entries:
        yield from _paths(value, (*location, part))


def report(source: str, problems: Sequence[Problem]) -> str:
    """Return every problem under the name of the file, in the order given, each with its own way out."""
    lines = [line for problem in problems for line in problem.lines()]
    return "\n".join([f"{source}: {counted(len(problems), 'problem')}", *lines])


def _shown(found: object) -> str:
    if isinstance(found, Missing):
        return "missing"
    if isinstance(found, dict | list | tuple):
        return f"{'a mapping' if isinstance(found, dict) else 'a list'} of {len(found)}"
    if isinstance(found, str) and "PRIVATE KEY" in found:
        return "a private key"  # in the wrong place, and a message goes to logs
    text = json.dumps(found, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_FOUND else text[: _LONGEST_FOUND - 1] + "…"
