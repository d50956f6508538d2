"""`heddle drill`: what it lists, and what it refuses before anything is damaged."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from heddle.cli.app import app
from heddle.drills.catalog import DRILLS
from heddle.drills.ground import expect_disposable
from heddle.errors import DrillError
from tests.shipped import shipped_text


def test_the_list_has_every_drill() -> None:
    """With what happens and the alarms that tell of it."""
    result = CliRunner().invoke(app, ["drill", "list"])

    assert result.exit_code == 0, result.output
    assert [name for name in DRILLS if name not in result.output] == []


def test_a_drill_wants_its_stack() -> None:
    """Nothing is damaged by a slip."""
    result = CliRunner().invoke(app, ["drill", "orderer-killed"])

    assert result.exit_code == 2
    assert "--stack" in result.output


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the stack `dev` as it ships, and a state of its own."""
    (tmp_path / "stacks").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: fabric\nruntime: python\nstackConfigDir: stacks\n")
    (tmp_path / "stacks/Pulumi.dev.yaml").write_text(shipped_text("dev"))
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "correct horse battery staple")
    return tmp_path


def test_only_a_disposable_stack_is_damaged(project: Path) -> None:
    """The refusal says what to do instead."""
    expect_disposable("dev", project)
    file = project / "stacks/Pulumi.dev.yaml"
    file.write_text(file.read_text().replace("disposable: true", "disposable: false"))

    with pytest.raises(DrillError, match="stack 'dev' is not disposable") as raised:
        expect_disposable("dev", project)

    assert "disposable: true" in raised.value.hint
