"""List the runbooks: one folder of `playbooks/` each, with its playbook and the variables that it declares.

`variables.yml` names each variable with its `description`, and where needed `required`, `default`, `choices`
and `kind`: text, integer, list, or host, which is one of the hosts of the playbook's own group.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from heddle.errors import RunbookError

__all__ = ["PLAYBOOKS", "Runbook", "Variable", "find_runbook", "runbooks"]

PLAYBOOKS = Path(__file__).parent.parent.parent / "playbooks"


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A variable of a runbook, for `-e NAME=VALUE`."""

    name: str
    description: str
    kind: str = "text"
    required: bool = False
    default: str = ""
    choices: tuple[str, ...] = ()

    def problem(self, value: str) -> str:
        """Return why a value is refused, or ""."""
        if self.choices and value not in self.choices:
            return f"{self.name}: {value!r} — allowed: {', '.join(self.choices)}"
        if self.kind == "integer" and not value.isdecimal():
            return f"{self.name}: {value!r} — a whole number is expected"
        return ""

    def value(self, text: str) -> str | int | list[str]:
        """Return a value as the playbook takes it."""
        if self.kind == "list":
            return [part.strip() for part in text.split(",") if part.strip()]
        return int(text) if self.kind == "integer" else text


@dataclass(frozen=True, kw_only=True)
class Runbook:
    """A runbook: its playbook's title and path, and the group of hosts that it acts on.

    reads_only: it changes nothing of the instance, so it holds no lock, and nobody is asked before.
    """

    name: str
    title: str
    path: Path
    group: str
    variables: tuple[Variable, ...]
    reads_only: bool = False

    def check(self, given: Mapping[str, str]) -> None:
        """Raise RunbookError unless the runbook declares these variables, and needs no other one."""
        declared = {each.name: each for each in self.variables}
        problems = [
            declared[name].problem(value) if name in declared else f"{name}: there is no such variable"
            for name, value in given.items()
        ]
        problems += [
            f"{each.name}: is needed. {each.description}"
            for each in self.variables
            if each.required and each.name not in given
        ]
        if any(problems):
            raise RunbookError(
                f"runbook {self.name}:\n  " + "\n  ".join(filter(None, problems)),
                hint=f"It takes -e {', -e '.join(f'{each.name}=…' for each in self.variables)}.",
            )

    def values(self, given: Mapping[str, str]) -> dict[str, str | int | list[str]]:
        """Return the value of every variable of the runbook: the one given, else its default."""
        return {each.name: each.value(given.get(each.name, each.default)) for each in self.variables}

    def chosen_hosts(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the hosts that the given variables name, by variable."""
        return {
            each.name: given[each.name]
            for each in self.variables
            if each.kind == "host" and each.name in given
        }


def runbooks(folder: Path = PLAYBOOKS) -> tuple[Runbook, ...]:
    """Return all runbooks, by name."""
    return tuple(_runbook(path) for path in sorted(folder.glob("*/playbook.yml")))


def find_runbook(name: str, folder: Path = PLAYBOOKS) -> Runbook:
    """Return a runbook. Raises RunbookError with the names there are."""
    known = {each.name: each for each in runbooks(folder)}
    if name not in known:
        raise RunbookError(f"there is no runbook {name!r}", hint=f"There is: {', '.join(known)}.")
    return known[name]


def _runbook(path: Path) -> Runbook:
    play = yaml.safe_load(path.read_text(encoding="utf-8"))[0]
    declared = yaml.safe_load((path.parent / "variables.yml").read_text(encoding="utf-8")) or {}
    return Runbook(
        name=path.parent.name,
        title=play["name"],
        path=path,
        group=play["hosts"],
        reads_only=bool((play.get("vars") or {}).get("heddle_reads_only", False)),
        variables=tuple(_variable(name, **content) for name, content in declared.items()),
    )


def _variable(name: str, *, default: object = "", choices: Iterable[str] = (), **content: Any) -> Variable:  # noqa: ANN401 - YAML
    """Return a variable as `variables.yml` declares it."""
    return Variable(name=name, default=str(default), choices=tuple(map(str, choices)), **content)
