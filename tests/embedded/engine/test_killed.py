"""The engine is killed at any point; the next `up` heals."""

import json
import os
import subprocess
import sys

import pytest

from heddle.embedded.engine.events import Op
from tests.embedded.engine.conftest import HOUSE, Lab

FIRST = """
a = Thing("a", {"value": "1", "forceNew": "1", "name": "a1"})
b = Thing("b", {"value": a.made})
c = Thing("c", {"value": a.made, "unstable": "1"}, pulumi.ResourceOptions(delete_before_replace=True))
d = Thing("d", {"forceNew": c.made})
Thing("gone")
Thing("lone", {"value": "1"})
"""
SECOND = """
a = Thing("a", {"value": "2", "forceNew": "2", "name": "a2"})
b = Thing("b", {"value": a.made})
c = Thing("c", {"value": a.made, "unstable": "2"}, pulumi.ResourceOptions(delete_before_replace=True))
d = Thing("d", {"forceNew": c.made})
Thing("new", {"value": d.made})
Thing("lone", {"value": "2"})
"""
POINTS = 10


def run_killed(lab: Lab, point: int) -> subprocess.CompletedProcess[str]:
    """Run `up` in another process, which kills itself at the point."""
    return subprocess.run(
        [sys.executable, str(HOUSE / "tests/embedded/engine/killed.py"), str(lab.folder), str(point)],
        env={**os.environ, "PYTHONPATH": str(HOUSE)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def points(lab: Lab) -> list[int]:
    """Run undisturbed on a copy of state and world, and choose points over the whole run."""
    state, world = lab.checkpoint, lab.world.path
    before = {path: path.read_bytes() for path in (state, world) if path.exists()}
    result = run_killed(lab, 0)
    total, failed = result.stdout.split()
    assert failed == "False", result.stderr
    for path in (state, world):
        if path in before:
            path.write_bytes(before[path])
        else:
            path.unlink()
    step = max(1, int(total) // POINTS)
    return list(range(1, int(total) + 1, step))


@pytest.mark.parametrize("scenario", ["created", "changed"])
async def test_the_next_up_heals(lab: Lab, scenario: str) -> None:
    """Wherever it is killed, the next up ends where an undisturbed one does, and destroy leaves nothing."""
    program = FIRST if scenario == "created" else SECOND

    async def start() -> None:
        lab.world.path.unlink(missing_ok=True)
        lab.checkpoint.unlink(missing_ok=True)
        if scenario == "changed":
            lab.program(FIRST)
            assert not (await lab.up()).failed
        lab.program(program)

    await start()
    chosen = points(lab)
    await lab.up()
    expected = lab.world.read()
    killed = 0
    for point in chosen:
        await start()
        result = run_killed(lab, point)
        # How many writes there are depends on what is grouped: a late point may never come.
        assert result.returncode in (-9, 0), (point, result.stdout, result.stderr)
        killed += result.returncode == -9
        outcome = await lab.up()
        assert not outcome.failed, (point, lab.messages())
        assert lab.world.read() == expected, point
        latest = json.loads(lab.checkpoint.read_text())["checkpoint"]["latest"]
        assert "pending_operations" not in latest, point
        assert (await lab.up()).counts.keys() == {Op.SAME}, point
    assert killed > len(chosen) // 2
    assert not (await lab.destroy()).failed
    assert lab.world.read() == {}


async def test_what_nobody_creates_again_is_told_and_forgotten(lab: Lab) -> None:
    """An interrupted creation that the program has dropped since is named, once."""
    lab.program('Thing("a")')
    assert not (await lab.up()).failed
    document = json.loads(lab.checkpoint.read_text())
    latest = document["checkpoint"]["latest"]
    lost = {**latest["resources"][-1], "urn": "urn:pulumi:dev::lab::test:index:Thing::lost", "id": ""}
    latest["pending_operations"] = [{"resource": lost, "type": "creating"}]
    lab.checkpoint.write_text(json.dumps(document))

    assert not (await lab.up()).failed
    first, second = lab.messages()
    assert "interrupted while creating\n  * urn:pulumi:dev::lab::test:index:Thing::lost" in first
    assert "it may exist without being in the state" in second
    assert not (await lab.up()).failed
    assert lab.messages() == []


async def test_a_partial_creation_takes_up_an_interrupted_one(lab: Lab) -> None:
    """What is in the state, though broken, is not told to be missing there."""
    lab.program('Thing("a", {"fail": "partial"})')
    assert (await lab.up()).failed
    document = json.loads(lab.checkpoint.read_text())
    latest = document["checkpoint"]["latest"]
    latest["pending_operations"] = [{"resource": {**latest["resources"].pop(), "id": ""}, "type": "creating"}]
    lab.checkpoint.write_text(json.dumps(document))

    assert (await lab.up()).failed
    latest = json.loads(lab.checkpoint.read_text())["checkpoint"]["latest"]
    assert latest["resources"][-1]["initErrors"]
    assert "pending_operations" not in latest
