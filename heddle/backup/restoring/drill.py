"""Try a backup: `heddle backup drill` restores it in a namespace of its own, compares, and takes it away."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from heddle.backup.copying import Progress
from heddle.backup.restoring.drillobjects import (
    DRILL,
    DrillObjects,
    aliases_of,
    drill_namespace,
    drill_objects,
    ledger_hosts,
    with_aliases,
)
from heddle.backup.restoring.drillproof import ChannelProof, prove_drill
from heddle.backup.restoring.drillquery import (
    DrillQueries,
    Query,
    QueryProof,
    expect_chaincodes,
    packages_in,
)
from heddle.backup.restoring.restore import Restoration, write_volume
from heddle.backup.restoring.volumes import mounted_volumes
from heddle.errors import BackupError
from heddle.kube.apiserver import ApiServer
from heddle.kube.claims import is_leaving
from heddle.kube.client import KubeClient, refusal
from heddle.network.instance import NodeOutput
from heddle.network.network import Network, network_of
from heddle.state.outputs import stack_resource
from heddle.waiting import Deadline, poll

__all__ = ["DrillProof", "drill", "drill_name", "remove_drill"]

_GOING = 300.0
_LONGEST = 63
_PATHS = {
    "Namespace": "/api/v1/namespaces",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies",
    "Service": "/api/v1/namespaces/{namespace}/services",
    "Secret": "/api/v1/namespaces/{namespace}/secrets",
    "ConfigMap": "/api/v1/namespaces/{namespace}/configmaps",
    "PersistentVolumeClaim": "/api/v1/namespaces/{namespace}/persistentvolumeclaims",
    "Deployment": "/apis/apps/v1/namespaces/{namespace}/deployments",
    "StatefulSet": "/apis/apps/v1/namespaces/{namespace}/statefulsets",
}


@dataclass(frozen=True, kw_only=True)
class DrillProof:
    """Say what a drill has compared: each channel, and the answers of chaincodes that were asked."""

    channels: tuple[ChannelProof, ...]
    queries: tuple[QueryProof, ...]


@dataclass(frozen=True, kw_only=True)
class _DrillNodes:
    """Name the nodes of a drill: all orderers with blocks, and one peer of each organization.

    living: the network that the backup was made of, which may be lost.
    """

    network: Network
    living: Network
    orderers: tuple[str, ...]
    peers: tuple[str, ...]
    databases: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        """Return the names of all, their state databases among them."""
        return frozenset((*self.orderers, *self.peers, *self.databases))


def drill_name(namespace: str) -> str:
    """Return the namespace of a drill of the instance in a namespace."""
    return f"{namespace[: _LONGEST - len('-drill')]}-drill"


async def drill(
    restoration: Restoration, queries: Sequence[Query] = (), *, patience: float, progress: Progress
) -> DrillProof:
    """Restore into the drill's namespace, compare heights, hashes and definitions there, and ask chaincodes.

    The namespace is gone at the end, whatever happens. Raises BackupError where something differs, and the
    errors of clients.
    """
    server = await ApiServer.load(restoration.settings.cluster.kubeconfig)
    stack, namespace = restoration.stack.name, drill_name(restoration.wanted.namespace.name)
    nodes = _chosen(restoration, namespace)
    expect_chaincodes(nodes.network, queries)
    objects = drill_objects(restoration.resources, nodes.names, namespace, servers=bool(queries))
    async with KubeClient(server) as client, _own_namespace(client, namespace, stack, progress):
        aliases = await _make_services(client, restoration, nodes, objects)
        for each in objects.stored:
            await _create(client, each)
        await _write_volumes(server, restoration, objects, progress)
        progress("starting " + ", ".join(sorted(nodes.names)))
        statefulsets = [with_aliases(each, aliases) for each in objects.statefulsets.values()]
        for each in (*statefulsets, *objects.deployments.values()):
            await _create(client, each)
        async with nodes.network.connections() as connections:
            channels = [
                await prove_drill(nodes.network, connections, each, patience=patience, progress=progress)
                for each in restoration.channels
            ]
            for each in objects.deployments.values():
                await _await_server(client, each, Deadline(patience), progress)
            asked = DrillQueries(
                drilled=nodes.network,
                living=nodes.living,
                connections=connections,
                packages=packages_in(restoration.resources),
                patience=patience,
                progress=progress,
            )
            answers = [proof for each in queries for proof in await asked.prove(each)]
    return DrillProof(channels=tuple(channels), queries=tuple(answers))


async def remove_drill(client: KubeClient, namespace: str, stack: str) -> bool:
    """Remove what a drill that was killed left, and wait until it is gone; False if there is nothing.

    Raises BackupError for a namespace of this name that is no drill's of this stack.
    """
    path = f"/api/v1/namespaces/{quote(namespace)}"
    found = await client.get(path)
    if found is None:
        return False
    if (found["metadata"].get("labels") or {}).get(DRILL) != stack:
        raise BackupError(
            f"namespace {namespace} is there, and no drill of stack {stack!r} has made it",
            hint="A drill needs this name for itself: rename or remove that namespace.",
        )
    if not is_leaving(found):
        response = await client.send("DELETE", path, repeatable=True)
        if response.status_code not in (200, 202, 404, 409):
            raise refusal(response)

    def still_there(_: object) -> BackupError:
        return BackupError(
            f"namespace {namespace} of the drill is still being deleted after {_GOING:.0f} s",
            hint="`kubectl get namespace -o yaml` says under `status` what it waits for.",
        )

    await poll(
        lambda _: client.get(path),
        lambda it: it is None,
        deadline=_GOING,
        otherwise=still_there,
        until=f"until namespace {namespace} is gone",
    )
    return True


@asynccontextmanager
async def _own_namespace(
    client: KubeClient, namespace: str, stack: str, progress: Progress
) -> AsyncIterator[None]:
    if await remove_drill(client, namespace, stack):
        progress(f"removed what an earlier drill left in namespace {namespace}")
    progress(f"making namespace {namespace}")
    try:
        for each in drill_namespace(namespace, stack):
            await _create(client, each)
        yield
    finally:
        progress(f"removing namespace {namespace}")
        # Also when this run is cancelled: what it has made must not stay.
        await asyncio.shield(remove_drill(client, namespace, stack))


def _chosen(restoration: Restoration, namespace: str) -> _DrillNodes:
    """Choose the nodes, and open the network that they are, by the outputs in the backup's state."""
    root = stack_resource(restoration.resources)
    found = network_of(restoration.stack.name, root.outputs if root else {})
    names = set(restoration.orderers)
    orderers = tuple(_moved(each, namespace) for each in found.instance.orderers if each.name in names)
    first: dict[str, NodeOutput] = {}
    for channel in found.instance.channels.values():
        for peer in found.instance.peers:
            if peer.name in channel.peers:
                first.setdefault(peer.organization, _moved(peer, namespace))
    peers = tuple(first.values())
    instance = replace(found.instance, namespace=namespace, orderers=orderers, peers=peers)
    access = replace(found.access, kubeconfig=restoration.settings.cluster.kubeconfig)
    return _DrillNodes(
        network=replace(found, instance=instance, access=access),
        living=replace(found, access=access),
        orderers=tuple(each.name for each in orderers),
        peers=tuple(each.name for each in peers),
        databases=tuple(each.state_database for each in peers if each.state_database),
    )


def _moved(node: NodeOutput, namespace: str) -> NodeOutput:
    return replace(node, namespace=namespace)


async def _make_services(
    client: KubeClient, restoration: Restoration, nodes: _DrillNodes, objects: DrillObjects
) -> list[dict[str, Any]]:
    """Make the Services, and return the hosts file by which the nodes find each other by them alone."""
    addresses = {}
    for name, each in objects.services.items():
        addresses[name] = str((await _create(client, each))["spec"]["clusterIP"])
    domain, namespace = restoration.wanted.ownership["dnsDomain"], restoration.wanted.namespace.name
    hosts = {f"{name}.{namespace}.svc.{domain}": name for name in objects.services}
    outputs = (*nodes.network.instance.orderers, *nodes.network.instance.peers)
    hosts |= {node.host: node.name for node in outputs}
    others = [f"{name}.{namespace}.svc.{domain}" for name in objects.others]
    named = {host for each in restoration.channels for host in ledger_hosts(each.settings)}
    return aliases_of(addresses, hosts, named, others)


async def _write_volumes(
    server: ApiServer, restoration: Restoration, objects: DrillObjects, progress: Progress
) -> None:
    nodes: Mapping[str, Mapping[str, object]] = {
        name: objects.statefulsets[name] for name in restoration.written if name in objects.statefulsets
    }
    async with mounted_volumes(server, nodes, suffix=restoration.jobs) as volumes:
        await asyncio.gather(
            *(write_volume(restoration, name, volume, progress) for name, volume in volumes.items())
        )


async def _await_server(
    client: KubeClient, server: Mapping[str, Any], clock: Deadline, progress: Progress
) -> None:
    """Wait until a chaincode server serves. Raises BackupError if it does not in time."""
    name, namespace = server["metadata"]["name"], server["metadata"]["namespace"]
    progress(f"waiting for the chaincode server {name}")
    path = f"{_PATHS[server['kind']].format(namespace=quote(namespace))}/{quote(name)}"

    async def ready(_: float) -> int:
        found = await client.get(path) or {}
        return int((found.get("status") or {}).get("readyReplicas") or 0)

    def stuck(_: int) -> BackupError:
        return BackupError(
            f"chaincode server {name} does not serve in the drill after {clock.seconds:.0f} s",
            hint="The drill has of it what the backup's state has: no Secret of yours that it reads. Without "
            "--query no chaincode server is started.",
        )

    await poll(ready, bool, deadline=clock, otherwise=stuck)


async def _create(client: KubeClient, manifest: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a Kubernetes object
    """Make an object, and return it as the API server has it."""
    kind, metadata = manifest["kind"], manifest["metadata"]
    path = _PATHS[kind].format(namespace=quote(metadata.get("namespace", "")))
    response = await client.send("POST", path, json=dict(manifest), repeatable=True)
    if response.status_code == 409:  # the answer to an earlier attempt was lost
        return await client.get(f"{path}/{quote(metadata['name'])}")
    if response.status_code not in (200, 201):
        raise refusal(response)
    return response.json()
