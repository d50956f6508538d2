"""A pod that cannot start ends a rollout as soon as that is clear, and one edit back heals it."""

import asyncio
from dataclasses import dataclass, field
from typing import cast

import pytest

from heddle.errors import ProviderError
from heddle.fabric.node import Node
from heddle.kube.pods import NodePods, PodState
from heddle.kube.starting import StartFailure
from heddle.planner.facts import LedgerState, NodeFacts
from heddle.provider.rollout.readiness import Readiness
from heddle.provider.rollout.restart import Restarter

PATIENCE = 1000.0
"""Seconds that no test waits: what is clear before ends the wait."""
READY, PENDING = "ready", None
Look = StartFailure | str | None
Life = tuple[Look, ...]


def ends(*crashes: int) -> Life:
    """Return looks at a container that has ended so often."""
    return tuple(StartFailure(reason="container node ends", crashes=each) for each in crashes)


def unpulled(*, final: bool) -> StartFailure:
    """Return a look at a pod whose image is not there."""
    return StartFailure(reason="image node:9: ImagePullBackOff", final=final)


@dataclass
class Lives:
    """Pods that live as they are told, look by look; each is made from the template of its time.

    lives: by node, what is seen of its pod, of the next one once that is deleted, and so on.
    """

    lives: dict[str, list[Life]]
    revisions: dict[str, str]
    wanted: str = "new"
    deleted: list[str] = field(default_factory=list)
    looks: dict[str, int] = field(default_factory=dict)

    async def state(self, name: str) -> PodState:
        await asyncio.sleep(0)  # a wait that never ends must still meet its deadline
        life = self.lives[name][0]
        seen = life[min(self.looks.get(name, 0), len(life) - 1)]
        self.looks[name] = self.looks.get(name, 0) + 1
        return PodState(
            node=name,
            settled=True,
            uid=f"{name} after {self.deleted.count(name)}",
            revision=self.revisions[name],
            wanted=self.wanted,
            ready=seen == READY,
            status="Running",
            failure=seen if isinstance(seen, StartFailure) else None,
        )

    async def delete(self, name: str, uid: str) -> None:
        assert uid == f"{name} after {self.deleted.count(name)}"
        self.deleted.append(name)
        self.revisions[name], self.looks[name] = self.wanted, 0
        self.lives[name].pop(0)

    async def withdraw(self, name: str, uid: str) -> None:
        assert uid == f"{name} after {self.deleted.count(name)}"

    async def evidence(self, name: str) -> str:
        return "  log panic: no such file"

    async def ask(self, node: Node) -> NodeFacts:
        answer = LedgerState(relation="consenter", status="active", height=10)
        return NodeFacts(name=node.name, kind="orderer", channels={"channel": answer})

    def restarter(self) -> Restarter:
        return Restarter(
            pods=cast("NodePods", self),
            ask=self.ask,
            nodes=[Node(name=name, msp_id="M", host=name, port=1) for name in self.lives],
            patience=PATIENCE,
        )


def rollout(failing: Life, then: Life = (READY,)) -> Lives:
    """Three outdated orderers, of which the first fails with the new template."""
    lives: dict[str, list[Life]] = {"a": [(READY,), failing, then], "b": [(READY,), (READY,)]}
    lives["c"] = [(READY,), (READY,)]
    return Lives(lives=lives, revisions=dict.fromkeys(lives, "old"))


@pytest.mark.parametrize(
    ("failing", "said"),
    [
        ((PENDING, *ends(1, 1, 2, 3)), "does not start: container node ends: 3 times by now"),
        ((PENDING, unpulled(final=True)), "does not start: image node:9: ImagePullBackOff"),
    ],
    ids=["crash loop", "no such image"],
)
async def test_what_cannot_start_costs_one_node_and_one_edit_back_heals_it(failing: Life, said: str) -> None:
    """Nobody waits for the deadline: the facts are clear, and the node's own words are shown."""
    pods = rollout(failing)
    with pytest.raises(ProviderError, match=said) as caught:
        await pods.restarter().run()
    assert "log panic: no such file" in caught.value.message
    assert "run it again: this node restarts first" in caught.value.hint
    assert pods.deleted == ["a"]

    pods.wanted, pods.revisions = "old", {**pods.revisions, "a": "new"}
    assert list((await pods.restarter().run()).done) == ["a"]
    assert pods.deleted == ["a", "a"]


async def test_a_node_that_ends_once_or_twice_is_waited_for() -> None:
    """It may have been faster than what it needs."""
    pods = rollout((PENDING, *ends(1, 2), PENDING, READY))
    assert list((await pods.restarter().run()).done) == ["a", "b", "c"]


async def test_ends_from_before_the_wait_count_for_nothing() -> None:
    """A peer that ended four times while its database came is not given up when both are there."""
    pods = rollout((*ends(4, 5, 6), READY))
    assert list((await pods.restarter().run()).done) == ["a", "b", "c"]


async def test_a_registry_that_is_away_is_waited_for_but_not_for_ever() -> None:
    """It is asked again for a minute; then its image is as good as not there."""
    since = iter(range(0, 1000, 20))
    pods = rollout((unpulled(final=False),))
    pods.revisions["a"] = "new"
    await pods.delete("a", "a after 0")
    waiting = Readiness(pods=cast("NodePods", pods), patience=PATIENCE, clock=lambda: next(since))

    async def nothing(_: PodState) -> None: ...

    with pytest.raises(ProviderError, match="does not start: for 60 s: image node:9"):
        await waiting.wait("a", "a after 0", nothing)


async def test_the_next_run_starts_a_failed_pod_anew_at_once() -> None:
    """What kept it from starting may be mended; Kubernetes alone would try again within five minutes only."""
    pods = rollout((READY,))
    pods.lives["a"] = [ends(9), (PENDING, READY)]
    pods.revisions["a"] = "new"
    assert list((await pods.restarter().run()).done) == ["b", "c"]
    assert pods.deleted == ["a", "b", "c"]


async def test_the_next_run_without_a_mend_ends_soon_and_spares_the_others() -> None:
    """The same edit, run again, fails as it did before: on one node."""
    pods = rollout((READY,))
    pods.lives["a"] = [ends(9), (PENDING, *ends(1, 2, 3))]
    pods.revisions["a"] = "new"
    with pytest.raises(ProviderError, match="pod of a: does not start"):
        await pods.restarter().run()
    assert pods.deleted == ["a"]
