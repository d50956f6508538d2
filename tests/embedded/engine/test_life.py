"""A stack's life: preview, up, again, changed, destroyed."""

import json
from collections.abc import Callable

from heddle.embedded.engine.events import Op
from heddle.state.outputs import read_outputs
from tests.embedded.engine.conftest import Lab

TWO = """
a = Thing("a", {"value": "1"})
b = Thing("b", {"value": a.made})
pulumi.export("made", b.made)
"""


async def test_preview_up_again_and_destroy(lab: Lab, names: Callable[[], list[str]]) -> None:
    """A preview touches nothing, up makes what it said, again changes nothing, destroy leaves nothing."""
    lab.program(TWO)
    outcome = await lab.preview()
    assert not outcome.failed, lab.messages()
    assert outcome.counts[Op.CREATE] == 3
    assert not lab.checkpoint.exists()
    assert names() == []

    outcome = await lab.up()
    assert not outcome.failed, lab.messages()
    assert outcome.counts == {Op.CREATE: 3}
    assert names() == ["a", "b"]
    assert outcome.outputs == {"made": "made of made of 1"}

    outcome = await lab.up()
    assert outcome.changes == 0
    assert outcome.counts == {Op.SAME: 3}
    assert read_outputs(lab.folder, "dev") == {"made": "made of made of 1"}

    outcome = await lab.destroy()
    assert not outcome.failed, lab.messages()
    assert names() == []
    assert "resources" not in json.loads(lab.checkpoint.read_text())["checkpoint"]["latest"]
