"""Wait until a restarted node has what the others have, and does for clients what it did before."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from heddle.errors import FabricError, ProviderError
from heddle.fabric.node import Node
from heddle.planner.facts import NodeFacts
from heddle.planner.heights import expected_heights, missing_blocks
from heddle.text import some
from heddle.waiting import poll

__all__ = ["CatchingUp", "Services"]

_SERVING = 120.0
"""Seconds for a node that is level to do for clients what it did before.

Gossip spreads within 10 s or so. On a busy machine an orderer of BFT was seen to copy blocks for a minute
before it decided with the others; another one that restarts meanwhile stops the channel.
"""

_AS_BEFORE = "restarted, but does not do all that it did before"

Services = Callable[[Node, NodeFacts], Awaitable[frozenset[str]]]
"""Returns what a node does for clients beyond having its channels."""


@dataclass(frozen=True, kw_only=True)
class CatchingUp:
    """Waits for a restarted node, for `patience` seconds each time."""

    ask: Callable[[Node], Awaitable[NodeFacts]]
    services: Services | None
    patience: float

    async def level(self, node: Node, newest: Mapping[str, int]) -> None:
        """Wait until the node serves its channels, with at least these heights."""
        await self._wait_for(node, lambda facts: missing_blocks(facts, newest))

    async def back(self, node: Node, newest: Mapping[str, int]) -> None:
        """Wait until a node that told nothing before its restart is level on the channels that it names now.

        Its pod has a certificate for good: one that has expired is an error at once.
        """

        def missing(facts: NodeFacts) -> str:
            if expired := facts.expired_certificate:
                raise ProviderError(f"{node.name}: it was restarted, but {expired}", hint=expired.remedy)
            return missing_blocks(facts, expected_heights(facts, newest))

        await self._wait_for(node, missing)

    async def served(self, node: Node, facts: NodeFacts) -> frozenset[str]:
        """Return what the node does for clients now."""
        return frozenset() if self.services is None else await self.services(node, facts)

    async def serving(self, node: Node, served: frozenset[str], words: str = _AS_BEFORE) -> list[str]:
        """Wait until a node does all that `served` names; return a note on what it does not do.

        Its channels are safe without that, so it is no reason to leave others outdated.
        """

        async def look(_: float) -> frozenset[str]:
            return served - await self.served(node, await self.ask(node))

        def until(left: frozenset[str]) -> str:
            return f"until {node.name} does for clients what it did: {some(sorted(left))}"

        lacking = frozenset[str]()
        if served:
            share = min(_SERVING, self.patience)
            lacking = await poll(look, lambda left: not left, deadline=share, until=until)
        return [f"{node.name}: {words}: {', '.join(sorted(lacking))}"] if lacking else []

    async def _wait_for(self, node: Node, missing: Callable[[NodeFacts], str]) -> None:
        async def look(_: float) -> str:
            return missing(await self.ask(node))

        def behind(words: str) -> FabricError:
            return FabricError(
                f"{node.at()}: restarted, but not level with the others after {self.patience:.0f} s: {words}",
                hint="Look at its log. The other outdated nodes were left as they are.",
            )

        def until(words: str) -> str:
            return f"until {node.name} is level with the others: {words}"

        await poll(look, lambda words: not words, deadline=self.patience, otherwise=behind, until=until)
