"""Say which objects of a cluster an archive for support has, and which of their fields. Pure.

It is a list of what is taken, not of what is left out: a field that nobody knows yet is not taken. Secrets
and ConfigMaps are not asked for at all, and no value of a variable is taken.
"""

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["KINDS", "taken"]

_META: Final = {
    "name": True,
    "namespace": True,
    "uid": True,
    "generation": True,
    "creationTimestamp": True,
    "deletionTimestamp": True,
    "finalizers": True,
    "labels": True,
    "ownerReferences": [{"kind": True, "name": True}],
}
_STATE: Final = {
    "waiting": {"reason": True, "message": True},
    "running": {"startedAt": True},
    "terminated": {
        "reason": True,
        "exitCode": True,
        "signal": True,
        "startedAt": True,
        "finishedAt": True,
    },
}
_CONDITIONS: Final = [
    {"type": True, "status": True, "reason": True, "message": True, "lastTransitionTime": True}
]
_CONTAINER_STATUS: Final = {
    "name": True,
    "ready": True,
    "restartCount": True,
    "image": True,
    "imageID": True,
    "state": _STATE,
    "lastState": _STATE,
}
_CONTAINER: Final = {
    "name": True,
    "image": True,
    "resources": True,
    "env": [{"name": True}],
    "ports": True,
    "volumeMounts": [{"name": True, "mountPath": True}],
}
_POD: Final = {
    "nodeName": True,
    "containers": [_CONTAINER],
    "initContainers": [_CONTAINER],
    "volumes": [
        {
            "name": True,
            "persistentVolumeClaim": {"claimName": True},
            "secret": {"secretName": True},
            "configMap": {"name": True},
            "emptyDir": {"sizeLimit": True, "medium": True},
        }
    ],
}
_SET: Final = {
    "metadata": _META,
    "spec": {"replicas": True, "updateStrategy": {"type": True}, "template": {"spec": _POD}},
    "status": True,
}

KINDS: Final[Mapping[str, tuple[str, Any]]] = {
    "pods": (
        "/api/v1/namespaces/{namespace}/pods",
        {
            "metadata": _META,
            "spec": _POD,
            "status": {
                "phase": True,
                "reason": True,
                "message": True,
                "qosClass": True,
                "startTime": True,
                "conditions": _CONDITIONS,
                "containerStatuses": [_CONTAINER_STATUS],
                "initContainerStatuses": [_CONTAINER_STATUS],
            },
        },
    ),
    "statefulsets": ("/apis/apps/v1/namespaces/{namespace}/statefulsets", _SET),
    "deployments": ("/apis/apps/v1/namespaces/{namespace}/deployments", _SET),
    "services": (
        "/api/v1/namespaces/{namespace}/services",
        {"metadata": _META, "spec": {"type": True, "ports": True, "clusterIP": True, "selector": True}},
    ),
    "claims": (
        "/api/v1/namespaces/{namespace}/persistentvolumeclaims",
        {
            "metadata": _META,
            "spec": {"storageClassName": True, "accessModes": True, "resources": True, "volumeName": True},
            "status": {"phase": True, "capacity": True, "conditions": _CONDITIONS},
        },
    ),
    "jobs": (
        "/apis/batch/v1/namespaces/{namespace}/jobs",
        {
            "metadata": _META,
            "status": {"active": True, "succeeded": True, "failed": True, "conditions": _CONDITIONS},
        },
    ),
    "disruptionbudgets": (
        "/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets",
        {"metadata": _META, "spec": {"minAvailable": True, "maxUnavailable": True}, "status": True},
    ),
    "networkpolicies": (
        "/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies",
        {"metadata": _META, "spec": True},
    ),
    "events": (
        "/api/v1/namespaces/{namespace}/events",
        {
            "type": True,
            "reason": True,
            "message": True,
            "count": True,
            "firstTimestamp": True,
            "lastTimestamp": True,
            "involvedObject": {"kind": True, "name": True},
        },
    ),
    "machines": (
        "/api/v1/nodes",
        {
            "metadata": {"name": True, "creationTimestamp": True},
            "spec": {"unschedulable": True, "taints": [{"key": True, "effect": True}]},
            "status": {
                "capacity": True,
                "allocatable": True,
                "conditions": _CONDITIONS,
                "nodeInfo": {
                    "kernelVersion": True,
                    "osImage": True,
                    "containerRuntimeVersion": True,
                    "kubeletVersion": True,
                    "architecture": True,
                },
            },
        },
    ),
    "storageclasses": (
        "/apis/storage.k8s.io/v1/storageclasses",
        {
            "metadata": {"name": True},
            "provisioner": True,
            "reclaimPolicy": True,
            "volumeBindingMode": True,
            "allowVolumeExpansion": True,
        },
    ),
}
"""By its name in the archive: the path of each list, and what is taken of its objects."""


def taken(obj: Any, shape: Any) -> Any:  # noqa: ANN401 - plain data of any shape
    """Return what of an object its shape takes: `True` all of it, a mapping those keys, a list each item."""
    if shape is True:
        return obj
    if isinstance(shape, list):
        return [taken(each, shape[0]) for each in obj] if isinstance(obj, list) else None
    if not isinstance(obj, Mapping):
        return None
    return {key: taken(obj[key], inner) for key, inner in shape.items() if obj.get(key) is not None}
