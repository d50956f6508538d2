"""Run the ordering nodes of one organization."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget

from components import labels
from components.manifests import Manifest, metadata
from components.node import FabricNode, NodeSetArgs, tls_holder
from components.openings import node_opening
from components.organization import Organization
from heddle.render import orderer_yaml
from heddle.resources import (
    ClientTls,
    Consenter,
    Node,
    OrdererOrganization,
    Power,
    Rollout,
    RolloutArgs,
    Volumes,
)
from heddle.topology import NodePlan

_FEWEST = 3
"""Orderers that are needed for one of them to be out of its channels."""
_TOO_FEW = (
    "the key by which channels know an orderer is made anew only where three or more order: until its "
    "channels have taken its new certificate the others must order without it"
)


@dataclass(frozen=True, kw_only=True)
class OrdererSetArgs(NodeSetArgs):
    """Name the orderers of one organization, and what makes their volumes as large as they are to be."""

    volumes: Volumes


class OrdererSet(pulumi.ComponentResource):
    """Run the ordering nodes of one organization, each with volume and Service, restarted one by one."""

    organization: Organization
    """The organization that runs the orderers."""
    nodes: dict[str, FabricNode]
    """The nodes by name, in consenter order."""
    addresses: list[Node]
    """The orderers as the ledger's resources reach them, in consenter order."""
    consenters: list[Consenter]
    """Each orderer as a channel's configuration lists it."""
    definition: OrdererOrganization
    """The organization as a channel's configuration describes it."""
    admin_tls: ClientTls
    """Client certificate that the nodes' admin endpoints accept."""
    rollout_args: RolloutArgs
    """The nodes with all that a Rollout has to know of them."""
    rollout: Rollout
    """Done when every node runs what its StatefulSet says."""

    def __init__(self, name: str, args: OrdererSetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("heddle:fabric:OrdererSet", name, None, opts)
        self.organization = args.organization
        self.nodes = {plan.name: self._node(name, plan, args) for plan in args.plan.nodes}
        self.organization.revoke()
        for node in self.nodes.values():
            node.store()
        self.addresses = [node.address for node in self.nodes.values()]
        consenter = _bft_consenter if args.site.topology.bft else _raft_consenter
        self.consenters = [consenter(plan, self.nodes[plan.name]) for plan in args.plan.nodes]
        self.definition = {
            "name": args.plan.msp_id,
            "msp": args.organization.msp,
            "endpoints": [plan.address for plan in args.plan.nodes],
        }
        self.admin_tls = self._admin_tls(name, args)
        self._name, self._args = name, args

    def start(self, power: Power) -> None:
        """Declare what runs, once it is declared what wakes it."""
        name, args = self._name, self._args
        for node in self.nodes.values():
            node.start(power)
        self._disruption_budget(name, args)
        node_opening(f"{name}-opening", args.plan, args.site, self)
        self.register_outputs({"nodes": list(self.nodes)})

    def _node(self, name: str, plan: NodePlan, args: OrdererSetArgs) -> FabricNode:
        return FabricNode(
            f"{name}-{plan.name}",
            args.node(
                plan,
                orderer_yaml(plan),
                tls_rekey_refusal=_TOO_FEW if len(args.plan.nodes) < _FEWEST else "",
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _admin_tls(self, name: str, args: OrdererSetArgs) -> ClientTls:
        issued = args.organization.issue(f"{name}-admin-tls", self, common_name="orderer-admin", usage="tls")
        return {"certificate": issued.certificate, "privateKey": issued.private_key}

    def roll_out(self, gateways: Sequence[Node]) -> None:
        """Declare the rollout; once, when the peers are known, whose gateways hand in transactions."""
        self.rollout_args = self._rollout_args(self._args, gateways)
        self.rollout = Rollout(
            f"{self._name}-rollout",
            self.rollout_args,
            pulumi.ResourceOptions(
                parent=self,
                depends_on=[*(node.statefulset for node in self.nodes.values()), self._args.volumes],
            ),
        )

    def _rollout_args(self, args: OrdererSetArgs, gateways: Sequence[Node]) -> RolloutArgs:
        rekey, bft = args.site.spec.certificates.rekey, args.site.topology.bft is not None
        keys = {plan.name: rekey.get(tls_holder(plan, bft=bft), 0) for plan in args.plan.nodes}
        return RolloutArgs(
            kind="orderer",
            namespace=args.site.namespace,
            nodes=self.addresses,
            revisions={node: each.revision for node, each in self.nodes.items()},
            certificates={node: each.tls_certificate for node, each in self.nodes.items()},
            channels=[channel.name for channel in args.site.topology.channels],
            memberships=args.site.topology.memberships,
            gateways=gateways,
            admin_tls=self.admin_tls,
            operations_tls=args.operations.client,
            images={plan.name: plan.image for plan in args.plan.nodes},
            **self._identities(bft=args.site.topology.bft is not None),
            signers=[args.organization.admin],
            tls_keys={node: number for node, number in keys.items() if number} or None,
        )

    def _identities(self, *, bft: bool) -> dict[str, Any]:
        """Return that by which a leader, or the others, know who wants another one to lead."""
        if bft:
            return {"consenter_identities": {node: each.identity for node, each in self.nodes.items()}}
        return {"tls_identities": {node: each.tls_identity for node, each in self.nodes.items()}}

    def _disruption_budget(self, name: str, args: OrdererSetArgs) -> None:
        """Let drains take one consenter at a time: both Raft and BFT (four nodes and more) order without it.

        It counts Ready pods, which is not quorum.
        """
        if len(self.nodes) < 3:
            return
        match = labels.select_set(args.site.instance, "orderer", args.plan.name)
        spec: Manifest = {"minAvailable": len(self.nodes) - 1, "selector": {"matchLabels": match}}
        PodDisruptionBudget(
            f"{name}-budget",
            metadata=metadata(
                f"orderers-{args.plan.name}", args.site.namespace, labels.common(args.site.instance)
            ),
            spec=spec,
            opts=args.site.options(self),
        )


def _raft_consenter(_: NodePlan, node: FabricNode) -> Consenter:
    return {
        "node": node.address["name"],
        "host": node.address["host"],
        "port": node.address["port"],
        "clientTlsCertificate": node.tls_certificate,
        "serverTlsCertificate": node.tls_certificate,
    }


def _bft_consenter(plan: NodePlan, node: FabricNode) -> Consenter:
    """Return a node as BFT consenter. Its id is its index plus 1, so that it stays the node's for ever."""
    return {
        **_raft_consenter(plan, node),
        "id": plan.index + 1,
        "mspId": node.address["mspId"],
        "identity": node.identity_certificate,
    }
