"""A run as lines for people: each task once, read aloud, with what it found or what went wrong."""

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
    """Takes ansible-runner's events.

    Args:
        write: takes one line.
    """

    def __init__(self, write: Callable[[str], None] | None = None) -> None:
        self._write = write or _to_stdout
        self.changes = 0
        """Tasks that changed something."""
        self._items: set[str] = set()

    def __call__(self, event: Mapping[str, Any]) -> bool:
        """Show an event if it says something. Returns whether ansible-runner is to keep it."""
        data = event.get("event_data") or {}
        result = data.get("res") or {}
        match event.get("event"):
            case "playbook_on_play_start":
                self._write(str(data.get("play", "")))
            case "runner_on_ok":
                self._ok(data, result)
            case "runner_on_failed" | "runner_on_unreachable":
                self._failed(data, result)
        return True

    def _ok(self, data: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        if result.get("changed"):
            self.changes += 1
        if data.get("task_action") in _QUIET or data.get("task") in _QUIET_NAMES:
            return
        mark = "~" if result.get("changed") else "✓"
        self._write(f"  {mark} {data.get('task', '')}")
        for line in _lines(data, result):
            self._write(f"      {line}")

    def _failed(self, data: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        mark = "·" if data.get("ignore_errors") else "✗"
        self._write(f"  {mark} {data.get('task', '')}")
        for line in _failure(result):
            self._write(f"      {line}")


def _lines(data: Mapping[str, Any], result: Mapping[str, Any]) -> list[str]:
    """What a task that succeeded has to say: a module's `lines`, a printed plan, a test run's verdicts."""
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
    sys.stdout.write(f"{without_controls(line)}\n")
    sys.stdout.flush()
