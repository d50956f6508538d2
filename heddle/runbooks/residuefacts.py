"""Ask a cluster for the facts on deleted instances that a plan is made of."""

import asyncio
from collections.abc import Mapping

from heddle.errors import HeddleError, RunbookError
from heddle.kube.client import Json, KubeClient, is_ready
from heddle.runbooks.residueobjects import Facts

__all__ = ["gather", "kubelet_settings", "nodes_of", "pod_logs_in", "pod_logs_of"]

_POD_LOGS = "/var/log/pods"
"""Kubelet's default of podLogsDir."""

_KINDS = {
    "/api/v1": ("ConfigMap", "Secret", "Service", "ServiceAccount"),
    "/apis/apps/v1": ("StatefulSet", "Deployment"),
    "/apis/batch/v1": ("Job",),
    "/apis/networking.k8s.io/v1": ("NetworkPolicy",),
    "/apis/policy/v1": ("PodDisruptionBudget",),
    "/apis/rbac.authorization.k8s.io/v1": ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"),
}
"""Kinds that an instance, or somebody else in its namespace, could have left."""


async def gather(cluster: KubeClient, stacks: Mapping[str, str]) -> Facts:
    """Ask the cluster for all facts, side by side.

    Raises RunbookError when the kubeconfig's user may not read something: then it cannot be told what lives.
    """
    core, storage = "/api/v1", "/apis/storage.k8s.io/v1"
    namespaces, pods, claims, volumes, classes = await cluster.lists(
        *(f"{core}/{kind}" for kind in ("namespaces", "pods", "persistentvolumeclaims", "persistentvolumes")),
        f"{storage}/storageclasses",
    )
    kinds = [(group, kind) for group, names in _KINDS.items() for kind in names]
    lists = await cluster.lists(*(f"{group}/{_plural(kind)}" for group, kind in kinds))
    return Facts(
        namespaces=_typed(namespaces, core, "Namespace"),
        pods=pods,
        claims=_typed(claims, core, "PersistentVolumeClaim"),
        volumes=volumes,
        classes=classes,
        objects=[
            each
            for (group, kind), items in zip(kinds, lists, strict=True)
            for each in _typed(items, group, kind)
        ],
        stacks=stacks,
    )


def _plural(kind: str) -> str:
    return f"{kind.lower().removesuffix('y')}ies" if kind.endswith("y") else f"{kind.lower()}s"


def _typed(items: list[Json], group: str, kind: str) -> list[Json]:
    """Return the items of a list, which do not say themselves of what kind they are, with their kind."""
    version = group.removeprefix("/apis/").removeprefix("/api/")
    return [{**each, "kind": kind, "apiVersion": version} for each in items]


async def nodes_of(cluster: KubeClient, wanted: str) -> list[Json]:
    """Return the nodes to look at: one, or all that are ready. Raises RunbookError with those there are."""
    by_name = {each["metadata"]["name"]: each for each in await cluster.items("/api/v1/nodes")}
    if not wanted:
        return [each for each in by_name.values() if is_ready(each)]
    if wanted not in by_name:
        raise RunbookError(
            f"the cluster has no node {wanted!r}", hint=f"It has: {', '.join(sorted(by_name))}."
        )
    if not is_ready(by_name[wanted]):
        raise RunbookError(
            f"node {wanted} is not ready: no pod can look at its folders", hint="Bring it up first."
        )
    return [by_name[wanted]]


async def pod_logs_of(cluster: KubeClient, nodes: list[Json]) -> dict[str, str]:
    """Return the folder of pods' logs of each node, as its kubelet says it; else the default."""
    return {name: pod_logs_in(each) for name, each in (await kubelet_settings(cluster, nodes)).items()}


def pod_logs_in(settings: Mapping[str, object]) -> str:
    """Return the folder of pods' logs that a kubelet's settings name; else the default."""
    return str(settings.get("podLogsDir") or _POD_LOGS).rstrip("/")


async def kubelet_settings(cluster: KubeClient, nodes: list[Json]) -> dict[str, Mapping[str, object]]:
    """Return the settings of each node's kubelet; none of one that does not tell the caller."""

    async def ask(name: str) -> Mapping[str, object]:
        try:
            found = await cluster.get(f"/api/v1/nodes/{name}/proxy/configz")
        except HeddleError:
            return {}
        return (found or {}).get("kubeletconfig") or {}

    names = [each["metadata"]["name"] for each in nodes]
    return dict(zip(names, await asyncio.gather(*(ask(name) for name in names)), strict=True))
