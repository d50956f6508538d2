"""`heddle doctor`: every finding that needs doing has a next step, and is counted in the exit code."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from heddle.cli.app import app
from heddle.doctor.findings import Finding
from tests.shipped import shipped_text

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project with a passphrase, and a home where nothing is."""
    (tmp_path / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
    (tmp_path / "stacks").mkdir()
    (tmp_path / "state").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}/state")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "p")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HEDDLE_CLUSTERS", str(tmp_path / "clusters"))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    return tmp_path


def findings(stack: str) -> tuple[int, dict[str, Finding]]:
    """Exit code, and what was found by what was looked at."""
    result = CliRunner().invoke(app, ["doctor", stack, "--json"])
    return result.exit_code, {one["what"]: Finding(**one) for one in json.loads(result.stdout)}


def test_a_cluster_that_is_not_there_is_said_with_how_to_start_it(project: Path) -> None:
    """The stack file is fine but for its cluster; doctor names the command."""
    (project / "stacks/Pulumi.dev.yaml").write_text(shipped_text("dev"))

    code, found = findings("dev")

    assert code == 1
    assert "heddle cluster up --name dev" in found["stack file"].found
    assert found["stack file"].step


def test_a_missing_passphrase_is_a_finding_among_others(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Doctor is for machines on which things are missing: it goes on and lists them."""
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")

    code, found = findings("dev")

    assert code == 1
    assert "PULUMI_CONFIG_PASSPHRASE" in found["passphrase"].step
    assert "local cluster" in found
