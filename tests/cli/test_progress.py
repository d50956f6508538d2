"""What a long command shows of itself, and of what it waits for."""

import asyncio

import pytest

from heddle.cli.progress import shown_progress
from heddle.telling import waiting_until
from tests.virtualclock import VirtualClock


def test_a_log_has_each_step_and_now_and_then_what_it_waits_for(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error: what it prints itself is for programs."""
    with shown_progress() as progress, asyncio.Runner(loop_factory=VirtualClock) as runner:

        async def restore() -> None:
            progress("making namespace fabric-dev")
            with waiting_until("until the pod of Job volume-orderer0 runs"):
                await asyncio.sleep(25)
            progress("putting the state in its place")
            with waiting_until("until the pod of Job volume-orderer0 is gone"):
                await asyncio.sleep(1)

        runner.run(restore())

    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines() == [
        "making namespace fabric-dev",
        "waits until the pod of Job volume-orderer0 runs (10 s)",
        "waits until the pod of Job volume-orderer0 runs (20 s)",
        "putting the state in its place",
    ]
