"""A network of real processes sleeps and wakes: what Power does with pods, done with programs."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from heddle.errors import FabricError, ProviderError
from heddle.fabric import gateway
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.kube.pods import PodState
from heddle.kube.workloads import FoundWorkload, Workloads
from heddle.provider.power.nodes import PowerNodes
from heddle.provider.power.scaling import Marks, Scaler
from tests.provider.harness import node_value, signer_value, tls_value
from tests.real.network import RealNetwork, real_network
from tests.real.steps import deploy_assets, make_channel

__all__ = ["connections", "real_network"]

pytestmark = pytest.mark.real

PUTS = 5


@dataclass
class Programs:
    """The network's programs in place of pods: a workload of 0 replicas is a program that does not run."""

    network: RealNetwork
    broken: set[str] = field(default_factory=set)
    notes: dict[str, Mapping[str, str]] = field(default_factory=dict)
    scaled: list[str] = field(default_factory=list)

    async def found(self) -> dict[str, FoundWorkload]:
        return {name: self._found(name) for name in self.network.programs}

    def _found(self, name: str) -> FoundWorkload:
        count = int(self.network.programs[name].running)
        wanted = count or int(name in self.broken)
        notes = self.notes.get(name, {})
        return FoundWorkload(name=name, plural="", replicas=wanted, pods=count, ready=count, ledgers=notes)

    async def scale(
        self, workload: FoundWorkload, replicas: int, ledgers: Mapping[str, str] | None = None
    ) -> None:
        self.scaled.append(workload.name)
        program = self.network.programs[workload.name]
        if ledgers:
            self.notes[workload.name] = ledgers
        if not replicas:
            await asyncio.to_thread(program.stop)
        elif workload.name not in self.broken:
            program.start()
            await asyncio.to_thread(program.wait)

    async def disown(self, workload: FoundWorkload) -> None:
        """Programs have no owner."""

    async def forget_ledgers(self, workload: FoundWorkload) -> None:
        self.notes.pop(workload.name, None)

    async def state(self, name: str) -> PodState:
        running = self.network.programs[name].running
        return PodState(node=name, settled=True, ready=running, status="ended")

    async def evidence(self, name: str) -> str:
        return self.network.programs[name].tail(2)


@pytest.fixture
async def connections() -> AsyncIterator[Connections]:
    async with Connections(DirectDialer()) as opened:
        yield opened


def scaler(network: RealNetwork, there: Programs, connections: Connections) -> Scaler:
    nodes = {node.name for node in (*network.orderers, *network.peers)}
    inputs: dict[str, Any] = {
        "orderers": [node_value(node) for node in network.orderers],
        "peers": [node_value(node) for node in network.peers],
        "servers": {name: 1 for name in network.programs if name not in nodes},
        "channels": {"channel": [peer.name for peer in network.peers]},
        "certificates": {},
        "adminTls": tls_value(network.admin_tls),
        "operationsTls": tls_value(network.operations_tls),
        "signers": [signer_value(each.admin) for each in (network.ordering, *network.organizations.values())],
    }
    nodes_of = PowerNodes(connections=connections, inputs=inputs)
    return Scaler(cluster=cast("Workloads", there), nodes=nodes_of, patience=60)


async def _put(connections: Connections, network: RealNetwork, name: str) -> None:
    (organization, *_) = network.organizations.values()
    call = ("put", name, "ada", "7")
    await gateway.invoke(
        connections, network.peers[0], organization.user, "channel", "assets", call, deadline=60
    )


def _heights(marks: Marks) -> set[str]:
    return {str(each["channel"]) for each in marks.values()}


async def test_a_network_sleeps_and_wakes_with_all_its_blocks(
    real_network: RealNetwork, connections: Connections
) -> None:
    """Every node has the block of that number and hash again; another block is told, and a missing one."""
    await make_channel(connections, real_network)
    await deploy_assets(connections, real_network)
    for number in range(PUTS):
        await _put(connections, real_network, f"a{number}")

    there = Programs(real_network)
    begun = time.monotonic()
    marks = await scaler(real_network, there, connections).sleep()
    slept = time.monotonic()
    nodes = {node.name for node in (*real_network.orderers, *real_network.peers)}
    assert set(marks) == nodes
    (mark,) = _heights(marks)
    assert len(mark.split()) == 2, "also the newest block's hash is known of every node"
    assert not any(program.running for program in real_network.programs.values())
    assert [each.name for each in real_network.peers] == [name for name in there.scaled if "peer" in name]

    waking = scaler(real_network, there, connections)
    assert await waking.wake(marks) == marks
    print(f"asleep after {slept - begun:.1f} s, awake after {time.monotonic() - slept:.1f} s: {mark}")
    assert not waking.notes
    assert not there.notes
    await _put(connections, real_network, "awake")

    await _expect_told(waking, marks)
    await _wake_without_majority(real_network, there, connections)


async def _expect_told(waking: Scaler, marks: Marks) -> None:
    """Hold ledgers against other marks than theirs."""
    peer = waking.nodes.peers[0].name
    facts = await waking.nodes.facts([peer])
    mark = marks[peer]["channel"]
    more = replace(mark, height=mark.height + 100)
    lacking = await waking.nodes.departures(facts, {peer: {"channel": more}})
    assert lacking[peer]["channel"].endswith(f" of {more.height}")
    for node in (waking.nodes.peers[0], waking.nodes.orderers[0]):
        facts = await waking.nodes.facts([node.name])
        other = replace(mark, newest_hash="ab" * 32)
        with pytest.raises(FabricError, match=f"{node.name}: channel: block {mark.height - 1} has hash"):
            await waking.nodes.departures(facts, {node.name: {"channel": other}})


async def _wake_without_majority(network: RealNetwork, there: Programs, connections: Connections) -> None:
    """Two of three orderers do not come back: no peer starts, and the error says which; then they do."""
    marks = await scaler(network, there, connections).sleep()
    there.broken = {node.name for node in network.orderers[1:]}
    waking = scaler(network, there, connections)
    waking.patience = 5
    with pytest.raises(ProviderError, match="channel channel: stopped, 1 more must come back") as error:
        await waking.wake(marks)
    assert all(f"{name}: pod: ended" in str(error.value) for name in there.broken)
    assert not any(network.programs[peer.name].running for peer in network.peers)

    there.broken.clear()
    assert await scaler(network, there, connections).wake(marks) == marks
    await _put(connections, network, "awake again")
