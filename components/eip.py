"""Addresses of the nodes: inside the cluster, and outside where the instance has a public address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.core.v1 import Service

from components import labels
from components.manifests import Manifest, metadata
from components.site import Site
from heddle.topology import NodePlan


@dataclass(frozen=True, kw_only=True)
class EipArgs:
    """Which nodes are reached, and where from outside."""

    site: Site
    nodes: tuple[NodePlan, ...]
    public_address: str
    """An address of the cluster's nodes; empty = none, and no port is opened."""


class Eip(pulumi.ComponentResource):
    """One Service per node; with a public address each gets a port there that Kubernetes chooses and keeps.

    Only the gRPC port is in the Service: operations and admin endpoints never leave the cluster.
    """

    services: dict[str, Service]
    """Service of each node, by the node's name."""
    endpoints: Mapping[str, pulumi.Input[str]]
    """Where clients outside reach each node (`address:port`); empty without a public address."""

    def __init__(self, name: str, args: EipArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("heddle:kubernetes:Eip", name, None, opts)
        self.services = {node.name: self._service(name, node, args) for node in args.nodes}
        self.endpoints = {
            node: _endpoint(args.public_address, service)
            for node, service in self.services.items()
            if args.public_address
        }
        self.register_outputs({"endpoints": dict(self.endpoints)})

    def _service(self, name: str, node: NodePlan, args: EipArgs) -> Service:
        spec: Manifest = {
            "type": "NodePort" if args.public_address else "ClusterIP",
            # Consenters must find each other before any of them is ready.
            "publishNotReadyAddresses": True,
            "selector": {labels.INSTANCE: args.site.instance, labels.NODE: node.name},
            "ports": [{"name": "grpc", "port": node.port, "targetPort": "grpc", "protocol": "TCP"}],
        }
        node_labels = labels.of_node(args.site.instance, node)
        return Service(
            f"{name}-{node.name}",
            metadata=metadata(node.name, node.namespace, node_labels, labels.SKIP_AWAIT),
            spec=spec,
            opts=args.site.options(self),
        )


def _endpoint(address: str, service: Service) -> pulumi.Output[str]:
    """`address:port`. It also takes the status, unknown in a preview: the port is unknown then too."""
    host = f"[{address}]" if ":" in address else address

    def reached(known: Sequence[Any]) -> str:
        spec, _ = known
        return f"{host}:{spec['ports'][0]['node_port']}"

    return pulumi.Output.all(service.spec, service.status).apply(reached)
