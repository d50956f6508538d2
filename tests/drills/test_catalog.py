"""Every drill leads somewhere: its alarms are rules, its page is there, its commands can be filled in."""

from pathlib import Path

import pytest

from heddle.drills.catalog import DRILLS, find_drill
from heddle.drills.model import Drill
from heddle.drills.recovery import command_of
from heddle.errors import DrillError
from heddle.monitoring.alarms import ALARMS

OPERATIONS = Path(__file__).parents[2] / "docs/operations"
RULES = {alarm.name for alarms in ALARMS.values() for alarm in alarms}


@pytest.mark.parametrize("drill", DRILLS.values(), ids=DRILLS)
def test_a_drill_leads_somewhere(drill: Drill) -> None:
    """From its alarm to its page and commands; `heddle drill list` says what happens in one sentence."""
    facts = {"node": "peer0-org", "database": "couchdb0-org"}

    assert set(drill.alarms) <= RULES
    assert (OPERATIONS / drill.page).exists()
    assert [command_of(words, "dev", facts)[-1] for words in drill.commands] == ["--yes"] * len(
        drill.commands
    )
    assert drill.summary.endswith(".")


@pytest.mark.parametrize("name", DRILLS)
def test_the_page_of_drills_has_each(name: str) -> None:
    """With what it does."""
    assert f"`{name}`" in (OPERATIONS / "drill.md").read_text()


def test_an_unknown_drill_is_refused_with_those_there_are() -> None:
    """By their names."""
    with pytest.raises(DrillError) as raised:
        find_drill("flood")

    assert "orderer-killed" in raised.value.hint


def test_a_runbook_gets_its_stack_and_names() -> None:
    """As a person types it, without a question."""
    words = ("runbook", "run", "rejoin-peer", "-e", "peer={node}")

    assert " ".join(command_of(words, "dev", {"node": "peer1"})) == (
        "runbook run rejoin-peer --stack dev -e peer=peer1 --yes"
    )
    assert command_of(("up",), "dev", {}) == ("up", "dev", "--yes")
