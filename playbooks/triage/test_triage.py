"""Check after triage that each of its findings leads to something that is there."""

from pathlib import Path
from typing import Any

from heddle.runbooks.catalog import PLAYBOOKS, runbooks


def test_every_runbook_is_there(about: dict[str, Any]) -> None:
    """Every runbook that a finding names is one of Heddle's."""
    named = {each["runbook"] for each in about["findings"] if each["runbook"]}
    assert named <= {each.name for each in runbooks()}


def test_every_page_is_there(about: dict[str, Any]) -> None:
    """Every page that a finding names is there."""
    pages = [Path(each["page"].partition("#")[0]) for each in about["findings"]]
    assert [str(page) for page in pages if not (PLAYBOOKS.parent / page).is_file()] == []
