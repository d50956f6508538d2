"""Problems of a stack file: where, what was found, what is allowed, what to do. All, not the first."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_INDENT = " " * 6
_LONGEST_FOUND = 60


class Missing:
    """Stands for a value that is not in the file."""


MISSING = Missing()


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing to mend in a stack file."""

    path: str
    """Where in the file: `instance.ordering.nodes`, `instance.channels[0].name`."""
    found: object = MISSING
    """The value there, as read."""
    allowed: str
    """What may be there."""
    step: str = ""
    """What to do, where that is not plain from `allowed`."""

    def lines(self) -> list[str]:
        """The problem as it is printed, the next step beneath."""
        first = f"  {self.path}: {_shown(self.found)} — {self.allowed.rstrip('.')}."
        return [first, f"{_INDENT}{self.step}"] if self.step else [first]


def path_of(location: Iterable[int | str], root: str = "instance") -> str:
    """A location as pydantic gives it, written as people do: `instance.channels[0].name`."""
    path = root
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path


def report(source: str, problems: Sequence[Problem]) -> str:
    """Every problem under the name of the file, in the order given."""
    count = f"{len(problems)} problem" + ("s" if len(problems) > 1 else "")
    return "\n".join([f"{source}: {count}", *(line for problem in problems for line in problem.lines())])


def _shown(found: object) -> str:
    if isinstance(found, Missing):
        return "missing"
    if isinstance(found, dict | list | tuple):
        return f"{'a mapping' if isinstance(found, dict) else 'a list'} of {len(found)}"
    text = json.dumps(found, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_FOUND else text[: _LONGEST_FOUND - 1] + "…"
