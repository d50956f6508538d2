"""Which runbooks there are, and the variables each takes: read from the playbooks themselves."""

from collections.abc import Mapping
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
    required: bool
    default: str
    choices: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Runbook:
    """A playbook. `group`: the hosts it acts on; a variable that names one of them limits it to that."""

    name: str
    title: str
    path: Path
    group: str
    variables: tuple[Variable, ...]

    def check(self, given: Mapping[str, str]) -> None:
        """Raise RunbookError unless these variables are some of its own, and all that it needs."""
        known = {one.name: one for one in self.variables}
        problems = [f"{name}: there is no such variable" for name in given if name not in known]
        problems += [
            f"{one.name}: is needed. {one.description}"
            for one in self.variables
            if one.required and one.name not in given
        ]
        for name, value in given.items():
            choices = known[name].choices if name in known else ()
            if choices and value not in choices:
                problems.append(f"{name}: {value!r} — allowed: {', '.join(choices)}")
        if problems:
            raise RunbookError(
                f"runbook {self.name}:\n  " + "\n  ".join(problems),
                hint=f"It takes -e {', -e '.join(f'{one.name}=…' for one in self.variables)}.",
            )


def runbooks(folder: Path = PLAYBOOKS) -> tuple[Runbook, ...]:
    """All runbooks, by name."""
    return tuple(_runbook(path, folder) for path in sorted(folder.glob("*.yml")))


def find_runbook(name: str, folder: Path = PLAYBOOKS) -> Runbook:
    """One of them. Raises RunbookError with the names there are."""
    found = {one.name: one for one in runbooks(folder)}
    if name not in found:
        raise RunbookError(f"there is no runbook {name!r}", hint=f"There is: {', '.join(found)}.")
    return found[name]


def _runbook(path: Path, folder: Path) -> Runbook:
    play = yaml.safe_load(path.read_text(encoding="utf-8"))[0]
    specs = yaml.safe_load((folder / "roles/preflight/meta/argument_specs.yml").read_text("utf-8"))
    options: dict[str, Any] = specs["argument_specs"][_preflight(play["tasks"])].get("options", {})
    return Runbook(
        name=path.stem,
        title=play["name"],
        path=path,
        group=play["hosts"],
        variables=tuple(
            Variable(
                name=name,
                description=option["description"],
                required=bool(option.get("required")),
                default=str(option.get("default", "")),
                choices=tuple(option.get("choices", ())),
            )
            for name, option in options.items()
        ),
    )


def _preflight(tasks: list[dict[str, Any]]) -> str:
    """The preflight that a playbook begins with: it is what declares the playbook's variables."""
    first = tasks[0]
    if "block" in first:
        return _preflight(first["block"])
    return str(first["ansible.builtin.import_role"]["tasks_from"])
