"""Restart outdated pods one at a time: ask, have the planner decide, act, wait."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from heddle.errors import ProviderError
from heddle.fabric.node import Node
from heddle.kube.pods import NodePods, PodState, together
from heddle.planner.facts import NodeFacts, PodFacts, orders
from heddle.planner.health import ends_for_good, lacks_state, serves_nobody
from heddle.planner.heights import expected_heights, newest_heights
from heddle.planner.leadership import HandOver
from heddle.planner.peers import Memberships, joined, next_peer, peer_pauses, peer_refusal
from heddle.planner.remedies import ENDED
from heddle.planner.restart import (
    held_up,
    is_outdated,
    next_restart,
    restart_hint,
    restart_refusal,
    waits_for_successor,
)
from heddle.provider.rollout.catching_up import CatchingUp, Services
from heddle.provider.rollout.handing_over import HandingOver
from heddle.provider.rollout.pairs import Pairs
from heddle.telling import doing
from heddle.text import sentence
from heddle.waiting import poll

__all__ = ["Restarter", "Restarts"]


@dataclass(frozen=True, kw_only=True)
class Restarts:
    """Tell what became of the outdated nodes of a set, by their names.

    done: the restarted ones, in order, each with the reason why it did not wait for the others, or "".
    left: those that are as they were, each with what its restart would wait for in vain.
    notes: what went otherwise than it should, and did no harm.
    """

    done: Mapping[str, str]
    left: Mapping[str, str]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Restarter:
    """Restarts the nodes of one set.

    ask: returns the facts of one node on its channels; why it does not answer is a fact, too.
    patience: seconds for each single wait.
    leaving: orderers that the stack file has no more. While they order they count; they never restart.
    databases: names of state databases by their peers' names. The two are one thing here, since neither is
        of use without the other.
    services: returns what a node does for clients beyond having its channels; None: nobody can tell. What it
        did before its restart it should do again before the next one goes.
    hand_over: has the leader of a channel hand over, as a plan says, and returns whether it leads; None:
        nobody can ask.
    unfit: returns why the release that a restarted node runs does not do for its channels, "" if it does, and
        None while it does not answer; None: nobody asks.
    rekeyed: names of the orderers that get another key, by which channels know them: they restart last.
    memberships: by channel, the names of its peers; None: the nodes are orderers.
    """

    pods: NodePods
    ask: Callable[[Node], Awaitable[NodeFacts]]
    nodes: Sequence[Node]
    patience: float
    leaving: Sequence[Node] = ()
    databases: Mapping[str, str] = field(default_factory=dict)
    services: Services | None = None
    hand_over: Callable[[Node, HandOver], Awaitable[bool]] | None = None
    unfit: Callable[[Node], Awaitable[str | None]] | None = None
    rekeyed: Collection[str] = ()
    memberships: Memberships | None = None

    @property
    def _pairs(self) -> Pairs:
        return Pairs(pods=self.pods, patience=self.patience, databases=self.databases, unfit=self.unfit)

    @property
    def _catching_up(self) -> CatchingUp:
        return CatchingUp(ask=self.ask, services=self.services, patience=self.patience)

    async def states(self) -> dict[str, PodState]:
        """Return every node's pod, once all controllers have seen the newest template.

        Where a node has a database, its state is that of both together.
        """
        states = await asyncio.gather(*(self._states(node) for node in self.nodes))
        return {node.name: together(each) for node, each in zip(self.nodes, states, strict=True)}

    async def facts(self) -> list[NodeFacts]:
        """Return what is known of every node, its pod included, and of those that leave."""
        staying, leaving = await asyncio.gather(
            self._facts(self.nodes), asyncio.gather(*(self.ask(node) for node in self.leaving))
        )
        return [*staying, *(replace(each, leaves=True) for each in leaving)]

    async def run(self) -> Restarts:
        """Restart outdated nodes, then wait until every pod is ready and level with the others.

        Nodes that are held up stay outdated: what they would wait for comes after this.
        """
        restarted: dict[str, str] = {}
        notes: list[str] = []
        while step := await self._next(restarted.keys()):
            node, facts = step
            if node.name in restarted:
                raise self._again(node)
            if not restarted:
                notes += await self._others_serve(node, facts)
            restarted[node.name] = await self._restart(node, facts, notes)
        await self._pairs.revive(self.nodes)
        left = await self._held_up(restarted.keys())
        current = [node for node in self.nodes if node.name not in left]
        await asyncio.gather(
            *(self._pairs.good(pod, "") for node in current for pod in self._pairs.names(node))
        )
        # A node that came back before the others could have no blocks from them yet.
        freed = [node for node in self.nodes if restarted.get(node.name)]
        newest = newest_heights(await self.facts()) if freed else {}
        await asyncio.gather(*(self._catching_up.back(node, newest) for node in freed))
        return Restarts(done=restarted, left=left, notes=tuple(notes))

    async def pauses(self) -> list[str]:
        """Return what stands still while outdated peers restart, each in its turn; empty if nothing does."""
        if self.memberships is None:
            return []
        facts = await self._facts_of_outdated()
        serving = {each.name: each.msp_id for each in facts if not serves_nobody(each)}
        restarting = [each.name for each in facts if is_outdated(each) and each.name in serving]
        return peer_pauses(restarting, serving, joined(self.memberships, facts))

    def _again(self, node: Node) -> ProviderError:
        return ProviderError(
            f"{' and '.join(self._pairs.names(node))}: restarted, and to restart again",
            hint="Does somebody else change its StatefulSet, or its volume? Then run it again.",
        )

    async def _held_up(self, done: Collection[str]) -> dict[str, str]:
        """Return the nodes that are still outdated, each with the others that hold its restart up."""
        facts = await self._facts_of_outdated(done)
        return {
            node.name: held_up(node, [each for each in facts if each is not node])
            for node in facts
            if is_outdated(node)
        }

    async def _next(self, done: Collection[str]) -> tuple[Node, list[NodeFacts]] | None:
        """Return the node that restarts next, with the facts of all; done: those that have restarted."""
        facts = await self._facts_of_outdated(done)
        chosen = self._chosen(facts)
        node = next((node for node in self.nodes if chosen is not None and node.name == chosen.name), None)
        return None if node is None else (node, facts)

    def _chosen(self, facts: Sequence[NodeFacts]) -> NodeFacts | None:
        if self.memberships is None:
            return next_restart(facts, self.rekeyed)
        return next_peer(facts, self.memberships)

    def _refusal(self, node: NodeFacts, others: Sequence[NodeFacts], heights: Mapping[str, int]) -> str:
        """Return why the others cannot spare a node; `heights`: what peers must have to count as serving."""
        if self.memberships is None:
            return restart_refusal(node, others)
        return peer_refusal(node, others, self.memberships, heights)

    async def _facts_of_outdated(self, done: Collection[str] = ()) -> list[NodeFacts]:
        """Return the facts of all nodes; none where the pods tell already that no node is to restart.

        Of a node with a database they do not tell everything. done: nodes that have restarted here: one that
        was marked since is for the rollout after the channels, which marked it.
        """
        states = await self.states()
        if not self.databases and not any(state.outdated for state in states.values()):
            return []
        marked = {name for name in done if states[name].outdated and not states[name].restarts_for_change}
        return [
            replace(each, pod=replace(each.pod, outdated=False)) if each.pod and each.name in marked else each
            for each in await self.facts()
        ]

    async def _facts(self, nodes: Sequence[Node]) -> list[NodeFacts]:
        states = await self.states()
        facts = await asyncio.gather(*(self.ask(node) for node in nodes))
        pods = {
            name: PodFacts(ready=state.ready, outdated=state.outdated, status=state.status)
            for name, state in states.items()
        }
        return [replace(each, pod=pods[each.name]) for each in facts]

    async def _restart(self, node: Node, facts: Sequence[NodeFacts], notes: list[str]) -> str:
        """Delete one node's outdated pods and wait for their successors to catch up; add to the notes.

        Return why the node could go without leave of the others: it served nobody; else "".
        """
        mine = next(each for each in facts if each.name == node.name)
        if never_back := ends_for_good(mine):
            raise ProviderError(f"{node.name}: {never_back}", hint=sentence(ENDED))
        reason = serves_nobody(mine)
        newest: Mapping[str, int] = newest_heights(facts)
        served = frozenset[str]()
        with doing(f"{node.name} is to restart"):
            if not reason:
                await self._pairs.revive(self.nodes)
                newest = await self._wait_until_spared(node, newest)
                served = await self._catching_up.served(node, mine)
                notes += await self._hand_over(node)
            await self._pairs.wait_for_database(node)
            notes += await self._pairs.withdraw(node)
        with doing(f"{node.name} restarts"):
            deleted = await self._pairs.delete_outdated(node, anew=lacks_state(mine))
            if not waits_for_successor(mine, facts):
                return reason
            for pod in self._pairs.names(node):
                await self._pairs.good(pod, deleted.get(pod, ""), node if pod == node.name else None)
            await (self._catching_up.back if reason else self._catching_up.level)(node, newest)
            notes += await self._catching_up.serving(node, served)
        return reason

    async def _others_serve(self, node: Node, facts: Sequence[NodeFacts]) -> list[str]:
        """Wait until the other orderers do what the first to restart does; return what they do not do.

        A run that was killed may have left one that has just started. Peers show it by their facts.
        """
        mine, *others = sorted(facts, key=lambda each: each.name != node.name)
        if self.memberships is not None or serves_nobody(mine):
            return []
        served = await self._catching_up.served(node, mine)
        # One that serves nobody, or only follows, is for others to judge: it is not waited for here.
        ordering = {
            each.name
            for each in others
            if not serves_nobody(each) and all(map(orders, each.channels.values()))
        }
        words = f"does not do all that {node.name} does, which restarts first"
        notes = await asyncio.gather(
            *(self._catching_up.serving(each, served, words) for each in self.nodes if each.name in ordering)
        )
        return [note for each in notes for note in each]

    async def _hand_over(self, leader: Node) -> list[str]:
        if self.hand_over is None:
            return []
        handing_over = HandingOver(ask=self.ask, nodes=self.nodes, act=self.hand_over, patience=self.patience)
        return await handing_over.all_of(leader, *await self._with_others(leader))

    async def _wait_until_spared(self, node: Node, heights: Mapping[str, int]) -> Mapping[str, int]:
        """Wait until the others can do without this node; return the heights that it has to reach again.

        `heights`: the newest of when the node was chosen.
        """

        async def look(_: float) -> tuple[NodeFacts, list[NodeFacts]]:
            return await self._with_others(node)

        def never_spared(facts: tuple[NodeFacts, list[NodeFacts]]) -> ProviderError:
            return ProviderError(
                f"{node.name} is outdated, but cannot be spared after {self.patience:.0f} s\n"
                f"  {self._refusal(*facts, heights)}",
                hint=f"{restart_hint(facts[1])} Nothing was restarted meanwhile.",
            )

        mine, others = await poll(
            look,
            lambda facts: not self._refusal(*facts, heights),
            deadline=self.patience,
            otherwise=never_spared,
            until=lambda facts: f"until the others can spare it: {self._refusal(*facts, heights)}",
        )
        return expected_heights(mine, newest_heights([mine, *others]))

    async def _with_others(self, node: Node) -> tuple[NodeFacts, list[NodeFacts]]:
        facts = await self.facts()
        mine = next(each for each in facts if each.name == node.name)
        return mine, [each for each in facts if each is not mine]

    async def _states(self, node: Node) -> list[PodState]:
        return await self._pairs.states(node)
