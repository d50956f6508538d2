"""Pod templates of chaincode servers: the environment that each language's library reads."""

from collections.abc import Mapping

import pulumi

from components import labels, pods
from components.manifests import Manifest
from components.site import Site
from heddle.topology import CHAINCODE_PORT, ServerPlan

TLS = "/etc/chaincode/tls"
_FORGOTTEN = 5
"""Seconds in which all machines of a cluster forget a pod that leaves its Service."""
CERTIFICATE, KEY, AUTHORITY = "server.crt", "server.key", "ca.crt"
"""Keys of the server's Secret, and names of the files under TLS."""

_LISTEN = f"0.0.0.0:{CHAINCODE_PORT}"
# The two that every sample of upstream reads (cc_service.md, fabric-samples), whatever its language.
_COMMON = {"CHAINCODE_SERVER_ADDRESS": _LISTEN}
# fabric-chaincode-go's shim takes values, not variables: these are the names of fabric-samples'
# asset-transfer-basic/chaincode-external, which fabric-chaincode-python took over.
_GO = {
    "CHAINCODE_TLS_DISABLED": "false",
    "CHAINCODE_TLS_KEY": f"{TLS}/{KEY}",
    "CHAINCODE_TLS_CERT": f"{TLS}/{CERTIFICATE}",
}
_LANGUAGES: Mapping[str, Mapping[str, str]] = {
    "python": _GO,
    "go": _GO,
    # fabric-shim's `fabric-chaincode-node server` takes every option also as CORE_<OPTION> (cli.js). HOME:
    # npm writes there, and the root file system is read-only.
    "node": {
        "CORE_CHAINCODE_ADDRESS": _LISTEN,
        "CORE_CHAINCODE_TLS_KEY_FILE": f"{TLS}/{KEY}",
        "CORE_CHAINCODE_TLS_CERT_FILE": f"{TLS}/{CERTIFICATE}",
        "HOME": "/tmp",  # noqa: S108 — an emptyDir of the pod
    },
    # fabric-chaincode-shim's ChaincodeBase: a server with TLS reads the _FILE pair, but refuses to start
    # without the other three, which only clients of peers use.
    "java": {
        "CORE_PEER_TLS_ENABLED": "true",
        "CORE_PEER_TLS_ROOTCERT_FILE": f"{TLS}/{AUTHORITY}",
        "CORE_TLS_CLIENT_KEY_PATH": f"{TLS}/{KEY}",
        "CORE_TLS_CLIENT_CERT_PATH": f"{TLS}/{CERTIFICATE}",
        "CORE_TLS_CLIENT_KEY_FILE": f"{TLS}/{KEY}",
        "CORE_TLS_CLIENT_CERT_FILE": f"{TLS}/{CERTIFICATE}",
    },
}
_PACKAGE_ID = {"node": "CORE_CHAINCODE_ID", "java": "CORE_CHAINCODE_ID_NAME"}
"""The variable in which a language's library reads the package id, besides CHAINCODE_ID."""


def environment(
    language: str, package_id: pulumi.Input[str], own: Mapping[str, str]
) -> dict[str, pulumi.Input[str]]:
    """Return the environment variables of a chaincode server.

    Args:
        language: python, go, node or java.
        package_id: what the server serves.
        own: the stack file's variables; what Heddle sets wins (the stack file may not name it).
    """
    ids = {"CHAINCODE_ID": package_id}
    if language in _PACKAGE_ID:
        ids[_PACKAGE_ID[language]] = package_id
    return {**own, **ids, **_COMMON, **_LANGUAGES[language]}


def chaincode_pod(
    server: ServerPlan,
    *,
    site: Site,
    image: str,
    variables: Mapping[str, pulumi.Input[str]],
    secrets: Mapping[str, tuple[str, str]],
    checksum: pulumi.Input[str],
) -> Manifest:
    """Return the pod template of a chaincode server: it serves one package, with TLS.

    `secrets` are further variables, with the Secret and the key that each value is in.
    """
    own = labels.of_server(site.instance, server)
    return {
        "metadata": {
            "labels": {**server.labels, **own},
            "annotations": {**server.annotations, pods.CHECKSUM: checksum},
        },
        "spec": {
            **pods.pod_basics(server, site=site),
            **(
                {"affinity": pods.apart(labels.select_server(site.instance, server))}
                if server.replicas > 1
                else {}
            ),
            "containers": [_container(server, image, [*_plain(variables), *pods.hidden_variables(secrets)])],
            "volumes": [
                {"name": "tls", "secret": {"secretName": server.name, "defaultMode": 0o440}},
                {"name": "tmp", "emptyDir": {}},
            ],
        },
    }


def _plain(variables: Mapping[str, pulumi.Input[str]]) -> list[Manifest]:
    return [{"name": name, "value": value} for name, value in variables.items()]


def _container(server: ServerPlan, image: str, variables: list[Manifest]) -> Manifest:
    probe = {"tcpSocket": {"port": "chaincode"}}
    return {
        "name": "chaincode",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "env": variables,
        "ports": [{"name": "chaincode", "containerPort": CHAINCODE_PORT, "protocol": "TCP"}],
        "startupProbe": {**probe, "periodSeconds": 1, "failureThreshold": 300},
        "readinessProbe": {**probe, "periodSeconds": 5},
        "livenessProbe": {**probe, "periodSeconds": 15, "failureThreshold": 4},
        # A peer keeps its one connection until the server ends, and dials the Service at once. By then no
        # machine of the cluster must send it to the pod that ended: it would wait, and transactions with it.
        "lifecycle": {"preStop": {"sleep": {"seconds": _FORGOTTEN}}},
        "resources": server.resources,
        "securityContext": pods.container_security(),
        "volumeMounts": [
            {"name": "tls", "mountPath": TLS, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 — an emptyDir of the pod
        ],
    }
