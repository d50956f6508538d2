"""Print a run for people: each task once, with what it found or what went wrong."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from heddle.text import without_controls

__all__ = ["Display"]

_QUIET = frozenset(
    {
        "ansible.builtin.include_tasks",
        "ansible.builtin.meta",
        "End here if only the plan was asked for",
        "ansible.builtin.set_fact",
        "ansible.builtin.validate_argument_spec",
        "heddle_broken_pods",  # the failure after it says the same
    }
)
"""Actions and names of tasks that tell nothing when they succeed."""


_NEEDS = "What needs a person"
"""The task of the role `incident` that fails where a person has to go on."""


class Display:
    """Turn ansible-runner's events into lines, and give each to `write`."""

    def __init__(self, write: Callable[[str], None] | None = None) -> None:
        self._write = write or _to_stdout
        self.changes = 0
        """Tasks that changed something."""
        self.nothing_to_do = False
        """Whether the plan, as a module said last, is empty."""
        self.needs: tuple[str, ...] = ()
        """What a person has to decide or do, as a module said last."""
        self.asked_for_a_person = False
        """Whether the run ended because of that, and of nothing else."""

    def __call__(self, event: Mapping[str, Any]) -> bool:
        """Show an event if it says something; return True, so that ansible-runner keeps it."""
        data = event.get("event_data") or {}
        result = data.get("res") or {}
        match event.get("event"):
            case "playbook_on_play_start":
                self._line(str(data.get("play", "")))
            case "runner_on_ok":
                self._ok(data, result)
            case "runner_on_failed" | "runner_on_unreachable":
                self._failed(data, result)
        return True

    def _line(self, text: str) -> None:
        # Logs of pods and messages of nodes are in it, which may hold what moves a terminal's cursor.
        self._write(without_controls(text))

    def _ok(self, data: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        if result.get("changed"):
            self.changes += 1
        if str(data.get("task_action")).startswith("heddle_") and "empty" in result:
            self.nothing_to_do = bool(result["empty"])
            self.needs = tuple(result.get("needs") or ())
        if _QUIET & {data.get("task_action"), data.get("task")}:
            return
        mark = "~" if result.get("changed") else "✓"
        self._line(f"  {mark} {data.get('task', '')}")
        for line in _lines(data, result):
            self._line(f"      {line}")

    def _failed(self, data: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        self.asked_for_a_person = data.get("task") == _NEEDS
        mark = "·" if data.get("ignore_errors") else "✗"
        self._line(f"  {mark} {data.get('task', '')}")
        for line in _failure(result):
            self._line(f"      {line}")


def _lines(data: Mapping[str, Any], result: Mapping[str, Any]) -> list[str]:
    """Return what a task that succeeded tells: a module's `lines`, a printed plan, results of tests."""
    action = str(data.get("task_action"))
    if action == "ansible.builtin.debug":
        return _texts(result.get("msg", []))
    if action == "ansible.builtin.command":
        return _texts(result.get("stdout_lines", []))
    if action.startswith("heddle_") and "diagnosis" not in result and "plan" not in result:
        return _texts(result.get("lines", []))
    return []


def _failure(result: Mapping[str, Any]) -> list[str]:
    """Return what a task that failed tells: its message, what it printed, and its failed items."""
    lines = [
        line for key in ("msg", "stdout_lines", "stderr_lines") for line in _texts(result.get(key) or "")
    ]
    for item in result.get("results") or []:
        if isinstance(item, Mapping) and item.get("failed"):
            lines += _failure(item)
    return lines


def _texts(value: object) -> list[str]:
    """Return lines, given as a list or as one text, without those that are empty."""
    lines = value if isinstance(value, list) else str(value).splitlines()
    return [str(line) for line in lines if str(line).strip()]


def _to_stdout(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
