"""Whether a restarted orderer of BFT decides with the others, by what the metrics of all say over time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import pytest

from heddle.errors import Unreachable
from heddle.fabric import operations
from heddle.fabric.connection import Connections
from heddle.fabric.node import Node
from heddle.fabric.operations import Metrics, Sample
from heddle.network.consensus import takes_part

pytestmark = pytest.mark.virtual_clock

At = Callable[[float], tuple[int, int, int] | None]
"""View, next sequence and decisions of an orderer at a time; None: it does not answer."""


def moving(decided: Callable[[int], int]) -> At:
    """An orderer that gets a block twice a second; of so many blocks it decided that many."""
    return lambda seconds: (0, 30 + int(2 * seconds), decided(int(2 * seconds)))


def standing(view: int, sequence: int, decided: int) -> At:
    """An orderer that gets no block."""
    return lambda _: (view, sequence, decided)


BUSY, QUIET = moving(lambda blocks: 99 + blocks), standing(0, 30, 99)
CASES: dict[str, tuple[At, At, bool]] = {
    "it decides block after block": (moving(lambda blocks: blocks), BUSY, True),
    "it is level and nothing is to be decided": (standing(0, 30, 0), QUIET, True),
    "it copies what the others decide": (moving(lambda _: 0), BUSY, False),
    "it stops copying and decides": (moving(lambda blocks: max(0, blocks - 4)), BUSY, True),
    "it is one block behind, and all wait": (standing(0, 29, 0), QUIET, False),
    "it is in an earlier view": (standing(0, 30, 5), standing(1, 30, 99), False),
    "it does not answer": (lambda _: None, QUIET, False),
    "no other one answers": (standing(0, 30, 0), lambda _: None, True),
}


@dataclass
class Orderers:
    """The metrics of an orderer `mine` and of two others, at the loop's time."""

    mine: At
    others: At

    async def metrics(self, _: Connections, node: Node, **__: Any) -> Metrics:
        told = (self.mine if node.name == "mine" else self.others)(asyncio.get_running_loop().time())
        if told is None:
            raise Unreachable(f"{node.name} does not answer")
        names = ("number", "proposal_sequence", "count_batch_all")
        labels = {"channel": "trade"}
        return Metrics(
            samples=tuple(
                Sample(name=f"consensus_smartbft_view_{name}", labels=labels, value=value)
                for name, value in zip(names, told, strict=True)
            )
        )


@pytest.mark.parametrize(("mine", "others", "wanted"), CASES.values(), ids=CASES)
async def test_who_only_copies_does_not_take_part(
    monkeypatch: pytest.MonkeyPatch, mine: At, others: At, wanted: bool
) -> None:
    """The next orderer must not restart before: those that are left could decide nothing."""
    monkeypatch.setattr(operations, "metrics", Orderers(mine, others).metrics)
    nodes = [Node(name=name, msp_id="M", host=name, port=1) for name in ("mine", "two", "three")]
    nobody = cast("Connections", None)

    assert await takes_part(nobody, nodes[0], nodes[1:], "trade", None, deadline=5) is wanted


async def test_an_orderer_without_these_metrics_is_not_said_to_take_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody waits for what a node did not show before its restart."""

    async def none(*_: Any, **__: Any) -> Metrics:
        return Metrics(samples=())

    monkeypatch.setattr(operations, "metrics", none)
    node = Node(name="mine", msp_id="M", host="mine", port=1)
    assert not await takes_part(cast("Connections", None), node, [], "trade", None, deadline=5)
