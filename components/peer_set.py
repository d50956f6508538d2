"""Run the peers of one organization."""

from collections.abc import Mapping, Sequence
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
from heddle.resources import Node, PeerOrganization, Rollout, RolloutArgs, Volumes
from heddle.topology import CouchdbPlan, NodePlan, OrganizationPlan


@dataclass(frozen=True, kw_only=True)
class PeerSetArgs:
    """Which peers, whose they are, and what Kubernetes holds for each (by the peer's name)."""

    site: Site
    plan: OrganizationPlan
    organization: Organization
    claims: Mapping[str, PersistentVolumeClaim]
    """Claims of the peers and of their databases, by name."""
    volumes: Volumes
    services: Mapping[str, Service]
    operations: Operations
    neighbours: Sequence[Node]
    """The peers of other organizations."""
    after: Rollout
    """The rollout of the nodes that restart before these: one node of the instance at a time."""


class PeerSet(pulumi.ComponentResource):
    """The peers of one organization, each with volume and Service, restarted one by one."""

    organization: Organization
    """The organization that the peers belong to."""
    nodes: dict[str, FabricNode]
    """The peers, by name."""
    rollout: Rollout
    """Done when every peer runs what its StatefulSet says."""

    def __init__(self, name: str, args: PeerSetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("heddle:fabric:PeerSet", name, None, opts)
        self.organization = args.organization
        self.nodes = {plan.name: self._node(name, plan, args) for plan in args.plan.nodes}
        self.organization.revoke()
        for node in self.nodes.values():
            node.start()
        self.rollout = self._rollout(name, args)
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
        bootstrap = (args.plan.nodes[0].address,)
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

    def _rollout(self, name: str, args: PeerSetArgs) -> Rollout:
        databases = {plan.name: plan.couchdb.name for plan in args.plan.nodes if plan.couchdb}
        return Rollout(
            f"{name}-rollout",
            RolloutArgs(
                kind="peer",
                namespace=args.site.namespace,
                nodes=[node.address for node in self.nodes.values()],
                revisions={node: each.revision for node, each in self.nodes.items()},
                certificates={node: each.tls_certificate for node, each in self.nodes.items()},
                databases=databases or None,
                channels=args.site.topology.channels_of(args.plan.name),
                signers=[args.organization.admin],
                neighbours=args.neighbours,
                operations_tls=args.operations.client,
                images={plan.name: plan.image for plan in args.plan.nodes},
            ),
            # A first creation restarts nothing, so nobody waits long: all pods start at the same time.
            pulumi.ResourceOptions(
                parent=self,
                depends_on=[*(node.statefulset for node in self.nodes.values()), args.volumes, args.after],
            ),
        )
