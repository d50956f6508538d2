"""`heddle backup schedule` prints what keeps the schedule where the state is, and nothing secret."""

import json
from pathlib import Path

import pytest
from typer.testing import Result

from tests.backup.test_real_backup import command_line


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, terms: dict[str, object], *arguments: str) -> Result:
    return command_line(folder, monkeypatch, terms)("schedule", "dev", *arguments)


def test_units_are_written_for_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They say where the state is; the passphrase stays in the environment or its file."""
    done = run(tmp_path, monkeypatch, {"schedule": "45 2 * * *"}, "--out", str(tmp_path / "units"))
    assert done.exit_code == 0, done.output
    service = (tmp_path / "units/heddle-backup-dev.service").read_text()
    assert f'"PULUMI_BACKEND_URL=file://{tmp_path}/state"' in service
    assert "words" not in service
    assert "OnCalendar=*-*-* 2:45:00 UTC\n" in (tmp_path / "units/heddle-backup-dev.timer").read_text()


def test_the_next_runs_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In UTC, the first one first."""
    done = run(tmp_path, monkeypatch, {"schedule": "@daily"}, "--json")
    runs = json.loads(done.stdout)["next"]
    assert runs == sorted(runs)
    assert all(each.endswith("T00:00:00Z") for each in runs)


def test_without_a_schedule_it_says_how_to_have_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the stack file."""
    done = run(tmp_path, monkeypatch, {})
    assert done.exit_code == 1
    assert "has no `backup.schedule`" in str(done.exception)
