"""Have other orderers lead the channels of one that is about to restart."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from heddle.errors import FabricError, HeddleError
from heddle.fabric.node import Node
from heddle.planner.facts import NodeFacts
from heddle.planner.leadership import HandOver, hand_overs, handed_over
from heddle.waiting import poll

__all__ = ["HandingOver"]

_HANDING_OVER = 10.0
"""Seconds for a successor to lead: it stands at once. An election by itself begins after 5 s."""


@dataclass(frozen=True, kw_only=True)
class HandingOver:
    """Has leaders hand over, and waits until another orderer leads.

    act: has the leader of a channel hand over, as a plan says, and returns whether it leads.
    """

    ask: Callable[[Node], Awaitable[NodeFacts]]
    nodes: Sequence[Node]
    act: Callable[[Node, HandOver], Awaitable[bool]]
    patience: float

    async def all_of(self, leader: Node, facts: NodeFacts, others: Sequence[NodeFacts]) -> list[str]:
        """Have the channels that a node leads get other leaders; return what kept any of them from it.

        Such a channel waits some seconds for an election, which is no reason not to restart.
        """
        notes: list[str] = []
        for wanted in hand_overs(facts, others):
            try:
                if await self.act(leader, wanted):
                    await self._handed_over(leader, wanted)
            except HeddleError as error:
                notes.append(f"{wanted.channel}: {_not_handed_over(leader, wanted)}: {error.message}")
        return notes

    async def _handed_over(self, leader: Node, wanted: HandOver) -> None:
        async def look(_: float) -> bool:
            facts = await asyncio.gather(*(self.ask(node) for node in self.nodes))
            others = [each for each in facts if each.name != leader.name]
            return handed_over(wanted, next(each for each in facts if each.name == leader.name), others)

        def stays(_: bool) -> FabricError:
            return FabricError(f"{leader.at()}: no other orderer leads after {_HANDING_OVER:.0f} s")

        share, until = min(_HANDING_OVER, self.patience), f"until another orderer leads {wanted.channel}"
        await poll(look, bool, deadline=share, otherwise=stays, until=until)


def _not_handed_over(leader: Node, wanted: HandOver) -> str:
    failed = f"{leader.name} could not hand over"
    if wanted.view is None:
        return f"{failed} to {wanted.nodes[0]} before it restarted, so that an election followed"
    return f"{failed} before it restarted; if it led, the others had to miss it first"
