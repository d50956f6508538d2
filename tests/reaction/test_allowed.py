"""Who lets a runbook act without a person: the stack file and `--act`, with one meaning."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from heddle.cli import monitoring_react
from heddle.cli.app import app
from heddle.errors import RunbookError
from heddle.planner.incidents import WAYS
from heddle.reaction.allowed import ACTING, allowed_runbooks
from heddle.reaction.reactor import Reactor
from heddle.runbooks.catalog import runbooks
from heddle.spec.load import check_instance
from tests.network.samples import plain_access, plain_instance, sample_network, use_network


def test_the_runbooks_of_the_catalog_that_change_anything_may_act() -> None:
    """And an alarm or a finding leads to each of them."""
    assert {each.name for each in runbooks() if not each.reads_only} == ACTING
    assert {way.runbook for way in WAYS.values()} >= ACTING


@pytest.mark.parametrize(
    ("said", "given", "acts"),
    [
        ([], [], []),
        (["height-gap"], [], ["height-gap"]),
        ([], ["rejoin-peer"], ["rejoin-peer"]),
        (["height-gap"], ["rejoin-peer", "height-gap"], ["height-gap", "rejoin-peer"]),
    ],
)
def test_the_stack_file_and_the_flag_add_up(
    said: Sequence[str], given: Sequence[str], acts: Sequence[str]
) -> None:
    assert sorted(allowed_runbooks(said, given)) == acts


@pytest.mark.parametrize("name", ["rejoin-pear", "triage", "tls-handshake", ""])
def test_the_flag_refuses_what_there_is_not_or_what_only_looks(name: str) -> None:
    with pytest.raises(RunbookError, match=f"--act {name}: there is no runbook") as refused:
        allowed_runbooks([], ["height-gap", name])
    assert "There is: certificates-expired, " in refused.value.hint


@pytest.mark.parametrize("name", ["rejoin-pear", "triage", "tls-handshake", ""])
def test_the_stack_file_refuses_the_same(name: str) -> None:
    """With its place, and what was probably meant."""
    instance = {
        "name": "demo",
        "organizations": [{"name": "one"}],
        "monitoring": {"acts": ["height-gap", name]},
    }
    _, (problem,) = check_instance(instance)

    assert (problem.path, problem.found) == ("instance.monitoring.acts[1]", name)
    assert problem.allowed.startswith("one of certificates-expired, ")
    assert problem.step == ("Did you mean rejoin-peer?" if name == "rejoin-pear" else "")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a stack `dev` that has a network, and a state of its own."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "correct horse battery staple")
    (tmp_path / "stacks").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: fabric\nruntime: python\nstackConfigDir: stacks\n")
    use_network(monkeypatch, sample_network(plain_instance(), plain_access()))
    return tmp_path


def acts_of(
    project: Path, monkeypatch: pytest.MonkeyPatch, monitoring: object, *options: str
) -> tuple[list[str], str]:
    """Which runbooks the reactor lets act that the command makes, and what the command says."""
    instance: dict[str, Any] = {"name": "dev", "organizations": [{"name": "one"}], "monitoring": monitoring}
    file = project / "stacks/Pulumi.dev.yaml"
    file.write_text(yaml.safe_dump({"config": {"fabric:instance": instance}}))
    reactors: list[Reactor] = []

    async def served(reactor: Reactor, *_: object) -> None:
        reactors.append(reactor)

    monkeypatch.setattr(monitoring_react, "_serve", served)
    command = [
        "monitoring",
        "react",
        "--stack",
        "dev",
        "--cwd",
        str(project),
        "--notices",
        str(project / "n"),
    ]
    done = CliRunner().invoke(app, [*command, *options])
    assert done.exit_code == (0 if reactors else 1), done.output
    words = f"{done.output}{done.exception or ''}"
    return [name for reactor in reactors for name in sorted(reactor.acts)], words


@pytest.mark.parametrize(
    ("monitoring", "options", "acts"),
    [
        (False, (), []),
        (True, (), []),
        ({"acts": ["rejoin-peer"]}, (), ["rejoin-peer"]),
        (False, ("--act", "height-gap"), ["height-gap"]),
        ({"acts": ["rejoin-peer"]}, ("--act", "height-gap"), ["height-gap", "rejoin-peer"]),
    ],
)
def test_the_command_lets_act_what_both_name(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    monitoring: object,
    options: tuple[str, ...],
    acts: list[str],
) -> None:
    """And says which these are."""
    found, words = acts_of(project, monkeypatch, monitoring, *options)

    assert found == acts
    assert f"may act by itself: {', '.join(acts) or 'no runbook'}" in words


def test_a_stack_file_with_a_runbook_that_there_is_not_starts_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, words = acts_of(project, monkeypatch, {"acts": ["rejoin-pear"]})

    assert found == []
    assert "instance.monitoring.acts[0]" in words
