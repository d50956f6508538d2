"""Nothing is done before somebody has seen the plan and agreed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from heddle.cli import runbook as cli
from heddle.runbooks.catalog import PLAYBOOKS
from heddle.runbooks.display import Display
from heddle.runbooks.run import Run
from heddle.state.backend import Backend
from tests.runbooks.samples import CONTEXT


@pytest.fixture
def checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """A stack without a network in the current folder; collects for each run whether it only looked."""
    (tmp_path / "Pulumi.yaml").write_bytes((PLAYBOOKS.parent / "Pulumi.yaml").read_bytes())
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks/Pulumi.x.yaml").write_text("config: {}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "x")
    found: list[bool] = []

    def run(what: Run, _: Display) -> bool:
        found.append(what.check)
        return True

    monkeypatch.setattr(cli, "run", run)
    monkeypatch.setattr(cli, "context_of", lambda _: CONTEXT)
    return found


CLEAN = ["run", "clean-residue", "-s", "x"]


def test_nothing_runs_where_nobody_can_be_asked(checks: list[bool]) -> None:
    """As `up` does: a script says --yes."""
    result = CliRunner().invoke(cli.app, CLEAN)

    assert result.exit_code == 2
    assert "--yes or --check must be passed in" in result.output
    assert checks == []


@pytest.mark.parametrize(
    ("options", "answer", "expected", "code"),
    [
        ([], "y\n", [True, False], 0),
        ([], "n\n", [True], 1),
        (["--yes"], "", [False], 0),
        (["--check"], "", [True], 0),
        (["--check", "--yes"], "", [True], 0),
    ],
)
def test_the_plan_is_shown_before_the_question(
    checks: list[bool],
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    answer: str,
    expected: list[bool],
    code: int,
) -> None:
    """Whoever says no has changed nothing; --yes does not ask, --check never acts."""
    monkeypatch.setattr(cli, "require_terminal", lambda *_: None)

    result = CliRunner().invoke(cli.app, [*CLEAN, *options], input=answer)

    assert (checks, result.exit_code) == (expected, code)


@pytest.mark.parametrize("options", [[], ["--check"], ["--yes"]])
def test_one_that_only_reads_asks_nobody_and_needs_no_lock(
    checks: list[bool], tmp_path: Path, options: list[str]
) -> None:
    """It is of use just while an `up` hangs, and to a script that looks."""
    with Backend(tmp_path, "fabric", "x").locked():
        result = CliRunner().invoke(cli.app, ["run", "triage", "-s", "x", *options])

    assert (result.exit_code, checks) == (0, [bool(options == ["--check"])])


def test_the_verb_waits_for_nobody_who_has_the_lock(tmp_path: Path) -> None:
    """While an `up` of either engine runs, a runbook is refused, and names the holder."""
    root = PLAYBOOKS.parent
    (tmp_path / "Pulumi.yaml").write_bytes((root / "Pulumi.yaml").read_bytes())
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks/Pulumi.x.yaml").write_text("config: {}\n")
    environment = os.environ | {
        "PULUMI_BACKEND_URL": f"file://{tmp_path}",
        "PULUMI_CONFIG_PASSPHRASE": "x",
    }
    command = [
        sys.executable,
        "-m",
        "heddle.cli.app",
        "runbook",
        "run",
        "rejoin-peer",
        "--yes",
        "-s",
        "x",
        "-e",
        "peer=p",
    ]
    with Backend(tmp_path, "fabric", "x").locked():
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    assert done.returncode == 1
    assert "the stack is currently locked by 1 lock(s)" in done.stderr
