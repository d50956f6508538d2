"""What an alarm leads to exists: its page, and the command that somebody copies at night."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from heddle.cli import subcommands
from heddle.cli.subcommands import SUBCOMMANDS
from heddle.monitoring.alarms import ALARMS, Alarm
from heddle.runbooks.catalog import find_runbook

ROOT = Path(__file__).parents[2]
PROGRAMS = {"kubectl": ("describe",), "timedatectl": ("status",)}
"""Others' programs that alarms name, with what they may be asked: it only reads."""
EVERY = [alarm for group in ALARMS.values() for alarm in group]


def by_name(alarm: Alarm) -> str:
    return alarm.name


@pytest.mark.parametrize("alarm", EVERY, ids=by_name)
def test_the_page_exists(alarm: Alarm) -> None:
    assert (ROOT / alarm.page.partition("#")[0]).is_file()


@pytest.mark.parametrize("alarm", EVERY, ids=by_name)
def test_the_command_is_one(alarm: Alarm) -> None:
    """Its words are read as the command line reads them: an option that there is not is refused."""
    program, *words = shlex.split(re.sub(r"<(\w+)>", r"\1", alarm.command("STACK")))
    if program in PROGRAMS:
        assert words[0] in PROGRAMS[program]
        return
    assert program == "heddle"
    read_command(words)
    if words[:2] == ["runbook", "run"]:
        given = [words[index + 1] for index, word in enumerate(words) if word == "-e"]
        find_runbook(words[2]).check(dict(each.split("=", 1) for each in given))


@pytest.mark.parametrize("alarm", EVERY, ids=by_name)
def test_what_is_named_is_a_label_of_the_alarm(alarm: Alarm) -> None:
    """A name that no series of the alarm carries would be an empty place in the sentence."""
    named = set(re.findall(r"<(\w+)>", f"{alarm.summary} {alarm.command('STACK')}"))
    own = {label for metric in alarm.metrics for label in metric.labels}

    assert named <= own | {"namespace", "node", "instance"}


def read_command(words: list[str]) -> None:
    """Read a line as `heddle` does, without doing what it says."""
    verb, *words = words
    assert verb in SUBCOMMANDS, f"heddle has no command {verb}"
    command: Any = subcommands._load(verb)
    while hasattr(command, "commands"):
        name, *words = words
        assert name in command.commands, f"heddle {verb} has no command {name}"
        command = command.commands[name]
    command.make_context(verb, words)


def test_a_wrong_command_would_be_seen() -> None:
    with pytest.raises(AssertionError, match="no command nonsense"):
        read_command(["channel", "nonsense", "STACK"])
    with pytest.raises(Exception, match="No such option"):
        read_command(["status", "STACK", "--nonsense"])
