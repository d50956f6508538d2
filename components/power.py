"""Stop and start the workloads of an instance in order."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.node import FabricNode
from components.operations import Operations
from components.orderer_set import OrdererSet
from components.peer_set import PeerSet
from components.site import Site
from heddle.resources import Power, PowerArgs


@dataclass(frozen=True, kw_only=True)
class PowerParts:
    """Gather the nodes of an instance before any of them is started, and who may ask them."""

    site: Site
    orderers: OrdererSet
    peers: Mapping[str, PeerSet]
    """Peers of every organization that is managed here, by its name."""
    operations: Operations


def declare_power(name: str, parts: PowerParts, opts: pulumi.ResourceOptions) -> Power:
    """Declare what scales an instance down and up; its workloads change after it, and then agree with it."""
    nodes, topology = _nodes(parts), parts.site.topology
    return Power(
        name,
        PowerArgs(
            namespace=topology.namespace,
            power=parts.site.spec.power,
            orderers=parts.orderers.addresses,
            peers=[node.address for each in parts.peers.values() for node in each.nodes.values()],
            databases=topology.database_names or None,
            servers={
                server.name: server.replicas
                for chaincode in topology.chaincodes
                for server in chaincode.servers
            },
            channels=topology.memberships,
            certificates={node: each.tls_certificate for node, each in nodes.items()},
            admin_tls=parts.orderers.admin_tls,
            operations_tls=parts.operations.client,
            signers=[
                parts.orderers.organization.admin,
                *(each.organization.admin for each in parts.peers.values()),
            ],
        ),
        # Nodes that wake must find the certificates that they are to present.
        pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(depends_on=[one for each in nodes.values() for one in each.stored])
        ),
    )


def _nodes(parts: PowerParts) -> dict[str, FabricNode]:
    nodes = dict(parts.orderers.nodes)
    for each in parts.peers.values():
        nodes |= each.nodes
    return nodes
