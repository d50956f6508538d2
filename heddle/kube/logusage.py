"""Ask kubelets how much the logs of pods take on their machines, and how full these machines' disks are."""

from collections.abc import Iterable

from heddle.kube.client import Json, KubeClient
from heddle.kube.summaries import summaries
from heddle.planner.looks import LogsLook

__all__ = ["log_usage"]


async def log_usage(server: KubeClient, pods: Iterable[Json]) -> dict[str, LogsLook]:
    """Return by machine what the logs of these pods take there, rotated files included.

    A kubelet counts all files in the folders of a pod's containers (pkg/kubelet/stats/host_stats_provider.go,
    Kubernetes 1.34). A machine whose disk it does not tell is left out. Raises as `summaries` does.
    """
    uids = {str(each["metadata"].get("uid")): each["metadata"]["name"] for each in pods}
    found = {}
    for machine, summary in (await summaries(server, pods)).items():
        disk = (summary.get("node") or {}).get("fs") or {}
        if disk.get("capacityBytes") and disk.get("availableBytes") is not None:
            capacity = int(disk["capacityBytes"])
            found[machine] = LogsLook(
                capacity=capacity,
                # Of what is left, not what is used: a file system keeps some for root alone.
                used=capacity - int(disk["availableBytes"]),
                pods=_by_pod(summary, uids),
            )
    return found


def _by_pod(summary: Json, uids: dict[str, str]) -> dict[str, int]:
    told = {str(each["podRef"].get("uid")): each for each in summary.get("pods") or []}
    return {
        uids[uid]: sum(
            int((container.get("logs") or {}).get("usedBytes") or 0)
            for container in each.get("containers") or []
        )
        for uid, each in told.items()
        if uid in uids
    }
