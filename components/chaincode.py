"""Run a chaincode on a channel: a server per organization, and the lifecycle up to its definition."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components.chaincode_server import ChaincodeServer, ChaincodeServerArgs
from components.fabric_channel import FabricChannel
from components.orderer_set import OrdererSet
from components.peer_set import PeerSet
from components.site import Site
from heddle.resources import (
    ChaincodeApproval,
    ChaincodeApprovalArgs,
    ChaincodeDefinition,
    ChaincodeDefinitionArgs,
    ChaincodeInstallation,
    ChaincodeInstallationArgs,
)
from heddle.settings import inputs_of
from heddle.topology import ChaincodePlan, CollectionPlan, NodePlan, ServerPlan


@dataclass(frozen=True, kw_only=True)
class ChaincodeArgs:
    """Which chaincode, on which channel and peers."""

    site: Site
    plan: ChaincodePlan
    channel: FabricChannel
    orderers: OrdererSet
    peers: Mapping[str, PeerSet]
    """Peers of every organization that is managed here, by its name."""


class Chaincode(pulumi.ComponentResource):
    """A chaincode: every member that is managed here installs, runs and approves it, then it is committed.

    Installing and starting servers need the package alone, so they run beside the making of the channel. The
    server of a former version is deleted last, after the new definition is committed.
    """

    servers: dict[str, ChaincodeServer]
    """Each organization's server, by its name."""
    definition: ChaincodeDefinition
    """The definition in force on the channel, once it is committed."""

    def __init__(self, name: str, args: ChaincodeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("heddle:fabric:Chaincode", name, None, opts)
        self.servers = {plan.organization: self._server(name, plan, args) for plan in args.plan.servers}
        installed = [
            self._installation(name, peer, plan, args) for plan in args.plan.servers for peer in plan.peers
        ]
        approved = [self._approval(name, plan, args) for plan in args.plan.servers]
        # A definition in force whose server cannot start would leave the channel without its chaincode.
        served = [server.deployment for server in self.servers.values()]
        self.definition = self._definition(name, args, [*installed, *approved, *served])
        self.register_outputs({"label": args.plan.label})

    def _server(self, name: str, plan: ServerPlan, args: ChaincodeArgs) -> ChaincodeServer:
        return ChaincodeServer(
            f"{name}-{plan.organization}-{args.plan.version}",
            ChaincodeServerArgs(
                site=args.site,
                chaincode=args.plan,
                plan=plan,
                organization=args.peers[plan.organization].organization,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _installation(
        self, name: str, peer: NodePlan, plan: ServerPlan, args: ChaincodeArgs
    ) -> ChaincodeInstallation:
        peers, package = args.peers[plan.organization], self.servers[plan.organization].package
        return ChaincodeInstallation(
            f"{name}-{peer.name}",
            ChaincodeInstallationArgs(
                peer=peers.address(peer),
                label=args.plan.label,
                package=package.package,
                package_id=package.package_id,
                signer=peers.organization.admin,
            ),
            pulumi.ResourceOptions(
                parent=self,
                depends_on=[peers.rollout],
                # A package cannot be uninstalled; it is gone with the peer.
                deleted_with=peers.nodes[peer.name].statefulset,
            ),
        )

    def _approval(self, name: str, plan: ServerPlan, args: ChaincodeArgs) -> ChaincodeApproval:
        peers, endorser = args.peers[plan.organization], plan.peers[0]
        return ChaincodeApproval(
            f"{name}-{plan.organization}",
            ChaincodeApprovalArgs(
                **_definition(args.plan),
                package_id=self.servers[plan.organization].package.package_id,
                peer=peers.address(endorser),
                orderers=args.orderers.addresses,
                signer=peers.organization.admin,
            ),
            pulumi.ResourceOptions(parent=self, depends_on=[args.channel.memberships[endorser.name]]),
        )

    def _definition(
        self, name: str, args: ChaincodeArgs, after: list[pulumi.Resource]
    ) -> ChaincodeDefinition:
        endorsers = [
            (args.peers[plan.organization], peer) for plan in args.plan.servers for peer in plan.peers[:1]
        ]
        submitter = endorsers[0][0].organization
        return ChaincodeDefinition(
            f"{name}-definition",
            ChaincodeDefinitionArgs(
                **_definition(args.plan),
                peers=[peers.address(peer) for peers, peer in endorsers],
                orderers=args.orderers.addresses,
                signer=submitter.admin,
            ),
            pulumi.ResourceOptions(parent=self, depends_on=after),
        )


def _definition(plan: ChaincodePlan) -> dict[str, Any]:
    """Return the definition as arguments of both approval and commit."""
    return {
        "channel": plan.channel,
        "name": plan.name,
        "version": plan.version,
        "sequence": plan.sequence,
        "endorsement_policy": plan.endorsement_policy,
        "init_required": plan.init_required or None,
        "collections": [_collection(each) for each in plan.collections] or None,
    }


def _collection(plan: CollectionPlan) -> dict[str, Any]:
    policies = {"policy": plan.policy, "endorsementPolicy": plan.endorsement_policy}
    given = {name: policy for name, policy in policies.items() if policy}
    return {"name": plan.name, **given, **inputs_of(plan.terms)}
