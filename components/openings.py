"""NetworkPolicies: what may reach which pods, where everything else is closed."""

import pulumi
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from components import labels
from components.manifests import Manifest, metadata
from components.site import Site
from heddle.topology import (
    CHAINCODE_PORT,
    CouchdbPlan,
    OrganizationPlan,
    OwnWatchers,
    ServerPlan,
    WatcherPlan,
)
from heddle.topology.plans.monitoring import PROMETHEUS

_ANY_NAMESPACE: Manifest = {"namespaceSelector": {}}
_MONITORING: Manifest = {"namespaceSelector": {"matchLabels": {labels.MONITORING: "true"}}}
_SAME_NAMESPACE: Manifest = {
    "podSelector": {"matchExpressions": [{"key": labels.NAME, "operator": "NotIn", "values": ["chaincode"]}]}
}
"""Pods of the instance but for chaincode, which is code of others."""
_DNS: Manifest = {
    "ports": [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")],
    # Pods that serve DNS, and the node's own cache (NodeLocal DNSCache listens there).
    "to": [_ANY_NAMESPACE, {"ipBlock": {"cidr": "169.254.20.10/32"}}],
}


def node_opening(name: str, plan: OrganizationPlan, site: Site, parent: pulumi.Resource) -> NetworkPolicy:
    """Open an organization's nodes: gRPC to the cluster, or to all if public; operations to monitoring.

    An admin endpoint needs no opening: it listens on its pod's loopback.
    """
    kind = plan.nodes[0].kind
    everyone = {"from": [_ANY_NAMESPACE]} if site.topology.service_type == "ClusterIP" else {}
    watchers = {"from": [_MONITORING, _SAME_NAMESPACE]}
    ingress: Manifest = [
        {"ports": [{"port": "grpc", "protocol": "TCP"}], **everyone},
        {"ports": [{"port": "operations", "protocol": "TCP"}], **watchers},
    ]
    match = labels.select_set(site.instance, kind, plan.name)
    return _policy(name, f"{kind}s-{plan.name}", site, match, ingress, parent)


def chaincode_opening(name: str, server: ServerPlan, site: Site, parent: pulumi.Resource) -> NetworkPolicy:
    """Open a chaincode server to the peers of its organization, and to nobody else.

    Connections of its own go to these peers and to the cluster's DNS, unless the stack file opens all.
    """
    peers = labels.select_set(site.instance, "peer", server.organization)
    source = {"podSelector": {"matchLabels": peers}}
    ingress = [{"ports": [{"port": CHAINCODE_PORT, "protocol": "TCP"}], "from": [source]}]
    egress = (
        None
        if server.open_egress
        else [{"ports": [{"port": "grpc", "protocol": "TCP"}], "to": [source]}, _DNS]
    )
    match = labels.select_server(site.instance, server)
    return _policy(name, f"chaincode-{server.name}", site, match, ingress, parent, egress)


def couchdb_opening(name: str, database: CouchdbPlan, site: Site, parent: pulumi.Resource) -> NetworkPolicy:
    """Open a state database to its peer, and to what works in its stead: Fabric knows no TLS there.

    `peer node rebuild-dbs` empties the database through its API, in a pod that is not the peer's. A
    Prometheus reads its metrics on the same port.
    """
    who = [labels.select_node(site.instance, database.peer), {labels.WORKS_FOR: database.peer}]
    sources: Manifest = [{"podSelector": {"matchLabels": match}} for match in who]
    sources += _prometheus(site)
    ingress = [{"ports": [{"port": "http", "protocol": "TCP"}], "from": sources}]
    match = labels.select_node(site.instance, database.name)
    return _policy(name, database.name, site, match, ingress, parent)


def _prometheus(site: Site) -> list[Manifest]:
    """Return the Prometheus that watches the instance; the operator's is in a namespace of monitoring."""
    monitoring = site.topology.monitoring
    if monitoring is None:
        return []
    if isinstance(monitoring.watchers, OwnWatchers):
        match = labels.select_watcher(site.instance, monitoring.watchers.prometheus)
        return [{"podSelector": {"matchLabels": match}}]
    return [{**_MONITORING, "podSelector": {"matchLabels": {labels.NAME: PROMETHEUS}}}]


def watcher_opening(name: str, watcher: WatcherPlan, site: Site, parent: pulumi.Resource) -> NetworkPolicy:
    """Open a Prometheus or an Alertmanager to the instance's pods and to monitoring, as Grafana is."""
    watchers = {"from": [_MONITORING, _SAME_NAMESPACE]}
    ingress: Manifest = [{"ports": [{"port": "http", "protocol": "TCP"}], **watchers}]
    match = labels.select_watcher(site.instance, watcher)
    return _policy(name, watcher.name, site, match, ingress, parent)


def _policy(
    name: str,
    object_name: str,
    site: Site,
    match: dict[str, str],
    ingress: Manifest,
    parent: pulumi.Resource,
    egress: Manifest | None = None,
) -> NetworkPolicy:
    """Make a policy; without `egress` the pods' own connections go anywhere."""
    spec: Manifest = {
        "podSelector": {"matchLabels": match},
        "policyTypes": ["Ingress"],
        "ingress": ingress,
    }
    if egress is not None:
        spec |= {"policyTypes": ["Ingress", "Egress"], "egress": egress}
    return NetworkPolicy(
        name,
        metadata=metadata(object_name, site.namespace, labels.common(site.instance)),
        spec=spec,
        opts=site.options(parent),
    )
