"""What is misspelt on the command line is answered with what there is, or what is allowed."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from heddle.cli import chaincode, runbook, status
from heddle.cli.app import app
from heddle.fabric.definition import Definition
from heddle.runbooks.display import Display
from heddle.state.backend import Backend
from heddle.text import counted
from tests.network.samples import plain_instance, sample_network, use_network

WIDE = {"COLUMNS": "250"}


def test_a_role_that_there_is_not() -> None:
    """The roles are listed, in the words of a command line."""
    arguments = ["access", "grant", "dev", "--role", "viewr", "--user", "ann", "--org", "one", "--out", "x"]
    result = CliRunner().invoke(app, arguments, env=WIDE)
    assert result.exit_code == 2
    assert "'--role': 'viewr' is not one of 'viewer', 'operator', 'admin'" in result.output


@pytest.mark.parametrize("account", ["a:B_c", "a", ":b", "a:", "A:b", "a.b:c", "a:b:c", "a:-b", "a:b..c"])
def test_no_name_of_a_service_account(account: str) -> None:
    """Kubernetes would take the Role and let nobody in by it."""
    result = CliRunner().invoke(app, ["namespace", "dev", "--service-account", account], env=WIDE)
    assert result.exit_code == 2
    assert f"--service-account {account}: NAMESPACE:NAME is expected" in result.output


@pytest.mark.parametrize("there", [("assets", "basic"), ()])
def test_a_chaincode_that_the_channel_has_not(
    monkeypatch: pytest.MonkeyPatch, there: tuple[str, ...]
) -> None:
    """Another stack's may be called, so the channel is asked, and its chaincodes are listed."""
    use_network(monkeypatch, sample_network(plain_instance()))

    async def definitions(*_: object, **__: object) -> tuple[Definition, ...]:
        return tuple(Definition(name=name, version="1", sequence=1) for name in there)

    monkeypatch.setattr(chaincode, "definitions", definitions)
    result = CliRunner().invoke(app, ["chaincode", "query", "dev", "list", "--name", "asets"], env=WIDE)
    assert result.exit_code == 2
    known = ", ".join(there) or "no chaincode"
    assert f"--name asets: channel channel has: {known}" in result.output


def test_status_takes_the_time_that_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """As other verbs do."""
    given: list[float] = []

    def ask(*_: object, deadline: float) -> object:
        given.append(deadline)
        raise KeyboardInterrupt

    monkeypatch.setattr(status, "ask_overview", ask)
    CliRunner().invoke(app, ["status", "dev", "--timeout", "90"])
    assert given == [90]


def test_one_thing_is_not_many() -> None:
    """`1 configuration`, `2 configurations`, `2 copies`."""
    assert [counted(number, "configuration") for number in (0, 1, 2)] == [
        "0 configurations",
        "1 configuration",
        "2 configurations",
    ]
    assert counted(2, "copy", "copies") == "2 copies"


@pytest.mark.parametrize(("empty", "asked"), [(True, False), (False, True)])
def test_nobody_is_asked_where_nothing_is_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, empty: bool, asked: bool
) -> None:
    """The plan of `clean-residue` is empty: nothing runs, and the exit code is 0."""
    ran: list[Any] = []

    def run(what: Any, display: Display) -> bool:
        ran.append(what.check)
        result = {"empty": empty, "plan": {}}
        display({"event": "runner_on_ok", "event_data": {"task_action": "heddle_residue", "res": result}})
        return True

    questions: list[str] = []
    stack = SimpleNamespace(backend=Backend(tmp_path, "fabric", "dev"))
    monkeypatch.setattr(runbook, "run", run)
    monkeypatch.setattr(runbook, "require_terminal", lambda *_: None)
    monkeypatch.setattr(runbook, "ask_consent", lambda question, **_: questions.append(question))
    monkeypatch.setattr(runbook, "open_stack", lambda *_: stack)
    monkeypatch.setattr(runbook, "context_of", lambda _: SimpleNamespace(deployed=None))
    result = CliRunner().invoke(app, ["runbook", "run", "clean-residue", "--stack", "dev"])
    assert result.exit_code == 0, result.output
    assert bool(questions) is asked
    assert ran == ([True, False] if asked else [True])
    assert ("nothing to do" in result.output) is empty
