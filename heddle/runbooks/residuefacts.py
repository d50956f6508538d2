"""Ask a cluster for the facts on deleted instances that a plan is made of."""

import asyncio
from collections.abc import Mapping

from heddle.errors import HeddleError, RunbookError
from heddle.kube.client import Json, KubeClient
from heddle.runbooks.residue import Facts

__all__ = ["gather", "nodes_of", "pod_logs_of"]

_POD_LOGS = "/var/log/pods"
"""Kubelet's default of podLogsDir."""

_KINDS = {
    "/api/v1": {
        "configmaps": "ConfigMap",
        "secrets": "Secret",
        "services": "Service",
        "serviceaccounts": "ServiceAccount",
    },
    "/apis/apps/v1": {"statefulsets": "StatefulSet", "deployments": "Deployment"},
    "/apis/batch/v1": {"jobs": "Job"},
    "/apis/networking.k8s.io/v1": {"networkpolicies": "NetworkPolicy"},
    "/apis/policy/v1": {"poddisruptionbudgets": "PodDisruptionBudget"},
    "/apis/rbac.authorization.k8s.io/v1": {
        "roles": "Role",
        "rolebindings": "RoleBinding",
        "clusterroles": "ClusterRole",
        "clusterrolebindings": "ClusterRoleBinding",
    },
}
"""Kinds that an instance, or somebody else in its namespace, could have left."""


async def gather(cluster: KubeClient, stacks: Mapping[str, str]) -> Facts:
    """Ask the cluster for all facts, side by side.

    Raises RunbookError when the kubeconfig's user may not read something: then it cannot be told what lives.
    """
    core, storage = "/api/v1", "/apis/storage.k8s.io/v1"
    namespaces, pods, claims, volumes, classes = await cluster.lists(
        f"{core}/namespaces",
        f"{core}/pods",
        f"{core}/persistentvolumeclaims",
        f"{core}/persistentvolumes",
        f"{storage}/storageclasses",
    )
    kinds = [(group, plural, kind) for group, named in _KINDS.items() for plural, kind in named.items()]
    found = await cluster.lists(*(f"{group}/{plural}" for group, plural, _ in kinds))
    objects = [
        _typed(one, group, kind)
        for (group, _, kind), items in zip(kinds, found, strict=True)
        for one in items
    ]
    return Facts(
        namespaces=[_typed(one, core, "Namespace") for one in namespaces],
        pods=pods,
        claims=[_typed(one, core, "PersistentVolumeClaim") for one in claims],
        volumes=volumes,
        classes=classes,
        objects=objects,
        stacks=stacks,
    )


def _typed(obj: Json, group: str, kind: str) -> Json:
    """Return an item of a list with its kind, which the item itself does not say."""
    return {**obj, "kind": kind, "apiVersion": group.removeprefix("/apis/").removeprefix("/api/")}


async def nodes_of(cluster: KubeClient, wanted: str) -> list[Json]:
    """Return one node, or all that are ready. Raises RunbookError with the names there are."""
    nodes = await cluster.items("/api/v1/nodes")
    by_name = {one["metadata"]["name"]: one for one in nodes}
    if not wanted:
        return [one for one in nodes if _ready(one)]
    if wanted not in by_name:
        raise RunbookError(
            f"the cluster has no node {wanted!r}", hint=f"It has: {', '.join(sorted(by_name))}."
        )
    if not _ready(by_name[wanted]):
        raise RunbookError(
            f"node {wanted} is not ready: no pod can look at its folders", hint="Bring it up first."
        )
    return [by_name[wanted]]


def _ready(node: Json) -> bool:
    conditions = node.get("status", {}).get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


async def pod_logs_of(cluster: KubeClient, nodes: list[Json]) -> dict[str, str]:
    """Return the folder of pods' logs of each node, as its kubelet says it; else the default."""

    async def ask(name: str) -> str:
        try:
            found = await cluster.get(f"/api/v1/nodes/{name}/proxy/configz")
        except HeddleError:
            return _POD_LOGS
        return str(((found or {}).get("kubeletconfig") or {}).get("podLogsDir") or _POD_LOGS)

    names = [one["metadata"]["name"] for one in nodes]
    return dict(zip(names, await asyncio.gather(*(ask(name) for name in names)), strict=True))
