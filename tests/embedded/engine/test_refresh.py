"""Refresh: the state learns what really is."""

import json

import pytest

from heddle.embedded.engine.events import Op, Step
from heddle.plugin import interface as api
from heddle.plugin.interface import DiffKind
from tests.embedded.engine.conftest import Lab, up
from tests.embedded.engine.fake import Fake


async def test_gone_and_changed_things(lab: Lab) -> None:
    """What is gone leaves the state, what changed is recorded, and the next up mends both."""
    program = 'a = Thing("a", {"value": "1"})\nThing("b", {"value": a.made})\nThing("c", {"value": "1"})'
    await up(lab, program)
    world = lab.world.read()
    del world["a"]
    world["c"]["value"] = "9999"
    lab.world.write(world)

    before = lab.checkpoint.read_bytes()
    outcome = await lab.engine().refresh(preview=True)
    assert lab.checkpoint.read_bytes() == before
    assert outcome.counts == {Op.DELETE: 1, Op.UPDATE: 1, Op.SAME: 2}

    outcome = await lab.engine().refresh()
    assert not outcome.failed, lab.messages()
    assert outcome.counts == {Op.DELETE: 1, Op.UPDATE: 1, Op.SAME: 2}
    assert "9999" in lab.checkpoint.read_text()
    assert "lab::test:index:Thing::a" not in lab.checkpoint.read_text()
    assert (await up(lab, program))["a"] == [Op.CREATE]
    assert (await lab.engine().refresh()).changes == 0


async def test_a_renewed_way_is_no_drift(lab: Lab) -> None:
    """Right after an `up` that renewed a credential, whose state keeps the old outputs: nothing to show."""
    await up(lab, 'Thing("a", {"way": "old"})')
    assert (await up(lab, 'Thing("a", {"way": "new"})'))["a"] == [Op.SAME]

    outcome = await lab.engine().refresh()

    assert outcome.counts == {Op.SAME: 2}
    assert lab.steps() == {"a": [Op.SAME], "lab-dev": [Op.SAME]}
    assert (await lab.engine().refresh()).changes == 0


async def test_a_status_is_no_drift(lab: Lab) -> None:
    """An output that no program asks for changes by itself; the state learns it without a word."""
    await up(lab, 'Thing("a")')
    lab.world.write({"a": {**lab.world.read()["a"], "pin": "9999"}})

    assert (await lab.engine().refresh()).changes == 0
    assert "9999" in lab.checkpoint.read_text()


async def test_drift_is_seen_at_once_where_only_inputs_tell(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A channel one of whose orderers lost its ledger: the outputs are those of before."""
    await up(lab, 'Thing("a", {"value": "1", "extra": "x"})')

    async def read(self: Fake, request: api.ReadRequest) -> api.ReadResult:
        inputs = {**{key: value for key, value in request.inputs.items() if key != "extra"}, "value": "2"}
        return api.ReadResult(id=request.id, inputs=inputs, properties=request.properties)

    monkeypatch.setattr(Fake, "read", read)
    outcome = await lab.engine().refresh()

    assert outcome.counts == {Op.UPDATE: 1, Op.SAME: 1}
    (step,) = (event for event in lab.events if isinstance(event, Step) and event.op is Op.UPDATE)
    assert step.detailed == {"value": DiffKind.UPDATE, "extra": DiffKind.DELETE}
    assert (await lab.engine().refresh()).changes == 0


async def test_ignored_changes_are_no_drift(lab: Lab) -> None:
    """What the program leaves to others is read, and not told."""
    await up(lab, 'Thing("a", {"value": "1"}, pulumi.ResourceOptions(ignore_changes=["value"]))')
    lab.world.write({"a": {**lab.world.read()["a"], "value": "9999"}})

    assert (await lab.engine().refresh()).changes == 0


async def test_unreachable_is_an_error_and_keeps_the_state(lab: Lab) -> None:
    """When reading fails, nothing is taken for gone."""
    await up(lab, 'Thing("a")')
    before = lab.checkpoint.read_bytes()
    lab.world.path.write_text("not JSON")
    outcome = await lab.engine().refresh()
    assert outcome.failed
    assert lab.checkpoint.read_bytes() == before


async def test_a_gone_successor_takes_no_predecessor_along(lab: Lab) -> None:
    """Two of one URN: the replaced one, still to be deleted, stays in the state when the new one is gone."""
    await up(lab, 'Thing("a", {"name": "a1", "fail": "delete"})')
    lab.program('a = Thing("a", {"name": "a2"})\nThing("b", {"value": a.made})')
    assert (await lab.up()).failed
    lab.world.write({key: item for key, item in lab.world.read().items() if key != "a2"})

    assert not (await lab.engine().refresh()).failed, lab.messages()
    resources = json.loads(lab.checkpoint.read_text())["checkpoint"]["latest"]["resources"]
    kept = [(item["id"], item.get("delete", False)) for item in resources if item["urn"].endswith("Thing::a")]
    assert kept == [("a1", True)]
