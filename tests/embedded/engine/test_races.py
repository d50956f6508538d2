"""Registrations that overlap: what one of them changes in the state, the others must see."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable

import pytest

from heddle.embedded.engine.events import Op, Phase
from heddle.state.backend import Backend
from tests.embedded.engine.conftest import Lab, up

Names = Callable[[], list[str]]


async def test_a_rename_during_an_update_leaves_no_double(lab: Lab, names: Names) -> None:
    """While `b` is updated, what it depended on is renamed, which rewrites `b` in the state."""
    await up(lab, 'a = Thing("a", {"name": "x"})\nThing("b", {}, pulumi.ResourceOptions(depends_on=[a]))')
    lab.program(
        """
        Thing("b", {"value": "2"})
        Thing("c", {"name": "x"}, pulumi.ResourceOptions(aliases=[pulumi.Alias(name="a")]))
        """
    )
    lab.world.hold = asyncio.Event()
    running = asyncio.create_task(lab.up())
    while not (lab.world.running and "c" in lab.steps()):
        assert not running.done(), lab.messages()
        await asyncio.sleep(0.01)
    lab.world.hold.set()
    assert not (await running).failed, lab.messages()
    assert lab.steps()["b"] == [Op.UPDATE]
    assert names() == ["b", "x"]
    assert lab.checkpoint.read_text().count("Thing::b") == 1


async def test_a_dependent_of_two_is_deleted_once_and_before_both(lab: Lab) -> None:
    """Two replacements that delete first share a dependent: neither goes before it is gone."""
    program = """
    a = Thing("a", {{"unstable": "{0}"}})
    b = Thing("b", {{"unstable": "{0}"}})
    Thing("d", {{"forceNew": pulumi.Output.concat(a.made, b.made)}})
    """
    await up(lab, program.format("1"))
    lab.world.order.clear()
    await up(lab, program.format("2"))
    deleted = [entry for entry in lab.world.order if entry.startswith("delete")]
    assert deleted[0] == "delete d"
    assert sorted(deleted) == ["delete a", "delete b", "delete d"]


async def test_ctrl_c_while_a_checkpoint_is_written_begins_no_call(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Providers have been told to stop by then: a call that begins afterwards would run to its deadline."""
    lab.program('Thing("a")')
    written = threading.Event()
    save = Backend.save

    def slow(self: Backend, document: str) -> None:
        assert "a" not in lab.steps(Phase.STARTED) or written.wait(20)
        save(self, document)

    monkeypatch.setattr(Backend, "save", slow)
    running = asyncio.create_task(lab.up())
    interrupted = False
    while not lab.world.cancelled:
        assert not running.done(), lab.messages()
        if not interrupted and "a" in lab.steps(Phase.STARTED):
            os.kill(os.getpid(), signal.SIGINT)
            interrupted = True
        await asyncio.sleep(0.01)
    written.set()
    assert (await running).cancelled
    assert lab.world.order == []
    assert "pending_operations" not in lab.checkpoint.read_text()
