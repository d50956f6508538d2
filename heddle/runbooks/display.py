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
        "ansible.builtin.set_fact",
        "ansible.builtin.validate_argument_spec",
        "heddle_broken_pods",  # the failure after it says the same
    }
)
_QUIET_NAMES = ("End here if only the plan was asked for",)


class Display:
    """Turns ansible-runner's events into lines.

    Args:
        write: takes one line.
    """

    def __init__(self, write: Callable[[str], None] | None = None) -> None:
        self._write = write or _to_stdout
        self.changes = 0
        """Tasks that changed something."""

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
        if data.get("task_action") in _QUIET or data.get("task") in _QUIET_NAMES:
            return
        mark = "~" if result.get("changed") else "✓"
        self._line(f"  {mark} {data.get('task', '')}")
        for line in _lines(data, result):
            self._line(f"      {line}")

    def _failed(self, data: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        mark = "·" if data.get("ignore_errors") else "✗"
        self._line(f"  {mark} {data.get('task', '')}")
        for line in _failure(result):
            self._line(f"      {line}")


def _lines(data: Mapping[str, Any], result: Mapping[str, Any]) -> list[str]:
    """Return what a task that succeeded tells: a module's `lines`, a printed plan, results of tests."""
    action = data.get("task_action")
    if action == "ansible.builtin.debug":
        message = result.get("msg", [])
        return [str(line) for line in message] if isinstance(message, list) else str(message).splitlines()
    if action == "ansible.builtin.command":
        return [str(line) for line in result.get("stdout_lines", []) if str(line).strip()]
    if str(action).startswith("heddle_") and "diagnosis" not in result and "plan" not in result:
        return [str(line) for line in result.get("lines", [])]
    return []


def _failure(result: Mapping[str, Any]) -> list[str]:
    message = result.get("msg", "")
    lines = [str(line) for line in message] if isinstance(message, list) else str(message).splitlines()
    said = [str(line) for line in result.get("stdout_lines") or [] if str(line).strip()]
    wrong = [str(line) for line in result.get("stderr_lines") or [] if str(line).strip()]
    items = [
        line
        for item in result.get("results") or []
        if isinstance(item, Mapping) and item.get("failed")
        for line in _failure(item)
    ]
    return [*lines, *said, *wrong, *items]


def _to_stdout(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
