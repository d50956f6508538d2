"""Look at the cluster's machines: what their pods asked for, what is used, how many volumes they mount."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from heddle.errors import HeddleError
from heddle.kube.claims import claims_in
from heddle.kube.client import Json, KubeClient, is_ready
from heddle.kube.summaries import summary_path
from heddle.planner.responses.model import MachineLook
from heddle.quantities import amount

__all__ = ["look_at_machines"]

_HEAVIEST = 5
_ENDED = ("Succeeded", "Failed")


async def look_at_machines(cluster: KubeClient) -> dict[str, MachineLook]:
    """Return the machines by name. What a kubelet does not tell, or not to the caller, is left out."""
    machines, pods, drivers = await cluster.lists(
        "/api/v1/nodes", "/api/v1/pods", "/apis/storage.k8s.io/v1/csinodes"
    )
    usage = await asyncio.gather(*(_summary(cluster, each["metadata"]["name"]) for each in machines))
    limits = {each["metadata"]["name"]: _limit(each) for each in drivers}
    found = {}
    for machine, summary in zip(machines, usage, strict=True):
        name = machine["metadata"]["name"]
        own = [each for each in pods if each["spec"].get("nodeName") == name and not _has_ended(each)]
        found[name] = _with_usage(_machine(machine, own, limits.get(name)), summary)
    return found


async def _summary(cluster: KubeClient, name: str) -> Json:
    try:
        return await cluster.get(summary_path(name)) or {}
    except HeddleError:
        return {}  # a machine that is down, or a caller without the right


def _has_ended(pod: Json) -> bool:
    return pod.get("status", {}).get("phase") in _ENDED


def _limit(driver: Json) -> int | None:
    """Return how many volumes the driver that allows fewest lets a machine mount."""
    counts = [
        (each.get("allocatable") or {}).get("count")
        for each in (driver.get("spec") or {}).get("drivers") or ()
    ]
    return min((int(each) for each in counts if each is not None), default=None)


def _machine(machine: Json, pods: Iterable[Json], limit: int | None) -> MachineLook:
    spec, status, pods = machine.get("spec") or {}, machine.get("status") or {}, list(pods)
    can = status.get("allocatable") or {}
    asked = [each for pod in pods for each in _requests(pod)]
    return MachineLook(
        name=machine["metadata"]["name"],
        ready=is_ready(machine),
        cordoned=bool(spec.get("unschedulable")),
        taints=tuple(_taints(spec.get("taints") or ())),
        images=frozenset(name for each in status.get("images") or () for name in each.get("names") or ()),
        processors=float(amount(str(can.get("cpu", "0")))),
        memory=int(amount(str(can.get("memory", "0")))),
        requested_processors=float(sum(amount(str(each.get("cpu", "0"))) for each in asked)),
        requested_memory=int(sum(amount(str(each.get("memory", "0"))) for each in asked)),
        volumes=len(
            {(pod["metadata"]["namespace"], name) for pod in pods for name in claims_in(pod["spec"])}
        ),
        volume_limit=limit,
    )


def _requests(pod: Json) -> Iterator[Mapping[str, Any]]:
    for container in pod["spec"].get("containers") or ():
        yield (container.get("resources") or {}).get("requests") or {}


def _taints(taints: Iterable[Json]) -> Iterator[str]:
    for each in taints:
        if each["key"] != "node.kubernetes.io/unschedulable":  # that is what cordoning sets
            yield "=".join(filter(None, (each["key"], each.get("value")))) + f":{each['effect']}"


def _with_usage(machine: MachineLook, summary: Json) -> MachineLook:
    node = summary.get("node") or {}
    used, disk = node.get("cpu") or {}, node.get("fs") or {}
    capacity = disk.get("capacityBytes")
    return replace(
        machine,
        used_processors=used["usageNanoCores"] / 1e9 if "usageNanoCores" in used else None,
        used_memory=(node.get("memory") or {}).get("workingSetBytes"),
        # Of what is left, not what is used: a file system keeps some for root alone.
        disk_share=1 - disk.get("availableBytes", 0) / capacity if capacity else None,
        heaviest=tuple(_heaviest(summary.get("pods") or ())),
    )


def _heaviest(pods: Iterable[Json]) -> Iterator[tuple[str, str, str]]:
    def weight(pod: Json) -> float:
        cores = (pod.get("cpu") or {}).get("usageNanoCores", 0) / 1e9
        return float(cores + (pod.get("memory") or {}).get("workingSetBytes", 0) / 2**33)

    for pod in sorted(pods, key=weight, reverse=True)[:_HEAVIEST]:
        cores = (pod.get("cpu") or {}).get("usageNanoCores", 0) / 1e9
        memory = (pod.get("memory") or {}).get("workingSetBytes", 0) / 2**20
        yield pod["podRef"]["namespace"], pod["podRef"]["name"], f"{cores:.2f} processors, {memory:.0f}Mi"
