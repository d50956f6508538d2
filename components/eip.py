"""Addresses of the nodes: inside the cluster, and outside where the instance has a public address."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_kubernetes.core.v1 import Service

from components import labels
from components.manifests import Manifest, metadata
from components.site import Site
from heddle.spec.former import NO_DOMAIN
from heddle.topology import NodePlan

_FORMER = "grpc-former"


class Eip(pulumi.ComponentResource):
    """A Service per node, which clients outside the cluster reach.

    Only the gRPC port is in it: operations and admin endpoints never leave the cluster. With a domain, the
    port is the same on the ledger, at the Service and outside; else Kubernetes chooses one outside.
    """

    services: dict[str, Service]
    """Service of each node, by the node's name."""
    endpoints: Mapping[str, pulumi.Input[str]]
    """The `address:port` at which clients outside reach each node; empty where they do not."""

    def __init__(
        self, name: str, site: Site, terms: pulumi.Resource, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("heddle:kubernetes:Eip", name, None, opts)
        self.services = {node.name: self._service(name, node, site, terms) for node in site.topology.nodes}
        self.endpoints = {
            node.name: endpoint
            for node in site.topology.nodes
            if (endpoint := _endpoint(node, self.services[node.name], site))
        }
        self.register_outputs({"endpoints": dict(self.endpoints)})

    def _service(self, name: str, node: NodePlan, site: Site, terms: pulumi.Resource) -> Service:
        """Return a node's Service. `terms` come first: they refuse to take an address away that is in use."""
        spec: Manifest = {
            "type": site.topology.service_type,
            # Consenters must find each other before any of them is ready.
            "publishNotReadyAddresses": True,
            "selector": labels.select_reached(site.instance, node.name),
            "ports": _ports(node, site),
        }
        given = site.topology.service_type == "LoadBalancer" and site.spec.domain is None
        awaited = labels.AWAIT_LOAD_BALANCER if given else labels.SKIP_AWAIT
        node_labels = labels.of_node(site.instance, node)
        return Service(
            f"{name}-{node.name}",
            metadata=metadata(
                node.name, node.namespace, node_labels, {**node.service_annotations, **awaited}
            ),
            spec=spec,
            opts=site.options(self, after=[terms]),
        )


def _ports(node: NodePlan, site: Site) -> list[Manifest]:
    """Return the ports of a Service: that of now, and a former one while its node moves.

    Both lead to where the pod listens, which it calls `grpc`: before its restart that is the former port.
    """
    wanted = (
        {"grpc": node.port} if node.former_port is None else {"grpc": node.port, _FORMER: node.former_port}
    )
    former = site.spec.former
    had_domain = former is not None and former.domain != NO_DOMAIN
    ports: list[Manifest] = []
    for name, number in wanted.items():
        port: Manifest = {"name": name, "port": number, "targetPort": "grpc", "protocol": "TCP"}
        pinned = had_domain if name == _FORMER else node.node_port is not None
        if pinned and site.topology.service_type == "NodePort":
            port["nodePort"] = number
        ports.append(port)
    return ports


def _endpoint(node: NodePlan, service: Service, site: Site) -> pulumi.Input[str] | None:
    """Return `address:port` outside; None if there is none."""
    if site.spec.domain is not None:
        return node.address
    if site.topology.service_type == "LoadBalancer":
        return service.status.apply(lambda status: _balanced(status, node.port))
    return _node_port(site.topology.public_address, service) if site.topology.public_address else None


def _node_port(address: str, service: Service) -> pulumi.Output[str]:
    """Return the address and the port that Kubernetes chose. A preview knows neither port nor status."""

    def endpoint(known: Sequence[Any]) -> str:
        spec, _ = known
        current = next(each for each in spec["ports"] if each["name"] == "grpc")
        return f"{_host(address)}:{current['node_port']}"

    return pulumi.Output.all(service.spec, service.status).apply(endpoint)


def _balanced(status: Any, port: int) -> str:  # noqa: ANN401 — the SDK's status is untyped
    """Return the address at the load balancer: its IP or, as some clouds give, its DNS name.

    Empty while there is none: a preview that makes a load balancer of a Service has the status without one.
    """
    ingress = (status.get("load_balancer") or {}).get("ingress") or []
    return f"{_host(str(ingress[0].get('ip') or ingress[0]['hostname']))}:{port}" if ingress else ""


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address
