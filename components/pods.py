"""Pod templates as plain manifests: what runs, as whom, with which files and probes.

Every pod fits the `restricted` pod security standard: a numeric user without privileges, a read-only root
file system, and volumes where it writes.
"""

from collections.abc import Mapping

import pulumi

from components import labels
from components.manifests import Manifest
from heddle.render import CONFIG_PATH, LEDGER_PATH
from heddle.topology import CHAINCODE_PORT, NodePlan

USER_ID = 1000
CHAINCODE_TLS = "/etc/chaincode/tls"

_COMMANDS = {"peer": ["peer", "node", "start"], "orderer": ["orderer"]}
_CONFIG_FILES = {"peer": "core.yaml", "orderer": "orderer.yaml"}
# Requests are what an idle node takes, so that a whole network fits one machine; a peer needs more than an
# orderer (Fabric's deployment guide). No CPU limit: throttling a consenter costs elections.
_RESOURCES: dict[str, dict[str, dict[str, str]]] = {
    "orderer": {"requests": {"cpu": "50m", "memory": "96Mi"}, "limits": {"memory": "2Gi"}},
    "peer": {"requests": {"cpu": "100m", "memory": "192Mi"}, "limits": {"memory": "4Gi"}},
    "chaincode": {"requests": {"cpu": "25m", "memory": "64Mi"}, "limits": {"memory": "1Gi"}},
}

CONFIG_MAP_FILES = {"msp-config.yaml": "msp/config.yaml"}
"""Keys of a node's ConfigMap beside its own file, and where they appear under FABRIC_CFG_PATH."""
SECRET_FILES = {
    "msp-ca.pem": "msp/cacerts/ca.pem",
    "msp-tlsca.pem": "msp/tlscacerts/tlsca.pem",
    "msp-cert.pem": "msp/signcerts/cert.pem",
    "msp-key.pem": "msp/keystore/key.pem",
    "tls-server.crt": "tls/server.crt",
    "tls-server.key": "tls/server.key",
    "tls-ca.crt": "tls/ca.crt",
}
"""Keys of a node's Secret, and where they appear under FABRIC_CFG_PATH."""


def config_file(node: NodePlan) -> str:
    """Name of the node's own configuration file."""
    return _CONFIG_FILES[node.kind]


def node_pod(node: NodePlan, *, instance: str, image: str, checksum: pulumi.Input[str]) -> Manifest:
    """The pod template of a node.

    Args:
        node: the node.
        instance: name of the instance.
        image: image of the node.
        checksum: sha256 of every file the pod reads (may be an Output): a new value means a new pod.
    """
    return {
        "metadata": {
            "labels": labels.of_node(instance, node),
            "annotations": {"heddle.dev/checksum": checksum},
        },
        "spec": {
            **_pod_basics(),
            "affinity": _apart({labels.INSTANCE: instance, labels.NAME: node.kind}),
            "containers": [_node_container(node, image)],
            "volumes": [
                {"name": "fabric", "projected": _projected(node)},
                {"name": "ledger", "persistentVolumeClaim": {"claimName": node.name}},
                {"name": "tmp", "emptyDir": {}},
            ],
        },
    }


def chaincode_pod(
    *,
    pod_labels: Mapping[str, pulumi.Input[str]],
    image: str,
    package_id: pulumi.Input[str],
    secret: str,
    checksum: pulumi.Input[str],
) -> Manifest:
    """The pod template of a chaincode server: it serves one package, with TLS."""
    environment = {
        "CHAINCODE_ID": package_id,
        "CHAINCODE_SERVER_ADDRESS": f"0.0.0.0:{CHAINCODE_PORT}",
        "CHAINCODE_TLS_DISABLED": "false",
        "CHAINCODE_TLS_KEY": f"{CHAINCODE_TLS}/server.key",
        "CHAINCODE_TLS_CERT": f"{CHAINCODE_TLS}/server.crt",
    }
    probe = {"tcpSocket": {"port": "chaincode"}}
    container = {
        "name": "chaincode",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "env": [{"name": name, "value": value} for name, value in environment.items()],
        "ports": [{"name": "chaincode", "containerPort": CHAINCODE_PORT, "protocol": "TCP"}],
        "startupProbe": {**probe, "periodSeconds": 1, "failureThreshold": 300},
        "readinessProbe": {**probe, "periodSeconds": 5},
        "livenessProbe": {**probe, "periodSeconds": 15, "failureThreshold": 4},
        "resources": _RESOURCES["chaincode"],
        "securityContext": _container_security(),
        "volumeMounts": [
            {"name": "tls", "mountPath": CHAINCODE_TLS, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 — an emptyDir of the pod
        ],
    }
    return {
        "metadata": {"labels": pod_labels, "annotations": {"heddle.dev/checksum": checksum}},
        "spec": {
            **_pod_basics(),
            "containers": [container],
            "volumes": [
                {"name": "tls", "secret": {"secretName": secret, "defaultMode": 0o440}},
                {"name": "tmp", "emptyDir": {}},
            ],
        },
    }


def _node_container(node: NodePlan, image: str) -> Manifest:
    grpc, operations = {"tcpSocket": {"port": "grpc"}}, {"tcpSocket": {"port": "operations"}}
    return {
        "name": node.kind,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": _COMMANDS[node.kind],
        "workingDir": LEDGER_PATH,
        "env": [{"name": "FABRIC_CFG_PATH", "value": CONFIG_PATH}],
        "ports": [
            {"name": "grpc", "containerPort": node.port, "protocol": "TCP"},
            {"name": "operations", "containerPort": node.operations_port, "protocol": "TCP"},
        ],
        # The operations endpoint answers before the ledgers are open, the gRPC port does not. An hour: a peer
        # that rebuilds its state opens it only afterwards, and must not be killed meanwhile.
        "startupProbe": {**grpc, "periodSeconds": 1, "failureThreshold": 3600},
        # Seldom: each of these is a failed TLS handshake in the node's log.
        "readinessProbe": {**grpc, "periodSeconds": 10},
        # By TCP and on the operations port: a peer busy committing is not dead. Consensus health gates
        # rollouts and alarms; restarting a node for it would make it worse.
        "livenessProbe": {**operations, "periodSeconds": 15, "failureThreshold": 4},
        "resources": _RESOURCES[node.kind],
        "securityContext": _container_security(),
        "volumeMounts": [
            {"name": "fabric", "mountPath": CONFIG_PATH, "readOnly": True},
            {"name": "ledger", "mountPath": LEDGER_PATH},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 — an emptyDir of the pod
        ],
    }


def _projected(node: NodePlan) -> Manifest:
    """All of FABRIC_CFG_PATH as one volume: settings of the ConfigMap, keys and certificates."""
    plain = {config_file(node): config_file(node), **CONFIG_MAP_FILES}
    return {
        "defaultMode": 0o440,
        "sources": [
            {"configMap": {"name": node.name, "items": _items(plain)}},
            {"secret": {"name": node.name, "items": _items(SECRET_FILES)}},
        ],
    }


def _items(files: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "path": path} for key, path in files.items()]


def _pod_basics() -> Manifest:
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER_ID,
            "runAsGroup": USER_ID,
            "fsGroup": USER_ID,
            # Ledgers have many files; ownership is right once it is right at the top.
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }


def _container_security() -> Manifest:
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def _apart(match: dict[str, str]) -> Manifest:
    """Rather on different machines: losing one should cost one node; a small cluster still works."""
    term = {"labelSelector": {"matchLabels": match}, "topologyKey": "kubernetes.io/hostname"}
    preferred = [{"weight": 100, "podAffinityTerm": term}]
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}
