"""Run a chaincode on its channels: a server per organization, and the lifecycle up to its definitions."""

from collections.abc import Mapping, Sequence
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
    Power,
    Rollout,
)
from heddle.settings import inputs_of
from heddle.topology import ChaincodePlan, CollectionPlan, DefinitionPlan, MemberPlan, NodePlan, ServerPlan


@dataclass(frozen=True, kw_only=True)
class ChaincodeArgs:
    """Which chaincode, on which channels and peers."""

    site: Site
    plan: ChaincodePlan
    channels: Mapping[str, FabricChannel]
    """Every channel of the instance, by its name."""
    orderers: OrdererSet
    peers: Mapping[str, PeerSet]
    """Peers of every organization that is managed here, by its name."""
    peers_restarted: Sequence[Rollout]
    """Done when all peers run what their StatefulSets say."""
    dialled_anew: Sequence[Rollout]
    """Done when all have restarted that had to after the channels changed."""
    power: Power
    """What stops and starts all workloads in order."""


class Chaincode(pulumi.ComponentResource):
    """A chaincode: every member that is managed here installs, runs and approves it, then it is committed.

    Installing and starting servers need the package alone, so they run beside the making of the channels and
    serve all of them. On each channel members approve and commit a definition of its own. The server of a
    former version is deleted last, after the new definitions are committed.
    """

    servers: dict[str, ChaincodeServer]
    """Each organization's server, by its name."""
    definitions: dict[str, ChaincodeDefinition]
    """The definition in force on each channel, by its name, once it is committed."""

    def __init__(self, name: str, args: ChaincodeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("heddle:fabric:Chaincode", name, None, opts)
        self.servers = {plan.organization: self._server(name, plan, args) for plan in args.plan.servers}
        self._installed = {
            peer.name: self._installation(name, peer, plan, args)
            for plan in args.plan.servers
            for peer in plan.peers
        }
        self.definitions = {
            plan.channel: self._on_channel(name, plan, args) for plan in args.plan.definitions
        }
        self.register_outputs({"label": args.plan.label})

    def _on_channel(self, name: str, plan: DefinitionPlan, args: ChaincodeArgs) -> ChaincodeDefinition:
        """Declare the approvals on a channel, and the definition that follows what it needs there."""
        installed = [self._installed[peer.name] for member in plan.members for peer in member.peers]
        approved = [self._approval(name, member, plan, args) for member in plan.members]
        # A definition in force whose server cannot start would leave the channel without its chaincode.
        served = [self.servers[member.organization].deployment for member in plan.members]
        return self._definition(name, plan, args, [*installed, *approved, *served])

    def _server(self, name: str, plan: ServerPlan, args: ChaincodeArgs) -> ChaincodeServer:
        return ChaincodeServer(
            f"{name}-{plan.organization}-{args.plan.version}",
            ChaincodeServerArgs(
                site=args.site,
                chaincode=args.plan,
                plan=plan,
                organization=args.peers[plan.organization].organization,
                power=args.power,
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
                depends_on=args.peers_restarted,
                # A package cannot be uninstalled; it is gone with the peer.
                deleted_with=peers.nodes[peer.name].statefulset,
            ),
        )

    def _approval(
        self, name: str, member: MemberPlan, plan: DefinitionPlan, args: ChaincodeArgs
    ) -> ChaincodeApproval:
        peers, endorser = args.peers[member.organization], member.peers[0]
        return ChaincodeApproval(
            _named(f"{name}-{member.organization}", plan),
            ChaincodeApprovalArgs(
                **_definition(args.plan, plan),
                genesis_hash=args.channels[plan.channel].channel.genesis_hash,
                package_id=self.servers[member.organization].package.package_id,
                peer=peers.address(endorser),
                orderers=args.orderers.addresses,
                signer=peers.organization.admin,
            ),
            pulumi.ResourceOptions(
                parent=self,
                depends_on=[args.channels[plan.channel].memberships[endorser.name], *args.dialled_anew],
            ),
        )

    def _definition(
        self, name: str, plan: DefinitionPlan, args: ChaincodeArgs, after: list[pulumi.Resource]
    ) -> ChaincodeDefinition:
        endorsers = [(args.peers[member.organization], member.peers[0]) for member in plan.members]
        submitter = endorsers[0][0].organization
        return ChaincodeDefinition(
            _named(f"{name}-definition", plan),
            ChaincodeDefinitionArgs(
                **_definition(args.plan, plan),
                peers=[peers.address(peer) for peers, peer in endorsers],
                orderers=args.orderers.addresses,
                signer=submitter.admin,
                genesis_hash=args.channels[plan.channel].channel.genesis_hash,
            ),
            pulumi.ResourceOptions(parent=self, depends_on=after),
        )


def _named(name: str, plan: DefinitionPlan) -> str:
    """Return the name of a resource of a definition: the first channel's is older than further ones."""
    return f"{name}@{plan.channel}" if plan.further else name


def _definition(chaincode: ChaincodePlan, plan: DefinitionPlan) -> dict[str, Any]:
    """Return the definition as arguments of both approval and commit."""
    return {
        "channel": plan.channel,
        "name": chaincode.name,
        "version": chaincode.version,
        "sequence": plan.sequence,
        "endorsement_policy": plan.endorsement_policy,
        "init_required": plan.init_required or None,
        "collections": [_collection(each) for each in plan.collections] or None,
    }


def _collection(plan: CollectionPlan) -> dict[str, Any]:
    policies = {"policy": plan.policy, "endorsementPolicy": plan.endorsement_policy}
    given = {name: policy for name, policy in policies.items() if policy}
    return {"name": plan.name, **given, **inputs_of(plan.terms)}
