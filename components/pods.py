"""Pod templates of nodes as plain manifests: what runs, as whom, with which files and probes.

Every pod fits the `restricted` pod security standard: a numeric user without privileges, a read-only root
file system, and volumes where it writes.
"""

from collections.abc import Mapping

import pulumi

from components import labels
from components.manifests import Manifest
from components.site import Site
from heddle import couchdb
from heddle.render import CONFIG_PATH, LEDGER_PATH
from heddle.topology import NodePlan, PodSettings, StoredPod

USER_ID = 1000
CHECKSUM = "heddle.dev/checksum"
"""Annotation of a template: another value makes another template."""

_COMMANDS = {"peer": ["peer", "node", "start"], "orderer": ["orderer"]}
_CONFIG_FILES = {"peer": "core.yaml", "orderer": "orderer.yaml"}

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
    "operations-ca.pem": "tls/operations-ca.crt",
}
"""Keys of a node's Secret, and where they appear under FABRIC_CFG_PATH."""


def config_file(node: NodePlan) -> str:
    """Return the name of the node's own configuration file."""
    return _CONFIG_FILES[node.kind]


def node_pod(
    node: NodePlan, *, site: Site, image: str, checksum: pulumi.Input[str], further: Mapping[str, str]
) -> Manifest:
    """Return the pod template of a node.

    Args:
        node: the node.
        site: where it runs.
        image: image of the node.
        checksum: of all files that the pod mounts; another one makes another template.
        further: more keys of the node's Secret, and where they appear under FABRIC_CFG_PATH.
    """
    own = labels.of_node(site.instance, node)
    return {
        "metadata": {
            "labels": {**node.labels, **own},
            "annotations": {**node.annotations, CHECKSUM: checksum},
        },
        "spec": {
            **pod_basics(node, site=site),
            "affinity": apart({labels.INSTANCE: site.instance, labels.NAME: node.kind}),
            "containers": [_node_container(node, image)],
            "volumes": [
                {"name": "fabric", "projected": _projected(node, further)},
                {"name": "ledger", "persistentVolumeClaim": {"claimName": node.name}},
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
        "env": _environment(node),
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
        "resources": node.resources,
        "securityContext": container_security(),
        "volumeMounts": [
            {"name": "fabric", "mountPath": CONFIG_PATH, "readOnly": True},
            {"name": "ledger", "mountPath": LEDGER_PATH},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 — an emptyDir of the pod
        ],
    }


def one_replica(node: StoredPod, site: Site, pod: Manifest) -> Manifest:
    """Return the spec of a StatefulSet whose only pod a Rollout replaces."""
    return {
        # Power scales first, in order; this only agrees with it.
        "replicas": 0 if site.spec.asleep else 1,
        "serviceName": node.name,
        "selector": {"matchLabels": labels.select_node(site.instance, node.name)},
        "updateStrategy": {"type": "OnDelete"},
        "podManagementPolicy": "Parallel",
        "template": pod,
    }


def _environment(node: NodePlan) -> list[Manifest]:
    """Return the variables, a database's password among them: it must not be in a ConfigMap."""
    plain = {"FABRIC_CFG_PATH": CONFIG_PATH, **node.environment}
    variables: list[Manifest] = [{"name": name, "value": value} for name, value in plain.items()]
    variables += hidden_variables(node.secret_environment)
    if node.couchdb is not None:
        password = ("CORE_LEDGER_STATE_COUCHDBCONFIG_PASSWORD", node.couchdb.name, couchdb.PASSWORD_KEY)
        variables.append(from_secret(*password))
    return variables


def hidden_variables(places: Mapping[str, tuple[str, str]]) -> list[Manifest]:
    """Return variables whose values are in Secrets: by each name the Secret and the key."""
    return [from_secret(name, *place) for name, place in places.items()]


def from_secret(variable: str, secret: str, key: str) -> Manifest:
    """Return a variable whose value is in a Secret."""
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def _projected(node: NodePlan, further: Mapping[str, str]) -> Manifest:
    """Return FABRIC_CFG_PATH as one volume: settings of the ConfigMap, keys and certificates."""
    plain = {config_file(node): config_file(node), **CONFIG_MAP_FILES}
    return {
        "defaultMode": 0o440,
        "sources": [
            {"configMap": {"name": node.name, "items": _items(plain)}},
            {"secret": {"name": node.name, "items": _items({**SECRET_FILES, **further})}},
        ],
    }


def _items(files: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "path": path} for key, path in files.items()]


def pod_basics(settings: PodSettings, *, site: Site, user: int = USER_ID) -> Manifest:
    """Return what all pods have: as whom they run, where, and with which Secrets images are pulled.

    Args:
        settings: what the stack file says of the pod.
        site: where it runs.
        user: number of user and group.
    """
    basics: Manifest = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            **_numbers(user, site),
            # Ledgers have many files; ownership is right once it is right at the top.
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        **settings.placement.pod_spec(),
    }
    if pull_secrets := site.topology.images.pull_secrets:
        basics["imagePullSecrets"] = [{"name": name} for name in pull_secrets]
    return basics


def _numbers(user: int, site: Site) -> Manifest:
    """Return the numbers of user and groups; none where the cluster gives a namespace numbers of its own.

    OpenShift refuses pods that name others, and sets these itself.
    """
    if site.spec.cluster is not None and site.spec.cluster.pod_users == "cluster":
        return {}
    return {"runAsUser": user, "runAsGroup": user, "fsGroup": user}


def container_security() -> Manifest:
    """Return a security context without privileges, and with a root file system that is only read."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def apart(match: Mapping[str, str]) -> Manifest:
    """Return a preference for different machines: losing one should cost one pod; few machines still do."""
    return {"podAntiAffinity": _preferred(match)}


def beside(match: Mapping[str, str]) -> Manifest:
    """Return a preference for the machine that another pod is on."""
    return {"podAffinity": _preferred(match)}


def _preferred(match: Mapping[str, str]) -> Manifest:
    term = {"labelSelector": {"matchLabels": dict(match)}, "topologyKey": "kubernetes.io/hostname"}
    return {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": term}]}
