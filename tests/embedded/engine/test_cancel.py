"""Ctrl-C, and stacks that are refused: locked, damaged, or of another passphrase."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from heddle.embedded.engine.events import Op
from heddle.errors import EngineError
from heddle.state.outputs import read_outputs
from tests.embedded.engine.conftest import Lab
from tests.embedded.engine.fake import Fake


async def test_ctrl_c_stops_providers_and_saves(lab: Lab) -> None:
    """The first Ctrl-C asks providers to give up; what they had finished is saved, nothing is pending."""
    lab.program('a = Thing("a")\nb = Thing("b", {"value": a.made})')
    lab.world.hold = asyncio.Event()
    running = asyncio.create_task(lab.up())
    while not lab.world.running:
        assert not running.done(), lab.messages()
        await asyncio.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)
    outcome = await running
    assert outcome.cancelled
    assert outcome.failed
    assert lab.world.cancelled
    latest = json.loads(lab.checkpoint.read_text())["checkpoint"]["latest"]
    assert "pending_operations" not in latest
    assert "create b" not in lab.world.order

    lab.world.hold, lab.world.cancelled = None, False
    assert not (await lab.up()).failed


async def test_ctrl_c_loses_no_outputs(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outputs that the program did not get to are those of the last run, though no step failed."""
    lab.program('pulumi.export("kept", "1")')
    assert not (await lab.up()).failed
    lab.program('a = Thing("a")\nThing("b", {"value": a.made})\npulumi.export("new", "2")')
    lab.world.hold = hold = asyncio.Event()

    async def cancel(self: Fake) -> None:
        hold.set()

    monkeypatch.setattr(Fake, "cancel", cancel)
    running = asyncio.create_task(lab.up())
    while not lab.world.running:
        assert not running.done(), lab.messages()
        await asyncio.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)
    assert (await running).cancelled
    assert read_outputs(lab.folder, "dev") == {"kept": "1", "new": "2"}


@pytest.fixture
def alive() -> Iterator[int]:
    """The pid of a process that lives."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process.pid
    process.communicate(b"\n")


def other_lock(lab: Lab, pid: int) -> None:
    folder = lab.folder / "state/.pulumi/locks/organization/lab/dev"
    folder.mkdir(parents=True)
    content = {
        "pid": pid,
        "username": "me",
        "hostname": socket.gethostname(),
        "timestamp": "2026-01-01T00:00:00Z",
    }
    (folder / "x.json").write_text(json.dumps(content))


async def test_a_locked_stack_is_refused(lab: Lab, alive: int) -> None:
    """Another process's lock stops everything but previews, in the CLI's words, and stays."""
    lab.program('Thing("a")')
    other_lock(lab, alive)
    with pytest.raises(EngineError, match=r"currently locked by 1 lock\(s\)"):
        await lab.up()
    assert not (await lab.preview()).failed
    assert len(list((lab.folder / "state/.pulumi/locks").rglob("*.json"))) == 1


@pytest.mark.parametrize("content", [b"", b'{"version":3}', b"[" * 100_000])
async def test_a_damaged_checkpoint_stops_every_verb(lab: Lab, content: bytes) -> None:
    """And is still there afterwards, as it was, for whoever can mend it."""
    lab.program("")
    lab.checkpoint.parent.mkdir(parents=True)
    lab.checkpoint.write_bytes(content)
    for verb in (lab.up, lab.preview, lab.destroy):
        with pytest.raises(EngineError, match="It is left as it is"):
            await verb()
    assert lab.checkpoint.read_bytes() == content
    assert list(lab.checkpoint.parent.iterdir()) == [lab.checkpoint]


async def test_a_wrong_passphrase_is_refused(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """With another passphrase nothing is run and nothing is overwritten."""
    lab.program('Thing("a", {"value": pulumi.Output.secret("x")})')
    assert not (await lab.up()).failed
    before = lab.checkpoint.read_bytes()
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "another")
    with pytest.raises(EngineError, match="incorrect passphrase"):
        await lab.up()
    assert lab.checkpoint.read_bytes() == before


async def test_what_was_destroyed_may_have_another_passphrase(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A state that holds nothing keeps no secret, so it can be filled anew under a new passphrase."""
    lab.program('Thing("a")')
    await lab.up()
    await lab.destroy()
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "another")

    outcome = await lab.up()

    assert not outcome.failed
    assert lab.steps()["a"] == [Op.CREATE]


async def test_no_passphrase_says_how_to_give_one(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any passphrase the error names the variables and the file; the file alone is enough."""
    lab.program('Thing("a")')
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(lab.folder / "config"))
    with pytest.raises(EngineError, match="PULUMI_CONFIG_PASSPHRASE"):
        await lab.up()
    (lab.folder / "config/heddle").mkdir(parents=True)
    (lab.folder / "config/heddle/passphrase").write_text("from a file\n")
    assert not (await lab.up()).failed
