"""Make a drill's objects from those in a backup's state: the same nodes, in a namespace of their own. Pure.

Nodes know each other by the names that channels and certificates have, which lead to the network that
lives. In a drill each of these names leads to the drill's own Service, or nowhere: by the pods' own hosts
file, which comes before DNS, and by a policy that lets nothing out of the namespace where policies are
enforced.
"""

import ipaddress
from collections.abc import Collection, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypeAlias

from heddle.backup.restoring.wanted import CLAIM, STATEFULSET, manifest_of
from heddle.configtx.settings import ChannelSettings
from heddle.errors import BackupError
from heddle.state.resource import Resource

__all__ = [
    "DRILL",
    "DrillObjects",
    "aliases_of",
    "drill_namespace",
    "drill_objects",
    "ledger_hosts",
    "with_aliases",
]

Json: TypeAlias = dict[str, Any]
DRILL = "heddle.dev/drill"
"""Label of a drill's namespace: the stack."""
_NOWHERE = "127.0.0.1"
_SERVICE = "kubernetes:core/v1:Service"
_DEPLOYMENT = "kubernetes:apps/v1:Deployment"
_STORED = (
    "kubernetes:core/v1:Secret",
    "kubernetes:core/v1:ConfigMap",
    CLAIM,
)
_PORT = ("name", "port", "protocol", "targetPort", "appProtocol")


@dataclass(frozen=True, kw_only=True)
class DrillObjects:
    """Hold the objects of a drill's nodes.

    services: by name, each with an address of its own. stored: Secrets, ConfigMaps and claims.
    statefulsets: by the node's name. deployments: of chaincode servers, by name.
    others: names of the instance's Services that the drill does without.
    """

    services: Mapping[str, Json]
    stored: tuple[Json, ...]
    statefulsets: Mapping[str, Json]
    deployments: Mapping[str, Json]
    others: tuple[str, ...]


def drill_namespace(name: str, stack: str) -> list[Json]:
    """Return a drill's namespace, closed to all that is outside of it."""
    labels = {DRILL: stack, "app.kubernetes.io/managed-by": "heddle"}
    security = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    own: list[Json] = [{"podSelector": {}}]
    policy = {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": own}],
        "egress": [{"to": own}],
    }
    return [
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": {**labels, **security}},
        },
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "drill", "namespace": name, "labels": labels},
            "spec": policy,
        },
    ]


def drill_objects(
    resources: Iterable[Resource], nodes: Collection[str], namespace: str, *, servers: bool = False
) -> DrillObjects:
    """Return the objects of these nodes, their state databases among them, for another namespace.

    `servers`: also those of all chaincode servers. Raises BackupError for a node that the state lacks.
    """
    manifests = [(each.type, manifest_of(each)) for each in resources if each.custom and not each.delete]
    services = {each["metadata"]["name"]: each for kind, each in manifests if kind == _SERVICE}
    statefulsets = {
        each["metadata"]["name"]: _moved(each, namespace)
        for kind, each in manifests
        if kind == STATEFULSET and each["metadata"]["name"] in nodes
    }
    deployments = {
        each["metadata"]["name"]: _running(_moved(each, namespace))
        for kind, each in manifests
        if kind == _DEPLOYMENT and servers
    }
    taken = {*nodes, *deployments}
    if missing := sorted({*nodes} - (statefulsets.keys() & services.keys())):
        raise BackupError(
            f"the state in the backup has no node {', '.join(missing)}", hint="Use another backup."
        )
    return DrillObjects(
        services={name: _own_service(each, namespace) for name, each in services.items() if name in taken},
        stored=tuple(
            _moved(each, namespace)
            for kind, each in manifests
            if kind in _STORED and each["metadata"]["name"] in taken
        ),
        statefulsets=statefulsets,
        deployments=deployments,
        others=tuple(sorted(services.keys() - taken)),
    )


def ledger_hosts(settings: ChannelSettings) -> set[str]:
    """Return the hosts that a channel's configuration names, whoever's they are."""
    addresses = [each.address for each in settings.consenters]
    addresses += [each for one in settings.orderer_organizations for each in one.endpoints]
    addresses += [each for one in settings.peer_organizations for each in one.anchor_peers]
    return {each.rpartition(":")[0] for each in addresses}


def aliases_of(
    addresses: Mapping[str, str], hosts: Mapping[str, str], named: Collection[str], others: Collection[str]
) -> list[Json]:
    """Return the hosts file of a drill's pods.

    Args:
        addresses: of the drill's Services, by name.
        hosts: the Service that a name leads to, by the name that ledgers and files have.
        named: hosts on ledgers; those that no Service of the drill stands for lead nowhere.
        others: more names that lead nowhere.

    Raises BackupError for a host on a ledger that is an address: nothing could lead it elsewhere.
    """
    outside = sorted(host for host in named if host not in hosts and _is_address(host))
    if outside:
        raise BackupError(
            f"a channel names {outside[0]}, an address: a drill would reach what lives there",
            hint="A drill takes names alone. Restore the backup into a cluster that cannot reach it.",
        )
    by_address: dict[str, set[str]] = {}
    for host, service in hosts.items():
        by_address.setdefault(addresses[service], set()).add(host)
    by_address.setdefault(_NOWHERE, set()).update(({*named} | {*others}) - hosts.keys())
    return [
        {"ip": address, "hostnames": sorted(names)} for address, names in sorted(by_address.items()) if names
    ]


def with_aliases(statefulset: Json, aliases: list[Json]) -> Json:
    """Return a node of a drill whose names lead where the drill's do."""
    changed = _running(statefulset)
    changed["spec"]["template"]["spec"]["hostAliases"] = aliases
    return changed


def _running(workload: Json) -> Json:
    """Return a workload with one pod, also where the instance slept."""
    changed = deepcopy(workload)
    changed["spec"]["replicas"] = 1
    return changed


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _moved(manifest: Json, namespace: str) -> Json:
    return {**manifest, "metadata": {**manifest["metadata"], "namespace": namespace}}


def _own_service(manifest: Json, namespace: str) -> Json:
    """Return a Service with an address inside the cluster alone."""
    spec = manifest["spec"]
    ports = [{key: port[key] for key in _PORT if key in port} for port in spec["ports"]]
    kept = {key: spec[key] for key in ("selector", "publishNotReadyAddresses") if key in spec}
    name = {"name": manifest["metadata"]["name"], "labels": manifest["metadata"].get("labels") or {}}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {**name, "namespace": namespace},
        "spec": {**kept, "ports": ports},
    }
