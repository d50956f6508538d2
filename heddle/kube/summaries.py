"""Ask kubelets what they tell metrics-server: `/stats/summary` of each machine."""

import asyncio
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from heddle.kube.client import Json, KubeClient

__all__ = ["summaries", "summary_path"]


def summary_path(machine: str) -> str:
    """Return the path of a kubelet's summary, which who may `get` nodes/proxy reads."""
    return f"/api/v1/nodes/{quote(machine)}/proxy/stats/summary"


async def summaries(server: KubeClient, pods: Iterable[Json]) -> Mapping[str, Json]:
    """Return the summary of each machine that one of these pods is on, by the machine's name.

    Raises KubeError for who may not ask kubelets (`get` on nodes/proxy), Unreachable where none answers.
    """
    machines = sorted({each["spec"]["nodeName"] for each in pods if each["spec"].get("nodeName")})
    told = await asyncio.gather(*(server.get(summary_path(name)) for name in machines))
    return {name: each or {} for name, each in zip(machines, told, strict=True)}
