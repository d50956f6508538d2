"""Sleeping and waking in a simulated cluster: in which order, what is noted, proved and refused."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

import pytest

from heddle.errors import FabricError, ProviderError
from heddle.fabric.connection import Connections
from heddle.kube.pods import PodState
from heddle.kube.workloads import FoundWorkload, Workloads
from heddle.network.ledgermarks import LedgerMark
from heddle.planner.facts import ConsensusCounts, LedgerState, NoAnswer, NodeFacts
from heddle.provider.power import scaling
from heddle.provider.power.nodes import PowerNodes
from heddle.provider.power.scaling import Scaler

HEIGHT = 17
ORDERERS, PEERS = ("orderer0", "orderer1", "orderer2"), ("peer0", "peer1")
NAMES = ("assets", *PEERS, "couch0", *ORDERERS)


class Killed(Exception):  # noqa: N818 - an end, not an error
    """The end of a process."""


@dataclass
class Cluster:
    """StatefulSets and a Deployment whose pods follow at once, but for `stuck` and `broken` ones."""

    found_: dict[str, FoundWorkload]
    stuck: Collection[str] = ()
    broken: Collection[str] = ()
    scaled: list[tuple[str, int]] = field(default_factory=list)
    killed_after: int | None = None

    async def found(self) -> dict[str, FoundWorkload]:
        return dict(self.found_)

    async def scale(
        self, workload: FoundWorkload, replicas: int, ledgers: Mapping[str, str] | None = None
    ) -> None:
        if self.killed_after is not None and len(self.scaled) >= self.killed_after:
            raise Killed
        self.scaled.append((workload.name, replicas))
        now = self.found_[workload.name]
        self.found_[workload.name] = replace(
            now,
            replicas=replicas,
            pods=now.pods if workload.name in self.stuck and not replicas else replicas,
            ready=0 if workload.name in self.broken else replicas,
            ledgers=ledgers or now.ledgers,
            owned=True,
        )

    async def disown(self, workload: FoundWorkload) -> None:
        self.found_[workload.name] = replace(self.found_[workload.name], owned=False)

    async def forget_ledgers(self, workload: FoundWorkload) -> None:
        self.found_[workload.name] = replace(self.found_[workload.name], ledgers={})

    async def state(self, name: str) -> PodState:
        ready = bool(self.found_[name].ready)
        return PodState(node=name, settled=True, ready=ready, status="Pending, its machine is off")

    async def evidence(self, name: str) -> str:
        return f"  log {name} does not start"

    @property
    def order(self) -> list[str]:
        return [name for name, _ in self.scaled]


@dataclass(frozen=True, kw_only=True)
class Nodes(PowerNodes):
    """Nodes that answer while their pods are ready, unless they are `silent`."""

    cluster: Cluster
    heights: dict[str, int] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()
    leader: str = "orderer1"
    hashes: dict[str, str] = field(default_factory=dict)

    async def facts(self, names: Collection[str]) -> list[NodeFacts]:
        return [self._facts(name) for name in (*ORDERERS, *PEERS) if name in names]

    def _facts(self, name: str) -> NodeFacts:
        kind: Literal["orderer", "peer"] = "peer" if name in PEERS else "orderer"
        if not self.cluster.found_[name].ready or name in self.silent:
            return NodeFacts(name=name, kind=kind, channels={"trade": NoAnswer(reason="silent")})
        answer = LedgerState(
            relation="peer" if kind == "peer" else "consenter",
            status="joined" if kind == "peer" else "active",
            height=self.heights.get(name, HEIGHT),
            leader=name == self.leader,
        )
        return NodeFacts(name=name, kind=kind, channels={"trade": answer})

    async def marks(self, facts: Iterable[NodeFacts]) -> dict[str, dict[str, LedgerMark]]:
        return {
            each.name: {"trade": LedgerMark(height=answer.height, newest_hash="ab")}
            for each in facts
            if isinstance(answer := each.channels["trade"], LedgerState)
        }

    async def departures(
        self, facts: Iterable[NodeFacts], noted: Mapping[str, Mapping[str, LedgerMark]]
    ) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for each in facts:
            for channel, mark in noted.get(each.name, {}).items():
                answer = each.channels[channel]
                if not isinstance(answer, LedgerState) or answer.height < mark.height:
                    found[each.name] = {channel: "lacks blocks"}
                elif self.hashes.get(each.name, "ab") != mark.newest_hash:
                    raise FabricError(f"{each.name}: {channel}: another block")
        return found


def cluster(replicas: int = 1, **given: Any) -> Cluster:
    found = {
        name: FoundWorkload(
            name=name,
            plural="deployments" if name == "assets" else "statefulsets",
            replicas=replicas,
            pods=replicas,
            ready=replicas,
        )
        for name in NAMES
    }
    return Cluster(found_=found, **given)


def scaler(there: Cluster, *, patience: float = 0.3, **given: Any) -> Scaler:
    inputs = {
        "orderers": [_node(name) for name in ORDERERS],
        "peers": [_node(name) for name in PEERS],
        "databases": {"peer0": "couch0"},
        "servers": {"assets": 2},
        "channels": {"trade": list(PEERS)},
        "operationsTls": {"certificate": "", "privateKey": ""},
    }
    nodes = Nodes(connections=cast("Connections", None), inputs=inputs, cluster=there, **given)
    return Scaler(cluster=cast("Workloads", there), nodes=nodes, patience=patience)


def _node(name: str) -> dict[str, Any]:
    return {"name": name, "mspId": "M", "host": name, "port": 1, "tlsRootCertificates": []}


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here changes by waiting."""
    monkeypatch.setattr(scaling, "_GOING", 0.2)
    monkeypatch.setattr(scaling, "_QUIET", 0.2)


async def test_sleep_goes_from_chaincode_to_the_leader() -> None:
    """Each node's blocks are noted in the write that stops it."""
    there = cluster()
    marks = await scaler(there).sleep()

    assert there.order == ["assets", "peer0", "peer1", "couch0", "orderer0", "orderer2", "orderer1"]
    assert {count for _, count in there.scaled} == {0}
    assert {name: str(each["trade"]) for name, each in marks.items()} == dict.fromkeys(
        (*PEERS, *ORDERERS), f"{HEIGHT} ab"
    )
    assert there.found_["orderer1"].ledgers == {"trade": f"{HEIGHT} ab"}
    assert not any(each.owned for each in there.found_.values()), "Pulumi applies the numbers, now and later"


async def test_wake_goes_from_the_orderers_to_chaincode() -> None:
    """And the notes are taken away once they are proved."""
    there = cluster()
    marks = await scaler(there).sleep()
    there.scaled.clear()

    again = scaler(there)
    assert await again.wake(marks) == marks

    assert there.scaled == [
        *((name, 1) for name in (*ORDERERS, "couch0", *PEERS)),
        ("assets", 2),
    ]
    assert not again.notes
    assert not any(each.ledgers for each in there.found_.values())


async def test_a_broken_network_falls_asleep_too() -> None:
    """Nodes that tell nothing, pods that do not go, orderers without a majority: nobody is waited for."""
    there = cluster(stuck={"peer1", "orderer2"})
    taken = scaler(there, silent=frozenset({"peer0", "orderer0", "orderer1"}))
    marks = await taken.sleep()

    assert not any(each.replicas for each in there.found_.values())
    assert sorted(marks) == ["orderer2", "peer1"]
    assert [note.partition(":")[0] for note in taken.notes] == ["peer1", "orderer2"]
    assert all("its machine is off" in note for note in taken.notes)


@pytest.mark.parametrize("writes", range(len(NAMES)))
async def test_killed_at_any_write_it_goes_on(writes: int) -> None:
    """To sleep, with the same notes; or awake again, since the notes are in the cluster."""
    there = cluster(killed_after=writes)
    with pytest.raises(Killed):
        await scaler(there).sleep()
    there.killed_after = None

    marks = await scaler(there).sleep()
    assert {name: str(each["trade"]) for name, each in marks.items()} == dict.fromkeys(
        (*PEERS, *ORDERERS), f"{HEIGHT} ab"
    )
    there.killed_after = len(there.scaled) + writes
    with pytest.raises(Killed):
        await scaler(there).wake({})
    there.killed_after = None
    assert await scaler(there).wake({}) == marks
    assert all(each.replicas for each in there.found_.values())


async def test_without_a_majority_nothing_but_orderers_wakes() -> None:
    """The error says how the channel stands, which orderers do not come, and their logs."""
    there = cluster()
    marks = await scaler(there).sleep()
    there.broken = {"orderer0", "orderer1"}
    there.scaled.clear()
    with pytest.raises(ProviderError) as error:
        await scaler(there).wake(marks)

    assert sorted(there.order) == sorted(ORDERERS)
    words = str(error.value)
    assert "channel trade: stopped, 1 more must come back (1 of 3 order, 2 are needed)" in words
    for name in ("orderer0", "orderer1"):
        assert f"{name}: pod: Pending, its machine is off" in words
        assert f"log {name} does not start" in words
    assert "orderer2" not in words
    assert "it goes on from here" in words


async def test_one_node_that_does_not_come_back_is_told_of() -> None:
    """The others wake, and have all blocks."""
    for name in ("orderer0", "peer1", "couch0", "assets"):
        there = cluster()
        marks = await scaler(there).sleep()
        there.broken = {name}
        waking = scaler(there)
        await waking.wake(marks)
        assert all(each.replicas for each in there.found_.values())
        assert waking.notes[0].startswith(f"{name}: "), waking.notes


async def test_a_ledger_with_another_block_is_an_error() -> None:
    """Whoever put another volume there must not find that out by a fork."""
    there = cluster()
    marks = await scaler(there).sleep()
    with pytest.raises(FabricError, match="peer1: trade: another block"):
        await scaler(there, hashes={"peer1": "cd"}).wake(marks)
    assert there.found_["peer1"].ledgers, "what was noted is kept for the next try"


async def test_blocks_that_no_node_has_any_more_are_an_error() -> None:
    """Fewer blocks on one node are its own loss, which the others make good; on all they are gone."""
    there = cluster()
    marks = await scaler(there).sleep()
    fewer = dict.fromkeys((*ORDERERS, *PEERS), HEIGHT - 2)
    with pytest.raises(ProviderError, match=f"channel trade: {HEIGHT - 2} of {HEIGHT} blocks"):
        await scaler(there, heights=fewer).wake(marks)

    behind = scaler(there, heights={"peer1": HEIGHT - 2})
    await behind.wake(marks)
    assert behind.notes == ["peer1: trade: lacks blocks"]


@pytest.mark.parametrize(
    ("counts", "leader", "waits"),
    [
        (ConsensusCounts(), "orderer1", ""),
        (ConsensusCounts(), "", "channel trade: no orderer leads it yet"),
        (ConsensusCounts(consenters=5), "", ""),
        (ConsensusCounts(consenters=4, bft=True), "", ""),
    ],
    ids=["led", "election", "led-elsewhere", "bft"],
)
async def test_a_leader_is_waited_for_where_one_must_be_here(
    counts: ConsensusCounts, leader: str, waits: str
) -> None:
    """Other organizations' orderers may lead, and BFT's view says who does: a quorum must do there."""
    there = cluster()
    nodes = scaler(there, leader=leader).nodes
    facts = [
        replace(each, channels={"trade": replace(answer, counts=counts)})
        for each in await nodes.facts(ORDERERS)
        if isinstance(answer := each.channels["trade"], LedgerState)
    ]

    assert nodes.leaderless(facts) == ({"trade": waits} if waits else {})
