"""What kubelets tell of logs, and where Jobs look at their files."""

from dataclasses import dataclass
from typing import Any

from heddle.kube.client import KubeClient
from heddle.kube.logusage import log_usage
from heddle.runbooks.loglook import Looked, looking_jobs, own_pods
from tests.logs.cluster import Cluster, Pod
from tests.logs.samples import network_on

OWN = {"app.kubernetes.io/instance": "dev", "app.kubernetes.io/managed-by": "heddle"}
SUMMARY = {
    "node": {"fs": {"capacityBytes": 100, "availableBytes": 15, "usedBytes": 80}},
    "pods": [
        {
            "podRef": {"name": "peer-0", "uid": "uid-peer-0"},
            "containers": [{"logs": {"usedBytes": 20}}, {"logs": {"usedBytes": 3}}, {}],
        },
        {"podRef": {"name": "peer-0", "uid": "of another"}, "containers": [{"logs": {"usedBytes": 40}}]},
    ],
}


@dataclass
class PlacedPod(Pod):
    """A pod on a machine."""

    machine: str = "m1"
    image: str = "peer:1"

    def plain(self) -> dict[str, Any]:
        found = super().plain()
        found["metadata"]["namespace"] = "fabric-dev"
        found["spec"] |= {"nodeName": self.machine, "containers": [{"name": "x", "image": self.image}]}
        return found


def cluster() -> Cluster:
    """Two machines with pods of the instance, one of which does not tell of its disk; and another's pod."""
    served = Cluster(
        [
            PlacedPod("peer-0", {**OWN, "app.kubernetes.io/name": "peer"}),
            PlacedPod("assets-0", {**OWN, "app.kubernetes.io/name": "chaincode"}, machine="m2", image="cc"),
            PlacedPod("theirs", {"app.kubernetes.io/instance": "dev"}),
            PlacedPod("waits", OWN, machine=""),
        ]
    )

    def machine(name: str, ready: str = "True") -> dict[str, Any]:
        conditions = [{"type": "Ready", "status": ready}]
        return {"metadata": {"name": name}, "status": {"conditions": conditions}}

    served.objects = {
        "/api/v1/nodes": [machine("m1"), machine("m2"), machine("m3", "False")],
        "/api/v1/nodes/m1/proxy/stats/summary": SUMMARY,
        "/api/v1/nodes/m2/proxy/stats/summary": {"node": {}, "pods": []},
        "/api/v1/nodes/m1/proxy/configz": {"kubeletconfig": {"podLogsDir": "/data/logs/"}},
    }
    return served


async def test_logs_are_counted_by_pods_as_they_are() -> None:
    """Of all containers, and of these very pods: another may have the name, but not the uid."""
    served = cluster()
    async with await served.start():
        network = network_on(served)
        async with await KubeClient.open(network.access.kubeconfig) as client:
            found = await log_usage(client, await own_pods(client, network.instance))
        await served.close()

    assert set(found) == {"m1"}
    assert (found["m1"].capacity, found["m1"].used, found["m1"].pods) == (100, 85, {"peer-0": 23})
    assert found["m1"].fills()
    assert not found["m1"].fills(freed=20)


async def test_jobs_look_where_they_can_and_into_own_folders_alone() -> None:
    """On machines that are ready, with an image that a node there runs, where the kubelet says."""
    served = cluster()
    async with await served.start():
        network = network_on(served)
        async with await KubeClient.open(network.access.kubeconfig) as client:
            where = Looked(machines=("m1", "m2", "m3"), date="2026-11-30T12:00:00Z")
            jobs = await looking_jobs(client, network.instance, where)
        await served.close()

    pods = [each["spec"]["template"]["spec"] for each in jobs]
    assert [each["nodeName"] for each in pods] == ["m1", "m2"]
    assert [each["volumes"][0]["hostPath"]["path"] for each in pods] == ["/data/logs", "/var/log/pods"]
    images = [each["containers"][0]["image"] for each in pods]
    assert images[0] == "peer:1"
    assert images[1] not in ("cc", "")
    paths = [each for each in pods[0]["containers"][0]["command"] if each.startswith("/node/")]
    assert paths == ["/node/fabric-dev_peer-0_uid-peer-0", "/node/fabric-dev_peer-0_uid-peer-0/*"]
