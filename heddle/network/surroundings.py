"""Ask what is around the nodes of a network: workloads, volumes, and whether public addresses answer."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from heddle.errors import KubeError, Unreachable
from heddle.kube.claims import claims_of
from heddle.kube.client import KubeClient
from heddle.kube.volumes import claim_facts_of
from heddle.network.instance import InstanceOutput
from heddle.network.network import Network
from heddle.planner.instance import NamespaceFacts, Workload
from heddle.planner.volumes import ClaimFacts, missing_size

__all__ = ["Surroundings", "ask_surroundings"]

_SERVER = "heddle.dev/chaincode"
"""Label of the Deployment of a chaincode server (components.labels)."""
_ADDRESS_SECONDS = 3.0
"""Seconds for a TCP connection; a node that nobody reaches at its address drops the packets silently."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Hold the workloads of the instance, why the API server does not answer, and addresses that do not.

    volumes: the claims of nodes and of their databases, by name.
    namespace: what is wrong with the namespace itself; None: nothing, as far as the caller may look.
    """

    workloads: Mapping[str, Workload] = field(default_factory=dict)
    unreachable: str = ""
    addresses: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, ClaimFacts] = field(default_factory=dict)
    namespace: NamespaceFacts | None = None

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to ask: no namespace, or no workload in it."""
        found = self.workloads.values()
        return self.namespace is not None or (bool(found) and not any(each.there for each in found))

    @property
    def growing(self) -> list[str]:
        """Return the volumes that are not as large yet as their claims ask for, in words."""
        lines = (missing_size(claim, claim.requested) for claim in self.volumes.values() if claim.requested)
        return [line for line in lines if line]


async def ask_surroundings(network: Network, *, deadline: float) -> Surroundings:
    """Ask for namespace and workloads, and try the public addresses, side by side. Raises nothing.

    What the caller may not list is left out: not everybody has that right.
    """
    (workloads, unreachable), addresses, volumes, namespace = await asyncio.gather(
        _ask_workloads(network, deadline),
        _silent_addresses(network.instance, min(_ADDRESS_SECONDS, deadline)),
        _ask_volumes(network, deadline),
        _ask_namespace(network, deadline),
    )
    return Surroundings(
        workloads=workloads,
        unreachable=unreachable,
        addresses=addresses,
        volumes=volumes,
        namespace=namespace,
    )


async def _ask_namespace(network: Network, deadline: float) -> NamespaceFacts | None:
    """Return what is wrong with the namespace; None also for who may not look, and without an answer."""
    name = network.instance.namespace
    try:
        async with asyncio.timeout(deadline), await KubeClient.open(network.access.kubeconfig) as cluster:
            found = await cluster.get(f"/api/v1/namespaces/{quote(name)}")
    except (TimeoutError, Unreachable, KubeError):
        return None
    if found is None:
        return NamespaceFacts(name=name)
    since = found["metadata"].get("deletionTimestamp")
    return NamespaceFacts(name=name, leaving_since=str(since)) if since else None


async def _ask_volumes(network: Network, deadline: float) -> dict[str, ClaimFacts]:
    """Return the claims of the instance's pods; none for who may not list them, and without an answer."""
    instance = network.instance
    try:
        async with asyncio.timeout(deadline), await KubeClient.open(network.access.kubeconfig) as cluster:
            found = await claims_of(cluster, instance.namespace)
    except (TimeoutError, Unreachable, KubeError):
        return {}
    nodes = (*instance.orderers, *instance.peers)
    names = [name for node in nodes for name in (node.name, node.state_database) if name in found]
    return {name: claim_facts_of(found[name]) for name in names}


async def _ask_workloads(network: Network, deadline: float) -> tuple[dict[str, Workload], str]:
    """Return the workloads of nodes, databases and chaincode servers; those that are missing, too."""
    instance = network.instance
    path = f"/apis/apps/v1/namespaces/{quote(instance.namespace)}"
    try:
        async with asyncio.timeout(deadline), await KubeClient.open(network.access.kubeconfig) as cluster:
            sets, deployments = await cluster.lists(f"{path}/statefulsets", f"{path}/deployments")
    except TimeoutError:
        return {}, f"the API server did not answer within {deadline:g} s"
    except Unreachable as error:
        return {}, error.message
    except KubeError:
        return {}, ""
    found = {each["metadata"]["name"]: _workload(each) for each in sets}
    nodes = (*instance.orderers, *instance.peers)
    names = [*(node.name for node in nodes), *(peer.state_database for peer in instance.peers)]
    missing = Workload(wanted=0, ready=0, there=False)
    servers = {each["metadata"]["name"]: _workload(each) for each in deployments if _is_server(each)}
    return {**{name: found.get(name, missing) for name in names if name}, **servers}, ""


def _is_server(deployment: Mapping[str, Any]) -> bool:
    return _SERVER in (deployment["metadata"].get("labels") or {})


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
