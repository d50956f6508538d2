"""Run the peers of one organization."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import PersistentVolumeClaim, Service

from components.couchdb import Couchdb, CouchdbArgs
from components.node import FabricNode, FabricNodeArgs
from components.openings import node_opening
from components.operations import Operations
from components.organization import Organization
from components.site import Site
from heddle.render import core_yaml
from heddle.resources import Node, PeerOrganization, Power
from heddle.topology import CouchdbPlan, NodePlan, OrganizationPlan


@dataclass(frozen=True, kw_only=True)
class PeerSetArgs:
    """Which peers, whose they are, and what Kubernetes holds for each (by the peer's name)."""

    site: Site
    plan: OrganizationPlan
    organization: Organization
    claims: Mapping[str, PersistentVolumeClaim]
    """Claims of the peers and of their databases, by name."""
    services: Mapping[str, Service]
    operations: Operations


class PeerSet(pulumi.ComponentResource):
    """The peers of one organization, each with volume and Service. They restart with those of all others."""

    organization: Organization
    """The organization that the peers belong to."""
    nodes: dict[str, FabricNode]
    """The peers, by name."""

    def __init__(self, name: str, args: PeerSetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("heddle:fabric:PeerSet", name, None, opts)
        self.organization = args.organization
        self.nodes = {plan.name: self._node(name, plan, args) for plan in args.plan.nodes}
        self.organization.revoke()
        for node in self.nodes.values():
            node.store()
        self._name, self._args = name, args

    def start(self, power: Power) -> None:
        """Declare what runs, once it is declared what wakes it."""
        name, args = self._name, self._args
        for node in self.nodes.values():
            node.start(power)
        node_opening(f"{name}-opening", args.plan, args.site, self)
        self.register_outputs({"nodes": list(self.nodes)})

    def definition(self, anchor_peers: tuple[str, ...]) -> PeerOrganization:
        """Return what a channel says of the organization, its anchor peers as host:port."""
        return {
            "name": self.organization.msp_id,
            "msp": self.organization.msp,
            "anchorPeers": list(anchor_peers),
        }

    def address(self, peer: NodePlan) -> Node:
        """Return how to reach one of the peers."""
        return self.nodes[peer.name].address

    def _node(self, name: str, plan: NodePlan, args: PeerSetArgs) -> FabricNode:
        # All ask the first peer for the others: it stays when the organization grows, so nobody is restarted.
        bootstrap = args.plan.nodes[0].served
        return FabricNode(
            f"{name}-{plan.name}",
            FabricNodeArgs(
                site=args.site,
                plan=plan,
                organization=args.organization,
                image=plan.image,
                config=core_yaml(plan, bootstrap=bootstrap),
                claim=args.claims[plan.name],
                service=args.services[plan.name],
                operations_authority=args.operations.authority,
                database=self._database(name, plan.couchdb, args) if plan.couchdb else None,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _database(self, name: str, plan: CouchdbPlan, args: PeerSetArgs) -> Couchdb:
        return Couchdb(
            f"{name}-{plan.name}",
            CouchdbArgs(site=args.site, plan=plan, claim=args.claims[plan.name]),
            pulumi.ResourceOptions(parent=self),
        )
