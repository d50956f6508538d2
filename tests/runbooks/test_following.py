"""What is run of the commands that alarms and `triage` name, and how it ends."""

import asyncio
from pathlib import Path

import pytest

from heddle.errors import RunbookError
from heddle.monitoring.alarms import ALARMS
from heddle.planner.incidents import WAYS
from heddle.runbooks.catalog import PLAYBOOKS, runbooks
from heddle.runbooks.following import acting, checking, runbook_of, start_heddle

REJOIN = "heddle runbook run rejoin-peer --stack dev -e peer=peer0-org --check"


@pytest.mark.parametrize(
    ("command", "acts"),
    [
        (REJOIN, "runbook run rejoin-peer --stack dev -e peer=peer0-org --yes"),
        ("heddle up dev", "up dev --yes"),
        ("heddle refresh dev", "refresh dev --yes"),
        ("heddle runbook run triage --stack dev", None),
        ("heddle channel show dev channel", None),
        ("heddle destroy dev", None),
        ("kubectl describe pod p", None),
        ("", None),
        ("heddle 'up", None),
    ],
)
def test_a_command_that_acts_is_run_without_a_question(command: str, acts: str | None) -> None:
    """One that looks is not run, nor another program, nor what nobody names as a way out."""
    found = acting(command)

    assert (None if found is None else " ".join(found)) == acts


@pytest.mark.parametrize(
    ("command", "checks"),
    [
        (REJOIN, "runbook run rejoin-peer --stack dev -e peer=peer0-org --check"),
        (REJOIN.removesuffix(" --check"), "runbook run rejoin-peer --stack dev -e peer=peer0-org --check"),
        ("heddle runbook run triage --stack dev", "runbook run triage --stack dev"),
        ("heddle up dev", None),
    ],
)
def test_a_runbook_shows_its_plan_and_changes_nothing(command: str, checks: str | None) -> None:
    """Whatever else is named shows none."""
    found = checking(command)

    assert (None if found is None else " ".join(found)) == checks


def test_every_runbook_that_an_alarm_or_a_cause_names_is_there() -> None:
    """So that whoever follows a command finds something."""
    commands = [alarm.command("dev") for alarms in ALARMS.values() for alarm in alarms]
    named = {runbook_of(command) for command in (*commands, *(way.command for way in WAYS.values()))}

    assert named - {""} <= {each.name for each in runbooks()}


def test_a_command_answers_with_its_words_and_code(tmp_path: Path) -> None:
    """Output and errors together, and how it is typed."""
    answer = asyncio.run(start_heddle(["runbook", "run", "nonesuch", "--stack", "dev"], tmp_path))

    assert answer.code == 2
    assert "nonesuch" in answer.end
    assert answer.line == "heddle runbook run nonesuch --stack dev"


def test_a_command_that_hangs_is_ended(tmp_path: Path) -> None:
    """Nobody is there to press Ctrl-C."""
    with pytest.raises(RunbookError, match=r"`heddle --help` has not ended after 0 s"):
        asyncio.run(start_heddle(["--help"], tmp_path, seconds=0.01))


async def test_the_program_is_this_one_wherever_it_runs(tmp_path: Path) -> None:
    """A folder `heddle` beside the stacks, as in a copy of the project, is not taken for the program."""
    (tmp_path / "heddle").symlink_to(PLAYBOOKS.parent / "heddle")

    answer = await start_heddle(("runbook", "list"), tmp_path)

    assert answer.code == 0, answer.words
    assert "triage" in answer.words
