"""`triage` looks at everything and writes nothing: neither to the API server nor to a node."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from heddle.fabric.connection import Connections
from heddle.fabric.definition import Definition
from heddle.fabric.dial import ClusterDialer, DirectDialer
from heddle.kube.client import KubeClient
from heddle.network.facts import node_facts
from heddle.network.network import Network
from heddle.planner.facts import LedgerState
from heddle.planner.looks import Facts
from heddle.planner.triage import Finding, find
from heddle.runbooks.context import Context
from heddle.runbooks.triagefacts import look
from tests.contract.standins import prepared_standins
from tests.logs.cluster import Cluster
from tests.logs.samples import OTHER, PEER, network_on, node_pod, stamped
from tests.network.processes import network_of_processes
from tests.real.network import RealNetwork, running
from tests.real.steps import Packaged, define, make_channel

NAMESPACE = "/api/v1/namespaces/fabric-dev"
PATH = "/apis/apps/v1/namespaces/fabric-dev/statefulsets"
PANIC = (Path(__file__).parents[1] / "cases/runbooks/logs/state.log").read_text().splitlines()
PACKAGE = Packaged(label="assets", package=b"", package_id="assets:00")


def statefulset(name: str, *, replicas: int = 1) -> dict[str, Any]:
    template: dict[str, Any] = {"spec": {"volumes": []}}
    return {
        "metadata": {"name": name, "generation": 1, "namespace": "fabric-dev"},
        "spec": {"replicas": replicas, "template": template},
        "status": {"observedGeneration": 1, "replicas": replicas, "readyReplicas": 0},
    }


def broken_cluster() -> Cluster:
    """A peer that crashes on its ledger, one that somebody scaled to 0, an orderer that is missing."""
    crashing = node_pod(PEER, [stamped(0, line) for line in PANIC], [stamped(1, line) for line in PANIC])
    crashing.running = False
    cluster = Cluster([crashing])
    sets = {PEER: statefulset(PEER), OTHER: statefulset(OTHER, replicas=0)}
    cluster.objects = {
        "/version": {"gitVersion": "v1.32.0", "major": "1", "minor": "32"},
        NAMESPACE: {"metadata": {"name": "fabric-dev"}},
        PATH: list(sets.values()),
        **{f"{PATH}/{name}": each for name, each in sets.items()},
        "/api/v1/nodes": [
            {
                "metadata": {"name": "worker1"},
                "status": {
                    "conditions": [{"type": "Ready", "status": "False", "message": "kubelet stopped"}]
                },
            }
        ],
    }
    return cluster


def context_of(network: Network) -> Context:
    return Context(
        stack="dev",
        kubeconfig=network.access.kubeconfig,
        deployed=network,
        packages=(),
        approvals=(),
        namespaces={"fabric-dev": "dev"},
    )


async def looked(network: Network, connections: Connections) -> Facts:
    async with await KubeClient.open(network.access.kubeconfig) as client:
        return await look(context_of(network), client, connections, patience=20)


def told(findings: tuple[Finding, ...]) -> list[str]:
    return [f"{each.cause}: {each.about}" for each in findings]


async def test_what_is_wrong_is_found_and_nothing_is_written_to_the_api_server() -> None:
    """Every request asks; port-forwards and logs do, too."""
    cluster = broken_cluster()
    async with await cluster.start():
        network = network_on(cluster)
        async with Connections(ClusterDialer(network.access.kubeconfig)) as connections:
            facts = await looked(network, connections)
        await cluster.close()
    found = told(find(facts))

    assert "ledger-broken: peer0-one" in found
    assert "workload-missing: orderer0-orderer" in found
    assert "scaled-down: peer0-two" in found
    assert "machine-troubled: worker1" in found
    assert found.count("chaincode-server-missing: assets") == 2
    assert {each.partition(" ")[0] for each in cluster.requests} == {"GET"}
    assert not [each for each in cluster.requests if "/exec" in each or "/attach" in each]


async def test_an_api_server_that_does_not_answer_is_the_only_finding() -> None:
    """Whoever looks waits for nothing else."""
    cluster = Cluster([])
    async with await cluster.start():
        network = network_on(cluster)
    async with Connections(ClusterDialer(network.access.kubeconfig)) as connections:
        facts = await looked(network, connections)

    assert told(find(facts)) == ["cluster-unreachable: the cluster"]


@pytest.fixture(scope="module")
def standins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealNetwork]:
    """One orderer and a peer."""
    yield from running(prepared_standins(tmp_path_factory.mktemp("n"), orderers=1, peers={"alpha": 1}))


async def ledgers(network: Network) -> dict[str, Any]:
    """What every node has: blocks and their newest hash, by channel."""
    async with Connections(DirectDialer()) as connections:
        facts = await node_facts(network, connections, list(network.instance.channels), deadline=20)
    return {
        each.name: {
            name: (state.relation, state.status, state.height, state.newest_hash)
            for name, state in each.channels.items()
            if isinstance(state, LedgerState)
        }
        for each in facts
    }


def test_nothing_is_written_to_a_node(standins: RealNetwork) -> None:
    """Channels, memberships and blocks are afterwards what they were; healthy nodes are no finding."""

    async def scene() -> tuple[dict[str, Any], Facts, dict[str, Any]]:
        async with Connections(DirectDialer()) as connections:
            await make_channel(connections, standins)
            packages = dict.fromkeys(standins.organizations, PACKAGE)
            await define(connections, standins, Definition(name="assets", version="1", sequence=1), packages)
            cluster = Cluster([])
            cluster.objects = {"/version": {"gitVersion": "v1.32.0"}}
            async with await cluster.start():
                network = network_of_processes(standins)
                network = replace(network, access=replace(network.access, kubeconfig=cluster.kubeconfig))
                before = await ledgers(network)
                facts = await looked(network, connections)
                await cluster.close()
                return before, facts, await ledgers(network)

    before, facts, after = asyncio.run(scene())

    assert before == after
    assert all(each["channel"][2] > 1 for each in before.values())
    assert [each.problems for each in facts.nodes] == [(), ()]
