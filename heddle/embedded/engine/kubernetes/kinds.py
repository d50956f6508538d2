"""Know which kinds of objects there are, and where the API server keeps them.

Source: pulumi-kubernetes 4.28 provider/pkg/kinds/kinds.go; Kubernetes' API reference.
"""

from dataclasses import dataclass

from heddle.embedded.engine.kubernetes.objects import Json, kind_id
from heddle.errors import NeedsCli

__all__ = ["Kind", "kind_of", "kind_of_type"]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of an API version. `path` has no namespace yet, `plural` is its name in addresses."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool

    def collection(self, namespace: str) -> str:
        """Return the address of all objects of this kind, in a namespace where kinds have one."""
        root = "/api/v1" if self.api_version == "v1" else f"/apis/{self.api_version}"
        scope = f"/namespaces/{namespace or 'default'}" if self.namespaced else ""
        return f"{root}{scope}/{self.plural}"


_NAMESPACED = {
    "apps/v1": "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
    "autoscaling/v2": "HorizontalPodAutoscaler",
    "batch/v1": "CronJob Job",
    "coordination.k8s.io/v1": "Lease",
    "discovery.k8s.io/v1": "EndpointSlice",
    # Custom resources, which a cluster has where prometheus-operator is installed.
    "monitoring.coreos.com/v1": "PrometheusRule ServiceMonitor",
    "monitoring.coreos.com/v1alpha1": "AlertmanagerConfig ScrapeConfig",
    "networking.k8s.io/v1": "Ingress NetworkPolicy",
    "policy/v1": "PodDisruptionBudget",
    "rbac.authorization.k8s.io/v1": "Role RoleBinding",
    "v1": (
        "ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod ResourceQuota Secret Service "
        "ServiceAccount"
    ),
}
_GLOBAL = {
    "networking.k8s.io/v1": "IngressClass",
    "rbac.authorization.k8s.io/v1": "ClusterRole ClusterRoleBinding",
    "scheduling.k8s.io/v1": "PriorityClass",
    "storage.k8s.io/v1": "StorageClass",
    "v1": "Namespace Node PersistentVolume",
}


def _plural(kind: str) -> str:
    name = kind.lower()
    if name.endswith("y"):
        return f"{name[:-1]}ies"
    if name.endswith("ss"):
        return f"{name}es"
    return name if name.endswith("s") else f"{name}s"


_KINDS = {
    f"{version}/{kind}": Kind(api_version=version, kind=kind, plural=_plural(kind), namespaced=namespaced)
    for table, namespaced in ((_NAMESPACED, True), (_GLOBAL, False))
    for version, kinds in table.items()
    for kind in kinds.split()
}


def kind_of(obj: Json) -> Kind:
    """Return the kind of an object.

    Raises NeedsCli for patches, lists, charts, other custom resources and what else is not in the table.
    """
    return _known(kind_id(obj))


def kind_of_type(type_token: str) -> Kind:
    """Return the kind of a type like `kubernetes:apps/v1:StatefulSet`; raises NeedsCli as kind_of does."""
    _, version, name = type_token.split(":", 2)
    return _known(f"{version.removeprefix('core/')}/{name}")


def _known(which: str) -> Kind:
    if found := _KINDS.get(which):
        return found
    raise NeedsCli(
        f"{which}: the embedded engine does not know this kind of Kubernetes object",
        hint="Use Pulumi's CLI for this stack: pulumi up.",
    )
