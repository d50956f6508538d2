"""`heddle log`: what was done to a stack, for people and programs, without a passphrase."""

import ast
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from heddle.cli.app import app
from heddle.state.backend import Backend
from heddle.state.log import recorded

ROOT = Path(__file__).parents[2]


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backend:
    """A stack in which an `up` succeeded, a runbook ran, and another `up` failed; the CLI ran long ago."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "Pulumi.yaml").write_text("name: lab\nruntime: python\n")
    found = Backend(tmp_path, "lab", "dev")
    with recorded(found, "up") as act:
        act.changes = {"create": 2, "update": 1, "same": 7}
        act.resources |= {"StatefulSet peer0-org": "created", "Channel trade": "updated"}
    with recorded(found, "runbook run", "rejoin-peer peer0-org"):
        pass
    with recorded(found, "up") as act:
        act.result, act.changes = "failed", {"same": 9}
        act.resources |= {"Channel trade": "updating failed"}
    old = {"kind": "update", "startTime": 1_700_000_000, "endTime": 1_700_000_065, "result": "succeeded"}
    (found.history / "dev-1700000065000000000.history.json").write_text(json.dumps(old))
    return found


def log(backend: Backend, *options: str, columns: int = 130) -> Result:
    return CliRunner().invoke(
        app, ["log", "dev", "-C", str(backend.base.parent), *options], env={"COLUMNS": str(columns)}
    )


@pytest.mark.parametrize("columns", [80, 130])
def test_the_newest_comes_first(backend: Backend, columns: int) -> None:
    """When, how long, by whom, what, with what result, and how much changed or where it failed."""
    result = log(backend, columns=columns)

    assert result.exit_code == 0, result.output
    words = " ".join(result.output.split())
    head, *rows = [line for line in result.output.splitlines() if line[:2] in ("WH", "20")]
    assert head.split()[:3] == ["WHEN", "(UTC)", "TOOK"]
    assert [next(word for word in ("failed", "succeeded") if word in row) for row in rows] == [
        "failed",
        "succeeded",
        "succeeded",
        "succeeded",
    ]
    assert rows[-1].startswith("2023-11-14 22:13:20")
    assert "1m 5s" in words
    if columns > 80:
        assert "Channel trade: updating failed" in words
        assert "runbook run rejoin-peer peer0-org" in words
        assert "2 created, 1 updated" in words
        assert max(map(len, result.output.splitlines())) <= columns


def test_a_resource_is_searched_for(backend: Backend) -> None:
    """By a part of its name or kind, also in what a runbook was about; what was done to it is shown."""
    assert log(backend, "--resource", "Peer0").output.count("20") >= 2
    text = " ".join(log(backend, "-r", "channel").output.split())
    assert "Channel trade updating failed" in text
    assert "Channel trade updated" in text
    assert "peer0" not in text
    assert log(backend, "--resource", "nothing-like-it").output == "nothing is recorded\n"


def test_only_what_is_newer_is_listed(backend: Backend) -> None:
    """Than so long ago, or than a date."""
    for since in ("1h", "2w", time.strftime("%Y-%m-%d", time.gmtime()), "2026-01-01T00:00:00Z"):
        assert len(json.loads(log(backend, "--json", "--since", since).output)) == 3, since
    assert len(json.loads(log(backend, "--json", "--since", "2023-11-14").output)) == 4
    wrong = log(backend, "--since", "yesterday")
    assert wrong.exit_code == 2
    assert "90m, 12h, 7d" in " ".join(wrong.output.replace("│", " ").split())


def test_json_has_times_and_resources(backend: Backend) -> None:
    """What is not known is null."""
    newest, runbook, _, old = json.loads(log(backend, "--json").output)

    assert (newest["what"], newest["result"]) == ("up", "failed")
    assert newest["resources"] == {"Channel trade": "updating failed"}
    assert (runbook["verb"], runbook["subject"]) == ("runbook run", "rejoin-peer peer0-org")
    assert (old["tool"], old["seconds"], old["started"]) == ("pulumi", 65.0, "2023-11-14T22:13:20+00:00")
    assert newest["by"]


def test_a_stack_that_is_none_is_named(backend: Backend) -> None:
    """With those there are; an access folder has no log."""
    backend.save(backend.document([], [], ""))
    result = CliRunner().invoke(app, ["log", "prod", "-C", str(backend.base.parent)])
    assert result.exit_code == 1
    assert "no stack named 'prod' found" in str(result.exception)
    assert "dev" in str(result.exception)
    result = CliRunner().invoke(app, ["log", "anna/", "-C", str(backend.base.parent)])
    assert "access folder" in str(result.exception)


def _recorded_commands() -> Iterator[str]:
    """Yield the commands that the source hands to the record, as it writes them out."""
    for path in (ROOT / "heddle/cli").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"acting", "recorded"}:
                yield from (str(each.value) for each in node.args if isinstance(each, ast.Constant))


def test_the_page_names_every_command_that_is_recorded() -> None:
    """Whoever looks for a backup or a restore learns there that the log has it."""
    page = (ROOT / "docs/operations/log.md").read_text().partition("## What is recorded")[2]
    found = sorted(_recorded_commands())

    assert "channel submit" in found
    assert [each for each in found if f"`{each}`" not in page] == []
