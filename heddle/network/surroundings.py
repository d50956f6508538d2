"""Ask what is around the nodes of a network: their StatefulSets, and whether public addresses answer."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from heddle.errors import KubeError, Unreachable
from heddle.kube.client import KubeClient
from heddle.network.instance import InstanceOutput
from heddle.network.network import Network
from heddle.planner.instance import Workload

__all__ = ["Surroundings", "ask_surroundings"]

_ADDRESS_SECONDS = 3.0
"""Seconds for a TCP connection; a node that nobody reaches at its address drops the packets silently."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Hold the StatefulSets of the nodes, why the API server does not answer, and addresses that do not."""

    workloads: Mapping[str, Workload] = field(default_factory=dict)
    unreachable: str = ""
    addresses: Mapping[str, str] = field(default_factory=dict)


async def ask_surroundings(network: Network, *, deadline: float) -> Surroundings:
    """Ask for all StatefulSets in one request, and try the public addresses side by side. Raises nothing.

    What the caller may not list is left out: not everybody has that right.
    """
    (workloads, unreachable), addresses = await asyncio.gather(
        _ask_workloads(network, deadline),
        _silent_addresses(network.instance, min(_ADDRESS_SECONDS, deadline)),
    )
    return Surroundings(workloads=workloads, unreachable=unreachable, addresses=addresses)


async def _ask_workloads(network: Network, deadline: float) -> tuple[dict[str, Workload], str]:
    instance = network.instance
    path = f"/apis/apps/v1/namespaces/{quote(instance.namespace)}/statefulsets"
    try:
        async with asyncio.timeout(deadline), await KubeClient.open(network.access.kubeconfig) as cluster:
            found = {each["metadata"]["name"]: _workload(each) for each in await cluster.items(path)}
    except TimeoutError:
        return {}, f"the API server did not answer within {deadline:g} s"
    except Unreachable as error:
        return {}, error.message
    except KubeError:
        return {}, ""
    names = [node.name for node in (*instance.orderers, *instance.peers)]
    return {name: found[name] for name in names if name in found}, ""


def _workload(statefulset: Mapping[str, Any]) -> Workload:
    status = statefulset.get("status") or {}
    pods = int(status.get("replicas") or 0)
    seen = int(status.get("observedGeneration") or 0) >= int(statefulset["metadata"].get("generation") or 0)
    return Workload(
        wanted=int(statefulset["spec"].get("replicas", 1)),
        ready=int(status.get("readyReplicas") or 0),
        outdated=max(0, pods - int(status.get("updatedReplicas") or 0)) if seen else 0,
    )


async def _silent_addresses(instance: InstanceOutput, deadline: float) -> dict[str, str]:
    """Return the nodes whose public address takes no connection from this machine, each with why."""
    nodes = [node for node in (*instance.orderers, *instance.peers) if node.public_endpoint]
    answers = await asyncio.gather(*(_connects(node.public_endpoint, deadline) for node in nodes))
    return {node.name: why for node, why in zip(nodes, answers, strict=True) if why}


async def _connects(endpoint: str, deadline: float) -> str:
    """Return why nobody takes a TCP connection at `host:port`; empty if somebody does."""
    host, _, port = endpoint.rpartition(":")
    try:
        async with asyncio.timeout(deadline):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    except TimeoutError:
        return f"{endpoint}: no answer within {deadline:g} s"
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return f"{endpoint}: {words}"
    writer.close()
    return ""
