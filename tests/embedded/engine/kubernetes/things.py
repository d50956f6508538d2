"""One object of each kind that Heddle's program declares, as a program writes them."""

from typing import Any

from heddle.embedded.kubernetes.configuration import PAUSE_IMAGE

__all__ = ["Thing", "things"]

Thing = tuple[str, str, dict[str, Any]]
"""Resource type, resource name, inputs."""


def things(namespace: str) -> list[Thing]:
    """Return them in an order of creation; some values are meant to have another normal form."""
    place = {"namespace": namespace}
    labels = {"app.kubernetes.io/name": "node"}
    return [
        (
            "kubernetes:core/v1:Namespace",
            "space",
            {"metadata": {"name": namespace, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}},
        ),
        (
            "kubernetes:core/v1:ConfigMap",
            "named",
            _with(place, "named", data={"core.yaml": "a: 1\n", "e": ""}),
        ),
        (
            "kubernetes:core/v1:ConfigMap",
            "autonamed",
            {"metadata": place, "data": {"a": "b"}, "binaryData": {}},
        ),
        (
            "kubernetes:core/v1:Secret",
            "keys",
            _with(place, "keys", stringData={"tls.key": "hidden"}, data={"b": "YQ=="}),
        ),
        (
            "kubernetes:core/v1:ServiceAccount",
            "account",
            _with(place, "account", automountServiceAccountToken=False),
        ),
        ("kubernetes:rbac.authorization.k8s.io/v1:Role", "role", _with(place, "role", rules=[_rule()])),
        (
            "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
            "binding",
            _with(place, "binding", roleRef=_role(), subjects=[_subject(namespace)]),
        ),
        ("kubernetes:core/v1:PersistentVolumeClaim", "claim", _with(place, "claim", spec=_claim())),
        ("kubernetes:apps/v1:StatefulSet", "node", _with(place, "node", spec=_stateful_set(labels))),
        (
            "kubernetes:apps/v1:Deployment",
            "service",
            _with(
                place,
                "service",
                spec={"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, **_pods({"a": "b"})},
            ),
        ),
        (
            "kubernetes:core/v1:Service",
            "inside",
            _with(place, "inside", spec=_service(labels, clusterIP="None")),
        ),
        (
            "kubernetes:core/v1:Service",
            "outside",
            _with(place, "outside", spec=_service(labels, type="NodePort"), annotations=_SKIP),
        ),
        (
            "kubernetes:policy/v1:PodDisruptionBudget",
            "budget",
            _with(place, "budget", spec={"maxUnavailable": 1, "selector": {"matchLabels": labels}}),
        ),
        (
            "kubernetes:networking.k8s.io/v1:NetworkPolicy",
            "policy",
            _with(
                place, "policy", spec={"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [_ingress()]}
            ),
        ),
        ("kubernetes:batch/v1:Job", "job", _with(place, "job", spec=_job(), annotations=_SKIP)),
    ]


_SKIP = {"pulumi.com/skipAwait": "true"}


def _with(
    place: dict[str, str], name: str, *, annotations: dict[str, str] | None = None, **rest: Any
) -> dict[str, Any]:
    metadata = {"name": name, **place} | ({"annotations": annotations} if annotations else {})
    return {"metadata": metadata, **rest}


def _rule() -> dict[str, Any]:
    return {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"], "resourceNames": []}


def _role() -> dict[str, Any]:
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "role"}


def _subject(namespace: str) -> dict[str, Any]:
    return {"kind": "ServiceAccount", "name": "account", "namespace": namespace}


def _claim() -> dict[str, Any]:
    return {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "0.125Gi"}}}


def _stateful_set(labels: dict[str, str]) -> dict[str, Any]:
    pods = _pods(labels, volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "claim"}}])
    return {
        "replicas": 1,
        "serviceName": "inside",
        "podManagementPolicy": "Parallel",
        "updateStrategy": {"type": "OnDelete"},
        "selector": {"matchLabels": labels},
        **pods,
    }


def _pods(labels: dict[str, str], **spec: Any) -> dict[str, Any]:
    container = {
        "name": "main",
        "image": PAUSE_IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "args": [],
        "env": [{"name": "EMPTY", "value": ""}, {"name": "SET", "value": "x"}],
        "resources": {
            "requests": {"cpu": "10m", "memory": "0.015625Gi"},
            "limits": {"cpu": 1, "memory": "64Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    security = {
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "fsGroup": 1000,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    return {
        "template": {
            "metadata": {"labels": labels},
            "spec": {
                "hostNetwork": False,
                "enableServiceLinks": False,
                "automountServiceAccountToken": False,
                "terminationGracePeriodSeconds": 0,
                "securityContext": security,
                "containers": [container],
                **spec,
            },
        }
    }


def _service(labels: dict[str, str], **spec: Any) -> dict[str, Any]:
    ports = [
        {"name": "grpc", "port": 7051, "targetPort": "grpc"},
        {"name": "ops", "port": 9443, "protocol": "TCP"},
    ]
    return {"selector": labels, "publishNotReadyAddresses": True, "ports": ports, **spec}


def _ingress() -> dict[str, Any]:
    return {
        "from": [{"podSelector": {"matchLabels": {"a": "b"}}}],
        "ports": [{"port": 7051, "protocol": "TCP"}],
    }


def _job() -> dict[str, Any]:
    template = _pods({"job": "job"}, restartPolicy="Never")
    return {"backoffLimit": 0, **template}
