"""Waits of the playbooks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"


def _waits(found: Any) -> Iterator[dict[str, Any]]:
    """The tasks that wait, in a file of tasks or of plays."""
    if isinstance(found, dict):
        if "until" in found:
            yield found
        found = list(found.values())
    for each in found if isinstance(found, list) else ():
        yield from _waits(each)


WAITS = [
    pytest.param(task, id=f"{path.parent.parent.name}/{path.stem}: {task['name']}")
    for path in sorted(PLAYBOOKS.rglob("*.yml"))
    for task in _waits(yaml.safe_load(path.read_text()))
]


def test_there_are_waits() -> None:
    """Otherwise the next test would say nothing."""
    assert len(WAITS) >= 3


@pytest.mark.parametrize("task", WAITS)
def test_a_wait_outlives_a_question_without_an_answer(task: dict[str, Any]) -> None:
    """Ansible ends a task whose condition asks for what a failed module did not say."""
    conditions = [task["until"]] if isinstance(task["until"], str) else task["until"]
    assert conditions[0].split(" and ")[0] == f"{task['register']} is succeeded"
