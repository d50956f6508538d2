"""A channel that comes to name other orderers marks peers while a rollout of peers goes on beside it."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from heddle.fabric.node import Node
from heddle.kube.pods import PodState
from heddle.provider.channel import moves
from tests.provider.test_rollout import World, _pod, _restarter, _run, _world
from tests.virtualclock import VirtualClock


class Marking(World):
    """A world whose channel marks each pod that comes back."""

    async def state(self, name: str) -> PodState:
        found = await super().state(name)
        return replace(found, marked=found.uid.endswith("-2"))


async def test_a_pod_that_was_marked_after_its_restart_is_left_to_the_rollout_that_comes_after() -> None:
    """It has restarted once; nobody else changed anything, and no error says so."""
    world = Marking(pods=_world(a="old", b="old", c="new").pods)

    done = await _restarter(world).run()

    assert (list(done.done), dict(done.left)) == (["a", "b"], {})


async def test_a_pod_that_is_marked_and_has_not_restarted_restarts() -> None:
    """As one whose volume grew is."""
    world = _world(a="new", b="new", c="new")
    world.pods["b"] = replace(world.pods["b"], marked=True)

    assert await _run(world) == ["b"]


@dataclass
class Peers:
    """Pods as they are look after look, the last ones for ever."""

    looks: list[list[PodState]]
    asked: int = field(default=0)

    async def __aenter__(self) -> "Peers":
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def state(self, name: str) -> PodState:
        self.asked += 1
        states = self.looks[0] if len(self.looks) == 1 or self.asked % 2 else self.looks.pop(0)
        return next(each for each in states if each.node == name)


class Session:
    has_cluster = True

    async def api_server(self) -> None: ...


def _old(name: str) -> PodState:
    return _pod(name, "old")


def _going(name: str) -> PodState:
    return replace(_pod(name, "old"), leaving=True)


def _new(name: str) -> PodState:
    return _pod(name, "new")


@pytest.mark.parametrize(
    ("looks", "seconds"),
    [
        ([[_new("a"), _new("b")]], 0),
        ([[replace(_new("a"), marked=True), _new("b")]], 0),
        (
            [
                [_old("a"), _old("b")],
                [_going("a"), _old("b")],
                [_new("a"), _old("b")],
                [_new("a"), _new("b")],
            ],
            3,
        ),
        ([[_old("a"), _new("b")]], 60),
    ],
    ids=["none is to restart", "one is marked already", "one after the other", "one is held up"],
)
def test_the_channel_waits_until_peers_have_restarted(
    monkeypatch: pytest.MonkeyPatch, looks: list[list[PodState]], seconds: float
) -> None:
    """Not for one that does not come to it: it keeps no channel back."""
    peers = Peers(list(looks))
    monkeypatch.setattr(moves, "NodePods", lambda *_: peers)
    nodes = [Node(name=name, msp_id="M", host=name, port=1, namespace="n", pod=f"{name}-0") for name in "ab"]

    async def waited() -> float:
        began = asyncio.get_running_loop().time()
        session: Any = Session()
        await moves.await_restarts(session, nodes, patience=60.0)
        return asyncio.get_running_loop().time() - began

    with asyncio.Runner(loop_factory=VirtualClock) as runner:
        assert runner.run(waited()) == pytest.approx(seconds, abs=1.5)
