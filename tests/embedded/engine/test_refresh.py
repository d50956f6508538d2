"""Refresh: the state learns what really is."""

import json

from heddle.embedded.engine.events import Op
from tests.embedded.engine.conftest import Lab, up


async def test_gone_and_changed_things(lab: Lab) -> None:
    """What is gone leaves the state, what changed is recorded, and the next up mends both."""
    program = 'a = Thing("a", {"value": "1"})\nThing("b", {"value": a.made})\nThing("c")'
    await up(lab, program)
    world = lab.world.read()
    del world["a"]
    world["c"]["pin"] = "9999"
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
