"""Take an instance to sleep, or wake it: see, have the planner decide, scale, wait."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from heddle.errors import ProviderError
from heddle.kube.workloads import FoundWorkload, Workloads
from heddle.network.ledgermarks import LedgerMark, mark_texts, most_blocks, read_marks
from heddle.planner.facts import LedgerState, NodeFacts, describe
from heddle.planner.power import Await, Kind, Scale, Workload, sleeping_step, waking_step
from heddle.provider.power.nodes import PowerNodes
from heddle.text import some
from heddle.waiting import poll

__all__ = ["Marks", "Scaler"]

Marks = Mapping[str, Mapping[str, LedgerMark]]
"""What ledgers have, by node and channel."""

_GOING = 120.0
"""Seconds for pods to go: Kubernetes kills what has not ended by itself after 30 s."""
_QUIET = 10.0
"""Seconds for nodes to become level with each other once no chaincode runs: then their heights are noted."""


@dataclass(kw_only=True)
class Scaler:
    """Scale the workloads of an instance down and up in order. `patience`: seconds for each wait of waking.

    notes: what went otherwise than it should, and did not keep the rest from sleeping or waking.
    """

    cluster: Workloads
    nodes: PowerNodes
    patience: float
    notes: list[str] = field(default_factory=list)

    async def sleep(self) -> Marks:
        """Scale everything down in order, healthy or not; return what the ledgers had."""
        leaders: frozenset[str] | None = None
        given_up: set[str] = set()
        while step := sleeping_step(seen := await self._seen(leaders or ()), given_up):
            if isinstance(step, Await):
                given_up |= await self._until_gone(step.gone)
                continue
            kinds = {each.kind for each in seen if each.name in step.replicas}
            if leaders is None and kinds == {Kind.ORDERER}:
                leaders = _leaders(await self.nodes.facts(step.replicas))
                continue
            await self._stop(step, noted=kinds <= {Kind.PEER, Kind.ORDERER})
        found = await self._disowned()
        return {name: read_marks(each.ledgers) for name, each in found.items() if each.ledgers}

    async def wake(self, noted: Marks) -> Marks:
        """Scale everything up in order, and prove that the ledgers have what was noted; return that.

        Raises ProviderError where a channel finds no leader, or a ledger has not what it had.
        """
        noted = noted or {
            name: read_marks(each.ledgers)
            for name, each in (await self.cluster.found()).items()
            if each.ledgers
        }
        leaderless, given_up = frozenset(self.nodes.channels), set[str]()
        while step := waking_step(await self._seen(), leaderless, given_up):
            if isinstance(step, Scale):
                await self._scale(step)
            elif step.led:
                await self._until_led()
                leaderless = frozenset()
            else:
                given_up |= await self._until_ready(step.ready)
        await self._prove(noted, given_up)
        for each in (await self.cluster.found()).values():
            if each.ledgers:
                await self.cluster.forget_ledgers(each)
        await self._disowned()
        return noted

    async def _disowned(self) -> Mapping[str, FoundWorkload]:
        """Leave the numbers of replicas to Pulumi again; return the workloads."""
        found = await self.cluster.found()
        await asyncio.gather(*(self.cluster.disown(each) for each in found.values() if each.owned))
        return found

    async def _seen(self, leaders: Collection[str] = ()) -> list[Workload]:
        return self.nodes.workloads(await self.cluster.found(), leaders)

    async def _stop(self, step: Scale, *, noted: bool) -> None:
        """Scale workloads down, each in one write with the note on what its node's ledgers have, if any."""
        marks = await self.nodes.marks(await self._quiet(step)) if noted else {}
        await self._scale(step, {name: mark_texts(each) for name, each in marks.items()})

    async def _scale(self, step: Scale, notes: Mapping[str, Mapping[str, str]] | None = None) -> None:
        found = await self.cluster.found()

        async def scale(name: str, count: int) -> None:
            await self.cluster.scale(found[name], count, (notes or {}).get(name))
            # At once: a run that is killed must not leave a number that Pulumi cannot change.
            await self.cluster.disown(found[name])

        await asyncio.gather(*(scale(name, count) for name, count in step.replicas.items()))

    async def _quiet(self, step: Scale) -> list[NodeFacts]:
        """Return the nodes' facts once those that answer are level, or after a while as they are."""
        return await poll(
            lambda _: self.nodes.facts(step.replicas),
            _are_level,
            deadline=_QUIET,
            pause=0.2,
            until=f"until {some(sorted(step.replicas))} have the same blocks",
        )

    async def _until_gone(self, names: Collection[str]) -> set[str]:
        """Return those whose pods stay: their machines are off, or something holds them."""

        async def look(_: float) -> list[str]:
            found = await self.cluster.found()
            return [name for name in names if name in found and found[name].pods]

        def until(left: list[str]) -> str:
            return f"until the pods of {some(sorted(left))} are gone"

        stay = await poll(look, lambda left: not left, deadline=_GOING, pause=0.2, until=until)
        for name in stay:
            state = await self.cluster.state(name)
            self.notes.append(f"{name}: its pod is still there: {state.status if state else 'unknown'}")
        return set(stay)

    async def _until_led(self) -> None:
        async def look(_: float) -> list[NodeFacts]:
            return await self.nodes.facts([node.name for node in self.nodes.orderers])

        def until(told: list[NodeFacts]) -> str:
            return f"until channels have a leader: {some(list(self.nodes.leaderless(told)))}"

        facts = await poll(
            look, lambda told: not self.nodes.leaderless(told), deadline=self.patience, until=until
        )
        if waiting := self.nodes.leaderless(facts):
            raise await self._no_leader(waiting, facts)

    async def _no_leader(self, waiting: Mapping[str, str], facts: Sequence[NodeFacts]) -> ProviderError:
        lines = [*waiting.values()]
        for each in facts:
            lines += [
                f"{each.name}: {channel}: {describe(answer)}"
                for channel, answer in each.channels.items()
                if channel in waiting and not (isinstance(answer, LedgerState) and answer.status == "active")
            ]
            lines += await self._pod_words(each.name)
        listed = "\n  ".join(dict.fromkeys(lines))
        return ProviderError(
            f"the instance does not wake: after {self.patience:.0f} s\n  {listed}",
            hint="Orderers run as far as they can, all else sleeps on. Mend what is said, then run it again: "
            "it goes on from here.",
        )

    async def _pod_words(self, name: str) -> list[str]:
        state = await self.cluster.state(name)
        if state is not None and state.ready:
            return []
        words = "it has no StatefulSet" if state is None else state.status
        evidence = await self.cluster.evidence(name)
        return [f"{name}: pod: {words}", *(line.strip() for line in evidence.splitlines())]

    async def _until_ready(self, names: Collection[str]) -> set[str]:
        """Return those that are not ready after a while: the others wake without them."""

        async def look(_: float) -> list[Workload]:
            return [each for each in await self._seen() if each.name in names and each.ready < each.awake]

        def until(unready: list[Workload]) -> str:
            return f"until the pods of {some([each.name for each in unready])} are ready"

        left = await poll(look, lambda unready: not unready, deadline=self.patience, pause=0.2, until=until)
        for each in left:
            words = await self._pod_words(each.name) if each.kind != Kind.SERVER else []
            self.notes += words or [f"{each.name}: {each.ready} of {each.awake} pods are ready"]
        return {each.name for each in left}

    async def _prove(self, noted: Marks, given_up: Collection[str]) -> None:
        """Wait until every node that woke has the blocks that were noted of it.

        A node that lacks some is told of; it is an error if a channel lost them on all.
        """
        names = [node.name for node in (*self.nodes.orderers, *self.nodes.peers) if node.name not in given_up]
        wanted = {name: each for name, each in noted.items() if name in names}
        lacking: dict[str, dict[str, str]] = {}

        async def look(_: float) -> list[NodeFacts]:
            nonlocal lacking
            facts = await self.nodes.facts(names)
            lacking = await self.nodes.departures(facts, wanted)
            return facts

        def until(_: object) -> str:
            return f"until the ledgers of {some(sorted(lacking))} have what was noted of them"

        facts = await poll(look, lambda _: not lacking, deadline=self.patience, until=until)
        self.notes += [
            f"{name}: {channel}: {words}" for name, each in lacking.items() for channel, words in each.items()
        ]
        if lost := _lost(noted, facts):
            listed = "\n  ".join(lost)
            raise ProviderError(
                f"ledgers have less than when the instance went to sleep\n  {listed}",
                hint="No node has these blocks any more: restore its volumes before anybody writes. "
                "Nothing was forgotten: run it again afterwards.",
            )


def _leaders(facts: Sequence[NodeFacts]) -> frozenset[str]:
    return frozenset(each.name for each in facts if each.leads_any)


def _are_level(facts: Sequence[NodeFacts]) -> bool:
    heights: dict[str, set[int]] = {}
    for each in facts:
        for channel, answer in each.channels.items():
            if isinstance(answer, LedgerState):
                heights.setdefault(channel, set()).add(answer.height)
    return all(len(each) == 1 for each in heights.values())


def _lost(noted: Marks, facts: Sequence[NodeFacts]) -> list[str]:
    """Return the channels whose newest noted block no node has."""
    lines = []
    for channel, height in most_blocks(noted.values()).items():
        told = [each.channels.get(channel) for each in facts]
        own = max((each.height for each in told if isinstance(each, LedgerState)), default=0)
        if own < height:
            lines.append(f"channel {channel}: {own} of {height} blocks")
    return lines
