"""Run the peers of one organization."""

from dataclasses import dataclass

import pulumi

from components.couchdb import Couchdb, CouchdbArgs
from components.node import FabricNode, NodeSetArgs
from components.openings import node_opening
from components.organization import Organization
from heddle.render import core_yaml
from heddle.resources import Node, PeerOrganization, Power
from heddle.topology import CouchdbPlan, NodePlan


@dataclass(frozen=True, kw_only=True)
class PeerSetArgs(NodeSetArgs):
    """The peers of one organization."""


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
            args.node(
                plan,
                core_yaml(plan, bootstrap=bootstrap),
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
