"""Describe nodes as Heddle's own resources reach them."""

from collections.abc import Sequence

import pulumi

from heddle.resources import Node
from heddle.topology import NodePlan


def node_address(node: NodePlan, tls_roots: pulumi.Input[Sequence[pulumi.Input[str]]]) -> Node:
    """Return a node as Heddle's resources take it, verified by these TLS roots, PEM."""
    address: Node = {
        "name": node.name,
        "mspId": node.msp_id,
        "host": node.host,
        "port": node.port,
        "namespace": node.namespace,
        "pod": node.pod,
        "tlsRootCertificates": tls_roots,
        "operationsPort": node.operations_port,
    }
    if node.admin_port is not None:
        address["adminPort"] = node.admin_port
    if node.former:
        address["former"] = list(node.former)
    return address
