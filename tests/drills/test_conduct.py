"""A drill from its baseline to its proof, on a stack in memory: what it waits for, follows, takes back."""

import os

import pytest

from heddle.drills.conduct import Pace, clear, conduct
from heddle.drills.model import Outcome, Result
from heddle.errors import DrillError
from tests.drills.world import ALARM, BROKEN, World, noted

pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]
PACE = Pace(alarm=300)


async def rehearse(world: World, *, pace: Pace = PACE, lacks: str = "") -> Result:
    """Conduct the world's own drill."""
    return await conduct(world.drill(lacks=lacks), world.ground, world, pace, world.load, world.tell())


async def test_an_alarm_leads_through_triage_to_the_runbook() -> None:
    """The times are those from the damage to the alarm, and from the alarm to the proof."""
    world = World()

    result = await rehearse(world)

    assert result.outcome is Outcome.PASSED, result.why
    assert (result.alarm, set(result.alarms)) == (ALARM, {ALARM})
    assert world.run_commands == ["runbook run rejoin-peer --stack dev -e peer=peer0 --yes"]
    assert result.followed == ["heddle runbook run rejoin-peer --stack dev -e peer=peer0 --yes"]
    assert result.found == ["peer0: it is broken → " + BROKEN.command]
    assert result.baseline == pytest.approx(4, abs=0.2)
    assert world.maps.note is None


async def test_the_command_of_the_alarm_itself_comes_first() -> None:
    """Nobody asks triage what the alarm has said."""
    world = World(command=BROKEN.command, names="heddle up dev")

    result = await rehearse(world)

    assert result.outcome is Outcome.PASSED, result.why
    assert len(world.run_commands) == 1
    assert "rejoin-peer" in world.run_commands[0]


async def test_where_nothing_named_acts_the_page_is_followed() -> None:
    """Its edits first, then its commands."""
    world = World(
        mends="up dev", names="heddle channel show dev channel", edits={("ordering", "nodes"): [0, 1, 3]}
    )

    result = await rehearse(world)

    assert result.outcome is Outcome.PASSED, result.why
    assert world.run_commands == ['edit {"ordering.nodes": [0, 1, 3]}', "refresh dev --yes", "up dev --yes"]


async def test_a_command_that_does_not_help_is_followed_once() -> None:
    """Then the page; and the drill says what was tried."""
    world = World(mends="up dev")

    result = await rehearse(world)

    assert result.outcome is Outcome.PASSED, result.why
    assert [words.split()[0] for words in world.run_commands] == ["runbook", "refresh", "up"]


async def test_a_drill_whose_alarm_does_not_fire_fails_and_is_taken_back() -> None:
    """The recovery begins from triage."""
    world = World(alarm=None)

    result = await rehearse(world)

    assert result.outcome is Outcome.FAILED
    assert result.why == f"none of its alarms fired within 300 s ({ALARM})"
    assert (world.broken_since, world.maps.note) == (None, None)


async def test_a_stack_that_nothing_brings_back_keeps_the_note() -> None:
    """The next run begins with it."""
    world = World(mends="")

    result = await rehearse(world)

    assert result.outcome is Outcome.FAILED
    assert "did not bring it back" in result.why
    assert world.maps.note is not None
    assert result.to_recovery is None


async def test_a_lost_transaction_fails_the_drill() -> None:
    """Whatever else went well."""
    result = await rehearse(World(lost=["load-1"]))

    assert (result.outcome, result.why) == (Outcome.FAILED, "transactions: 1 lost, 0 twice on the ledger")


async def test_without_alarms_the_recovery_begins_when_triage_finds_it() -> None:
    """No time to an alarm is told."""
    result = await rehearse(World(alarm=None), pace=Pace(alarms=False))

    assert result.outcome is Outcome.PASSED, result.why
    assert (result.alarm, result.to_alarm) == ("", None)


async def test_what_a_stack_cannot_show_is_not_tried() -> None:
    """With the reason."""
    world = World()

    result = await rehearse(world, lacks="its peers keep their state in LevelDB")

    assert (result.outcome, result.why) == (Outcome.NOT_SHOWN, "its peers keep their state in LevelDB")
    assert world.told == []


async def test_a_stack_that_is_not_well_is_refused() -> None:
    """Nothing is damaged, and no note is left."""
    world = World(standing=(BROKEN,))

    with pytest.raises(DrillError, match="stack dev is not well, so nothing could be measured: peer0"):
        await rehearse(world)

    assert (world.maps.note, world.broken_since) == (None, None)


async def test_the_next_run_takes_back_what_a_killed_one_left() -> None:
    """Before it measures anything."""
    world = World(mends="up dev", names="heddle up dev")
    world.maps.note, world.broken_since = noted(), 0.0

    result = await rehearse(world)

    assert result.outcome is Outcome.PASSED, result.why
    assert world.run_commands == ["up dev --yes", "up dev --yes"]


async def test_clearing_takes_back_and_says_whether_there_was_anything() -> None:
    """A second time there is nothing."""
    world = World(mends="up dev", names="heddle up dev")
    world.maps.note, world.broken_since = noted(), 0.0

    assert await clear(world.ground, world, world.tell())
    assert not await clear(world.ground, world, world.tell())
    assert world.maps.note is None


async def test_what_cannot_be_taken_back_keeps_its_note() -> None:
    """The error leads to triage and to the page."""
    world = World(mends="")
    world.maps.note, world.broken_since = noted(), 0.0

    with pytest.raises(DrillError, match="could not be taken back") as raised:
        await clear(world.ground, world, world.tell())

    assert "docs/operations/lost-orderer.md" in raised.value.hint
    assert world.maps.note is not None


async def test_a_drill_that_is_under_way_is_left_alone() -> None:
    """Its process runs on this machine."""
    world = World()
    world.maps.note = noted(pid=os.getppid())

    with pytest.raises(DrillError, match="drill orderer-killed is under way on dev"):
        await rehearse(world)


async def test_a_note_that_is_none_is_refused() -> None:
    """Somebody else's ConfigMap is not deleted."""
    world = World()
    world.maps.note = {"data": {"other": "1"}}

    with pytest.raises(DrillError, match="ConfigMap fabric-dev/heddle-drill is not a drill's note"):
        await rehearse(world)
