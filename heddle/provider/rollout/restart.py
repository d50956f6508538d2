"""Restart outdated pods one at a time: ask, have the planner decide, act, wait."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from heddle.errors import FabricError, ProviderError
from heddle.fabric.node import Node
from heddle.kube.pods import NodePods, PodState, together
from heddle.planner.facts import NodeFacts, PodFacts
from heddle.planner.restart import missing_blocks, newest_heights, next_restart, restart_refusal
from heddle.waiting import poll

__all__ = ["Restarter"]


@dataclass(frozen=True, kw_only=True)
class Restarter:
    """Restarts the nodes of one set.

    ask: returns the facts of one node on its channels; why it does not answer is a fact, too.
    patience: seconds for each single wait.
    databases: names of state databases by their peers' names. The two are one thing here, since neither is
        of use without the other.
    """

    pods: NodePods
    ask: Callable[[Node], Awaitable[NodeFacts]]
    nodes: Sequence[Node]
    patience: float
    databases: Mapping[str, str] = field(default_factory=dict)

    async def states(self) -> dict[str, PodState]:
        """Return every node's pod, once all controllers have seen the newest template.

        Where a node has a database, its state is that of both together.
        """
        states = await asyncio.gather(*(self._states(node) for node in self.nodes))
        return {node.name: together(each) for node, each in zip(self.nodes, states, strict=True)}

    async def run(self) -> list[str]:
        """Restart outdated nodes, then wait until every pod is ready; return the restarted nodes' names."""
        restarted: list[str] = []
        while node := await self._next():
            await self._restart(node)
            restarted.append(node.name)
        await asyncio.gather(*(self._good(pod, "") for node in self.nodes for pod in self._pair(node)))
        return restarted

    async def _next(self) -> Node | None:
        states = await self.states()
        if not any(state.outdated for state in states.values()):
            return None
        chosen = next_restart(await self._facts(self.nodes, states))
        return next(node for node in self.nodes if chosen is not None and node.name == chosen.name)

    async def _facts(self, nodes: Sequence[Node], states: Mapping[str, PodState]) -> list[NodeFacts]:
        facts = await asyncio.gather(*(self.ask(node) for node in nodes))
        pods = {
            name: PodFacts(ready=state.ready, outdated=state.outdated, status=state.status)
            for name, state in states.items()
        }
        return [replace(each, pod=pods[each.name]) for each in facts]

    async def _restart(self, node: Node) -> None:
        """Delete one node's outdated pods and wait for their successors to catch up.

        A pod that is not ready serves nobody, so it needs no leave to go.
        """
        states = await self._states(node)
        newest = await self._wait_until_spared(node) if together(states).ready else {}
        deleted: dict[str, str] = {}
        for pod, state in zip(self._pair(node), await self._states(node), strict=True):
            if state.outdated:
                await self.pods.delete(pod, state.uid)
                deleted[pod] = state.uid
        for pod in self._pair(node):
            await self._good(pod, deleted.get(pod, ""))
        await self._caught_up(node, newest)

    async def _wait_until_spared(self, node: Node) -> Mapping[str, int]:
        """Wait until the others can do without this node; return the greatest heights of its channels."""
        others = [other for other in self.nodes if other.name != node.name]

        async def look(_: float) -> list[NodeFacts]:
            return await self._facts(others, await self.states())

        def never_spared(facts: list[NodeFacts]) -> ProviderError:
            return ProviderError(
                f"{node.name} is outdated, but cannot be spared after {self.patience:.0f} s\n"
                f"  {restart_refusal(facts)}",
                hint="Bring the others up first, then run it again. Nothing was restarted meanwhile.",
            )

        facts = await poll(
            look, lambda facts: not restart_refusal(facts), deadline=self.patience, otherwise=never_spared
        )
        return newest_heights([*facts, await self.ask(node)])

    async def _caught_up(self, node: Node, newest: Mapping[str, int]) -> None:
        """Wait until the node serves its channels, level with the others as they were."""

        async def missing(_: float) -> str:
            return missing_blocks(await self.ask(node), newest)

        def behind(words: str) -> FabricError:
            return FabricError(
                f"{node.at()}: restarted, but not level with the others after {self.patience:.0f} s: {words}",
                hint="Look at its log. The other outdated nodes were left as they are.",
            )

        await poll(missing, lambda words: not words, deadline=self.patience, otherwise=behind)

    async def _good(self, pod: str, old_uid: str) -> None:
        """Wait until a StatefulSet's pod, a new one, is ready with the newest template."""

        def good(state: PodState) -> bool:
            return state.good and state.uid != old_uid

        state = await poll(lambda _: self._settled(pod), good, deadline=self.patience)
        if not good(state):
            evidence = await self.pods.evidence(pod)
            problem = f"pod of {pod}: not ready after {self.patience:.0f} s: {state.status}"
            raise ProviderError(
                f"{problem}\n{evidence}".rstrip(),
                hint="Correct what it says, then run it again: it goes on from here.",
            )

    def _pair(self, node: Node) -> tuple[str, ...]:
        """Return the names of the node's database, if it has one, and of the node."""
        database = self.databases.get(node.name)
        return (database, node.name) if database is not None else (node.name,)

    async def _states(self, node: Node) -> list[PodState]:
        return await asyncio.gather(*(self._settled(pod) for pod in self._pair(node)))

    async def _settled(self, name: str) -> PodState:
        """Return a StatefulSet's pod, once the controller has seen its StatefulSet's newest template."""
        state = await poll(
            lambda _: self.pods.state(name),
            lambda state: state is not None and state.settled,
            deadline=self.patience,
        )
        if state is not None and state.settled:
            return state
        problem = "there is no such StatefulSet" if state is None else "its controller does not see it"
        raise ProviderError(f"StatefulSet {name}: {problem}", hint="Look at the cluster's controllers.")
