"""Restarting outdated pods one at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from heddle.errors import FabricError, ProviderError, Unreachable
from heddle.fabric.node import Node
from heddle.kube.pods import NodePods, PodState, together
from heddle.provider.rollout.health import Health, Heights
from heddle.waiting import Deadline

__all__ = ["Restarter"]

_FIRST_LOOK = 0.1
_LONGEST_LOOK = 1.0
_LEVEL = 1
"""Blocks that a node may lack and still have caught up: the others go on meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Restarter:
    """The nodes of one set. `patience`: seconds for each single wait.

    `databases` are state databases by the name of their peer: the two are one thing here, since neither is of
    use without the other.
    """

    cluster: NodePods
    health: Health
    nodes: Sequence[Node]
    patience: float
    databases: Mapping[str, Node] = field(default_factory=dict)

    async def states(self) -> dict[str, PodState]:
        """Every node's pod, once all StatefulSets exist and their controller has seen the newest template.

        Where a node has a database, its state is that of both together.
        """
        found = await asyncio.gather(*(self._states(node) for node in self.nodes))
        return {node.name: together(states) for node, states in zip(self.nodes, found, strict=True)}

    async def run(self) -> list[str]:
        """Restart what is outdated, then wait until every pod is ready; the names of restarted nodes."""
        restarted: list[str] = []
        while True:
            node = await self._next()
            if node is None:
                break
            await self._restart(node)
            restarted.append(node.name)
        await asyncio.gather(*(self._good(each, "") for node in self.nodes for each in self._pair(node)))
        return restarted

    async def _next(self) -> Node | None:
        """The next outdated node: broken ones first, leaders last."""
        states = await self.states()
        outdated = [node for node in self.nodes if states[node.name].outdated]
        if not outdated:
            return None
        broken = [node for node in outdated if not states[node.name].ready]
        if broken:
            return broken[0]
        leaders = await asyncio.gather(*(self.health.leads(node) for node in outdated))
        followers = [node for node, leads in zip(outdated, leaders, strict=True) if not leads]
        return (followers or outdated)[0]

    async def _restart(self, node: Node) -> None:
        """Delete one node's outdated pods and wait for their successors to catch up.

        A pod that is not ready serves nobody, so it needs no leave to go.
        """
        ready = together(await self._states(node)).ready
        before = await self._others(node) if ready else {}
        deleted: dict[str, str] = {}
        for each, state in zip(self._pair(node), await self._states(node), strict=True):
            if state.outdated:
                await self.cluster.delete(each.name, state.uid)
                deleted[each.name] = state.uid
        for each in self._pair(node):
            await self._good(each, deleted.get(each.name, ""))
        await self._caught_up(node, before)

    async def _others(self, node: Node) -> Heights:
        """Wait until the others can do without this node; the greatest heights there are."""
        others = [one for one in self.nodes if one.name != node.name]
        clock, pause = Deadline(self.patience), _FIRST_LOOK
        while True:
            objection = await self._objection(node, others)
            if not objection:
                return await self._greatest([*others, node])
            if clock.left() <= pause:
                seconds = f"{self.patience:.0f} s"
                raise ProviderError(
                    f"{node.name} is outdated, but cannot be spared after {seconds}\n  {objection}",
                    hint="Bring the others up first, then run it again. Nothing was restarted meanwhile.",
                )
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_LOOK)

    async def _objection(self, node: Node, others: Sequence[Node]) -> str:
        states = await self.states()
        unready = [f"{one.name}: {states[one.name].status}" for one in others if not states[one.name].ready]
        if unready:
            return "\n  ".join(unready)
        try:
            return await self.health.objection(others)
        except FabricError as error:
            return error.message

    async def _greatest(self, nodes: Sequence[Node]) -> Heights:
        result: dict[str, int] = {}
        for node in nodes:
            try:
                heights = await self.health.heights(node)
            except FabricError:
                continue  # the node that restarts may be the one that cannot tell
            for channel, height in heights.items():
                result[channel] = max(height, result.get(channel, 0))
        return result

    async def _caught_up(self, node: Node, before: Heights) -> None:
        """Wait until the node has the channels it had, level with the others as they were."""
        said = ""

        async def level() -> bool:
            nonlocal said
            try:
                now = await self.health.heights(node)
            except FabricError as error:
                said = error.message
                return False
            behind = [name for name, height in before.items() if now.get(name, 0) + _LEVEL < height]
            said = "; ".join(f"{name}: block {now.get(name, 0)} of {before[name]}" for name in behind)
            return not behind

        if not await self._within(level):
            raise FabricError(
                f"{node.at()}: restarted, but not level with the others after {self.patience:.0f} s: {said}",
                hint="Look at its log. The other outdated nodes were left as they are.",
            )

    async def _good(self, node: Node, old_uid: str) -> None:
        """Wait until the node's pod, a new one, is ready with the newest template."""
        seen = PodState(node=node.name, settled=False)

        async def good() -> bool:
            nonlocal seen
            seen = await self._settled(node)
            return seen.good and seen.uid != old_uid

        if not await self._within(good):
            evidence = await self.cluster.evidence(node.name)
            what = f"pod of {node.name}: not ready after {self.patience:.0f} s: {seen.status}"
            raise ProviderError(
                f"{what}\n{evidence}".rstrip(),
                hint="Correct what it says, then run it again: it goes on from here.",
            )

    async def _within(self, done: Callable[[], Awaitable[bool]]) -> bool:
        clock, pause = Deadline(self.patience), _FIRST_LOOK
        while True:
            if await done():
                return True
            if clock.left() <= pause:
                return False
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, _LONGEST_LOOK)

    def _pair(self, node: Node) -> tuple[Node, ...]:
        """The node's database, if it has one, and the node."""
        database = self.databases.get(node.name)
        return (database, node) if database is not None else (node,)

    async def _states(self, node: Node) -> list[PodState]:
        return await asyncio.gather(*(self._settled(each) for each in self._pair(node)))

    async def _settled(self, node: Node) -> PodState:
        """The node's pod, once the controller has seen its StatefulSet's newest template."""
        clock = Deadline(self.patience)
        while True:
            try:
                state = await self.cluster.state(node.name)
            except Unreachable:
                if clock.left() <= _LONGEST_LOOK:
                    raise
                await asyncio.sleep(_LONGEST_LOOK)
                continue
            if state is not None and state.settled:
                return state
            if clock.left() <= _FIRST_LOOK:
                what = "there is no such StatefulSet" if state is None else "its controller does not see it"
                raise ProviderError(
                    f"StatefulSet {node.name}: {what}", hint="Look at the cluster's controllers."
                )
            await asyncio.sleep(_FIRST_LOOK)
