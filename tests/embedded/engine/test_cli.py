"""Pulumi's own CLI takes a stack over and gives it back."""

import json

import pytest

from heddle.embedded.engine.events import Message, Op
from tests.embedded.engine.conftest import Lab, pulumi
from tests.programs import needs

PROGRAM = """
g = Group("g")
a = Thing("a", {{"value": pulumi.Output.secret("{0}"), "name": "a{0}"}}, pulumi.ResourceOptions(parent=g))
b = Thing("b", {{"value": a.made, "n": 3.5, "l": [1, True, None]}}, pulumi.ResourceOptions(depends_on=[g]))
pulumi.export("made", b.made)
"""

pytestmark = [pytest.mark.real, needs("pulumi")]


@pytest.fixture
def shared(lab: Lab) -> Lab:
    """The lab's project, with the fake provider as a plugin of the CLI."""
    lab.share(
        "test",
        f"""
        from pathlib import Path
        from tests.embedded.engine.fake import World
        serve(World(Path({str(lab.world.path)!r})).factory(), version='0.0.1')
        """,
    )
    return lab


async def test_the_cli_sees_no_change_after_us_and_we_none_after_it(shared: Lab) -> None:
    """Made here, unchanged there; changed there, unchanged here; destroyed there, gone here."""
    shared.program(PROGRAM.format("1"))
    assert not (await shared.up()).failed, shared.messages()
    result = pulumi(shared, "preview", "--expect-no-changes")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "hush" not in result.stdout

    shared.program(PROGRAM.format("2"))
    result = pulumi(shared, "up", "--yes")
    assert result.returncode == 0, result.stdout + result.stderr
    assert sorted(shared.world.read()) == ["a2", "b"]
    outcome = await shared.up()
    assert outcome.counts.keys() == {Op.SAME}, shared.messages()

    shared.program(PROGRAM.format("3"))
    assert not (await shared.up()).failed, shared.messages()
    assert pulumi(shared, "preview", "--expect-no-changes").returncode == 0
    exported = pulumi(shared, "stack", "export")
    assert len(json.loads(exported.stdout)["deployment"]["resources"]) == 5
    history = pulumi(shared, "stack", "history", "--json")
    assert [item["kind"] for item in json.loads(history.stdout)] == ["update"] * 4
    assert pulumi(shared, "destroy", "--yes").returncode == 0
    assert shared.world.read() == {}


async def test_both_see_the_same_drift(shared: Lab) -> None:
    """A renewed credential is none, a changed input is one: here and there, and only once."""
    program = 'Thing("a", {{"way": "{0}", "value": "1"}})\nThing("b", {{"value": "1"}})'
    for way in ("old", "new"):
        shared.program(program.format(way))
        assert not (await shared.up()).failed, shared.messages()
    result = pulumi(shared, "refresh", "--preview-only", "--expect-no-changes")
    assert result.returncode == 0, result.stdout + result.stderr
    assert (await shared.engine().refresh(preview=True)).changes == 0

    shared.world.write({**shared.world.read(), "b": {**shared.world.read()["b"], "value": "2"}})
    result = pulumi(shared, "refresh", "--preview-only", "--diff")
    assert '~ value: "1" => "2"' in result.stdout
    assert "~ 1 to update" in result.stdout
    assert (await shared.engine().refresh()).counts[Op.UPDATE] == 1
    assert pulumi(shared, "refresh", "--preview-only", "--expect-no-changes").returncode == 0


async def test_what_is_waited_for_is_shown_by_both_and_kept_by_none(shared: Lab) -> None:
    """Beside the resource while it goes on; not among the diagnostics, which tell what is to be known."""
    shared.program('Thing("a", {"waits": "until b is level"})')
    assert not (await shared.up()).failed, shared.messages()
    ephemeral = [event for event in shared.events if isinstance(event, Message) and event.ephemeral]
    assert [event.text for event in ephemeral] == ["waits until b is level"]

    shared.program('Thing("a", {"waits": "until c is level"})')
    result = pulumi(shared, "up", "--yes", "--skip-preview")
    assert result.returncode == 0, result.stdout + result.stderr
    progress, _, closing = result.stdout.partition("Diagnostics:")
    assert "[diff: ~waits]; waits until c is level" in progress, result.stdout
    assert "waits" not in closing


async def test_the_cli_saves_and_heals_a_partial_create(shared: Lab) -> None:
    """The server's ErrorResourceInitFailed is understood: saved by the CLI, healed by us."""
    shared.program('Thing("a", {"fail": "partial"})')
    assert pulumi(shared, "stack", "init").returncode == 0
    result = pulumi(shared, "up", "--yes", "--skip-preview")
    assert result.returncode != 0
    assert "it never came up" in result.stdout
    assert (await shared.up()).counts[Op.UPDATE] == 1


async def test_the_plugin_answers_errors_in_one_message(shared: Lab) -> None:
    """A user's mistake reaches the CLI as its text; so does a refused input, by its property."""
    shared.program('Thing("a", {"fail": "create"})\nThing("b", {"fail": "check"})')
    pulumi(shared, "stack", "init")
    result = pulumi(shared, "up", "--yes", "--skip-preview")
    assert "property fail" in result.stdout
    shared.program('Thing("a", {"fail": "create"})')
    result = pulumi(shared, "up", "--yes", "--skip-preview")
    assert "a cannot create" in result.stdout
    assert "Do not ask it to." in result.stdout
    # The SDK's own traceback may follow, when the CLI interrupts the program; none is the plugin's.
    assert "servicer.py" not in result.stdout + result.stderr
