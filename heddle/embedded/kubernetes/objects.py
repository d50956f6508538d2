"""Make the objects of a new cluster: its DNS, its StorageClass, and their processes' roles. Pure."""

from pathlib import Path
from typing import Any

from heddle.embedded.kubernetes.addresses import Block
from heddle.embedded.kubernetes.components import PROVISIONER

__all__ = ["STORAGE_CLASS", "initial_objects"]

STORAGE_CLASS = "local"

_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_GROUP = "rbac.authorization.k8s.io"

Object = dict[str, Any]


def initial_objects(block: Block, volumes: Path) -> dict[str, Object]:
    """Return each object by its path on the API server. `volumes`: the node's folder of volumes' folders."""
    return {
        **_role("heddle:coredns", "system:coredns", _COREDNS_RULES),
        **_role("heddle:provisioner", "heddle:provisioner", _PROVISIONER_RULES),
        f"/apis/storage.k8s.io/v1/storageclasses/{STORAGE_CLASS}": _storage_class(volumes),
        "/api/v1/namespaces/kube-system/services/kube-dns": _dns_service(block),
        "/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices/kube-dns": _dns_endpoints(block),
    }


def _rule(groups: str, resources: str, verbs: str) -> Object:
    return {
        "apiGroups": ["" if group == "core" else group for group in groups.split()],
        "resources": resources.split(),
        "verbs": verbs.split(),
    }


_COREDNS_RULES = [
    _rule("core", "services pods namespaces", "list watch"),
    _rule("discovery.k8s.io", "endpointslices", "list watch"),
]

_PROVISIONER_RULES = [
    _rule("core", "persistentvolumes", "get list watch create update patch delete"),
    _rule("core", "persistentvolumeclaims", "get list watch update"),
    _rule("core", "nodes", "get list watch"),
    _rule("core events.k8s.io", "events", "create update patch"),
    _rule("storage.k8s.io", "storageclasses", "get list watch"),
]


def _role(name: str, user: str, rules: list[Object]) -> dict[str, Object]:
    role = {
        "apiVersion": f"{_GROUP}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": rules,
    }
    binding = {
        "apiVersion": f"{_GROUP}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": _GROUP, "kind": "ClusterRole", "name": name},
        "subjects": [{"apiGroup": _GROUP, "kind": "User", "name": user}],
    }
    return {f"{_RBAC}/clusterroles/{name}": role, f"{_RBAC}/clusterrolebindings/{name}": binding}


def _storage_class(volumes: Path) -> Object:
    """Return a class that binds claims at once: with one node, there is nothing to wait for."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": STORAGE_CLASS,
            "annotations": {
                "storageclass.kubernetes.io/is-default-class": "true",
                # For runbooks: no API tells where a provisioner keeps folders whose volumes are gone.
                "heddle.dev/volumes": str(volumes),
            },
        },
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "Immediate",
    }


_DNS_PORTS = [("dns", "UDP", 53), ("dns-tcp", "TCP", 53), ("metrics", "TCP", 9153)]


def _dns_service(block: Block) -> Object:
    """Return a Service without a selector: CoreDNS is a process of the node, not a pod."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kube-dns", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
        "spec": {
            "clusterIP": str(block.dns_service),
            "ports": [
                {"name": name, "protocol": protocol, "port": port, "targetPort": port}
                for name, protocol, port in _DNS_PORTS
            ],
        },
    }


def _dns_endpoints(block: Block) -> Object:
    labels = {"kubernetes.io/service-name": "kube-dns", "endpointslice.kubernetes.io/managed-by": "heddle"}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "kube-dns", "namespace": "kube-system", "labels": labels},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [str(block.node)], "conditions": {"ready": True}}],
        "ports": [{"name": name, "protocol": protocol, "port": port} for name, protocol, port in _DNS_PORTS],
    }
