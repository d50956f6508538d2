"""A closer look reads, writes nothing, and says of machines and pods what the API server has."""

from dataclasses import replace
from typing import Any

from heddle.fabric.connection import Connections
from heddle.fabric.dial import ClusterDialer
from heddle.kube.client import KubeClient
from heddle.planner.looks import Facts, PodLook
from heddle.runbooks.closerlook import look_closer
from heddle.runbooks.ledgerjobs import folder_aside_job
from heddle.runbooks.machinelook import look_at_machines
from heddle.runbooks.waylook import way_to_api_server
from tests.logs.cluster import Cluster
from tests.logs.samples import PEER, network_on, node_pod, stamped
from tests.runbooks.test_triage import context_of, statefulset

MACHINE = {
    "metadata": {"name": "m1"},
    "spec": {
        "unschedulable": True,
        "taints": [
            {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"},
            {"key": "gpu", "value": "yes", "effect": "NoSchedule"},
        ],
    },
    "status": {
        "allocatable": {"cpu": "1500m", "memory": "2Gi"},
        "images": [{"names": ["x:1", "x@sha256:0"]}],
        "conditions": [{"type": "Ready", "status": "True"}],
    },
}
SUMMARY = {
    "node": {
        "cpu": {"usageNanoCores": 1_400_000_000},
        "memory": {"workingSetBytes": 1 << 30},
        "fs": {"capacityBytes": 100, "availableBytes": 5},
    },
    "pods": [
        {"podRef": {"namespace": "a", "name": "light"}, "cpu": {"usageNanoCores": 1}},
        {"podRef": {"namespace": "b", "name": "heavy"}, "cpu": {"usageNanoCores": 1_000_000_000}},
    ],
}


def cluster() -> Cluster:
    """A machine that takes no pods, and a peer that ended."""
    crashing = node_pod(PEER, [stamped(0, "panic: x")], [stamped(1, "panic: y")])
    crashing.running = False
    found = Cluster([crashing])
    workload: dict[str, Any] = statefulset(PEER)
    workload["spec"]["template"]["spec"]["containers"] = [{"name": "peer", "image": "x:gone"}]
    path = "/apis/apps/v1/namespaces/fabric-dev/statefulsets"
    found.objects = {
        path: [workload],
        "/api/v1/nodes": [MACHINE],
        "/api/v1/nodes/m1/proxy/stats/summary": SUMMARY,
        "/apis/storage.k8s.io/v1/csinodes": [
            {
                "metadata": {"name": "m1"},
                "spec": {"drivers": [{"allocatable": {"count": 10}}, {"allocatable": {"count": 8}}]},
            }
        ],
    }
    return found


async def test_a_closer_look_only_reads() -> None:
    """A workload with its image and the one of the last `up`; of a pod that ended, its last words."""
    served = cluster()
    async with await served.start():
        network = network_on(served)
        context = replace(context_of(network), images={PEER: "x:1"})
        facts = Facts(stack="dev", pods=(PodLook(owner=PEER, pod=f"{PEER}-0", kind="peer", reason="Error"),))
        async with (
            await KubeClient.open(network.access.kubeconfig) as client,
            Connections(ClusterDialer(network.access.kubeconfig)) as connections,
        ):
            found = await look_closer("image-pull", context, client, connections, facts)
        await served.close()

    assert (found.workloads[PEER].image, found.workloads[PEER].declared) == ("x:gone", "x:1")
    assert found.pods[f"{PEER}-0"].log == "panic: y\n"
    assert found.unknown == {}
    assert {each.partition(" ")[0] for each in served.requests} == {"GET"}


async def test_machines_say_what_is_asked_for_and_used() -> None:
    """Cordoning is no taint of its own; the driver that allows fewest volumes counts."""
    served = cluster()
    async with await served.start():
        async with await KubeClient.open(network_on(served).access.kubeconfig) as client:
            machine = (await look_at_machines(client))["m1"]
        await served.close()

    assert (machine.cordoned, machine.taints) == (True, ("gpu=yes:NoSchedule",))
    assert (machine.processors, machine.memory, machine.volume_limit) == (1.5, 2 << 30, 8)
    assert (machine.used_processors, machine.disk_share) == (1.4, 0.95)
    assert machine.heaviest[0][:2] == ("b", "heavy")
    assert machine.images == {"x:1", "x@sha256:0"}


async def test_the_way_to_an_api_server_says_how_far_it_goes() -> None:
    """Nothing listens on a port that was just closed."""
    served = cluster()
    async with await served.start():
        kubeconfig = served.kubeconfig
        open_lines = await way_to_api_server(kubeconfig)
        await served.close()
    closed = await way_to_api_server(kubeconfig)

    assert open_lines[1].endswith("takes connections")
    assert closed[-1].endswith(": Connection refused")


def test_a_folder_is_set_aside_once_however_often() -> None:
    """It is renamed below the volume's root, and one that is gone is no error."""
    workload: dict[str, Any] = statefulset("orderer0")
    workload["metadata"]["namespace"] = "n"
    workload["spec"]["template"]["spec"] = {
        "volumes": [{"name": "ledger", "persistentVolumeClaim": {"claimName": "orderer0"}}],
        "containers": [
            {"name": "o", "image": "x", "volumeMounts": [{"name": "ledger", "mountPath": "/var/ledger"}]}
        ],
    }
    job = folder_aside_job(workload, "orderer/index", runbook="rejoin-orderer", date="20261130")
    pod = job["spec"]["template"]["spec"]

    assert pod["initContainers"][0]["command"] == ["/usr/bin/mkdir", "-p", "/var/ledger/set-aside-20261130"]
    command = pod["containers"][0]["command"]
    assert command[:2] == ["/usr/bin/find", "/var/ledger/orderer"]
    assert command[command.index("-name") + 1] == "index"
    assert command[-4:] == ["-t", "/var/ledger/set-aside-20261130", "{}", "+"]
