"""Make a channel and join the peers to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.operations import Operations
from components.orderer_set import OrdererSet
from components.peer_set import PeerSet
from components.site import Site
from heddle.resources import (
    Channel,
    ChannelArgs,
    Msp,
    PeerMembership,
    PeerMembershipArgs,
    PeerOrganization,
    Rollout,
)
from heddle.settings import inputs_of
from heddle.spec.members import External
from heddle.topology import ChannelPlan, MemberPlan, NodePlan


@dataclass(frozen=True, kw_only=True)
class FabricChannelArgs:
    """Which channel, who orders it and who shares it."""

    site: Site
    plan: ChannelPlan
    operations: Operations
    orderers: OrdererSet
    peers: Mapping[str, PeerSet]
    """Peers of every organization that is managed here, by its name."""
    peers_restarted: Sequence[Rollout]
    """Done when all peers run what their StatefulSets say."""


class FabricChannel(pulumi.ComponentResource):
    """The channel on its orderers, and every peer of its members joined to it."""

    channel: Channel
    """The channel's genesis block and configuration."""
    memberships: dict[str, PeerMembership]
    """Each peer's membership, by the peer's name."""

    def __init__(
        self, name: str, args: FabricChannelArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("heddle:fabric:FabricChannel", name, None, opts)
        self.channel = self._channel(name, args)
        self.memberships = {
            peer.name: self._membership(name, peer, args.peers[member.organization], args)
            for member in args.plan.members
            for peer in member.peers
        }
        self.register_outputs({"genesisHash": self.channel.genesis_hash})

    def _channel(self, name: str, args: FabricChannelArgs) -> Channel:
        return Channel(
            f"{name}-ledger",
            ChannelArgs(
                channel=args.plan.name,
                orderers=args.orderers.addresses,
                orderer_organizations=[args.orderers.definition],
                peer_organizations=[self._definition(member, args) for member in args.plan.members],
                consenters=args.orderers.consenters,
                **_settings(args),
                signers=[
                    args.orderers.organization.admin,
                    # Also of those who are no members now: one that leaves must sign for it.
                    *(peers.organization.admin for peers in args.peers.values()),
                ],
                admin_tls=args.orderers.admin_tls,
                peers=[
                    args.peers[member.organization].address(peer)
                    for member in args.plan.members
                    for peer in member.peers
                ],
                operations_tls=args.operations.client,
                releases=args.plan.releases or None,
            ),
            pulumi.ResourceOptions(parent=self, protect=args.site.protect, depends_on=_rollouts(args)),
        )

    def _definition(self, member: MemberPlan, args: FabricChannelArgs) -> PeerOrganization:
        if member.external is not None:
            return _external(member.external, member.anchor_peers)
        return args.peers[member.organization].definition(member.anchor_peers)

    def _membership(
        self, name: str, peer: NodePlan, peers: PeerSet, args: FabricChannelArgs
    ) -> PeerMembership:
        return PeerMembership(
            f"{name}-{peer.name}",
            PeerMembershipArgs(
                channel=args.plan.name,
                genesis_hash=self.channel.genesis_hash,
                peer=peers.address(peer),
                orderers=args.orderers.addresses,
                signer=peers.organization.admin,
            ),
            pulumi.ResourceOptions(
                parent=self,
                depends_on=[self.channel, *args.peers_restarted],
                # A peer cannot leave a channel while it runs; without the peer there is nothing to leave.
                deleted_with=peers.nodes[peer.name].statefulset,
            ),
        )


def _rollouts(args: FabricChannelArgs) -> list[pulumi.Resource]:
    """Return what is done before the channel changes: it never does while its orderers are being restarted.

    Peers restart with their new keys before the channel refuses the old ones, and with their new images
    before it raises the capabilities that the stack file states. So they do with new addresses: the channel
    names those of anchor peers. Gateways for BFT have to reach a quorum of the orderers that they know, so
    each restarts once for orderers that have left before others leave.
    """
    revoking = any(peers.organization.revocations for peers in args.peers.values())
    topology = args.site.topology
    waits = revoking or args.plan.capabilities or topology.moving or topology.bft is not None
    first = args.peers_restarted if waits else ()
    return [args.orderers.rollout, *first]


def _settings(args: FabricChannelArgs) -> dict[str, Any]:
    """Return how blocks are cut and how orderers agree, as arguments of the Channel."""
    common = {"batch": inputs_of(args.plan.batch)}
    if args.plan.capabilities:
        common["capabilities"] = dict(args.plan.capabilities)
    if args.site.topology.bft is None:
        return {**common, "raft": inputs_of(args.plan.raft)}
    return {**common, "consensus": "BFT", "bft": inputs_of(args.site.topology.bft)}


def _external(plan: External, anchor_peers: tuple[str, ...]) -> PeerOrganization:
    """Return what a channel says of an organization that is run elsewhere."""
    msp: Msp = {
        "mspId": plan.msp_id,
        "rootCertificates": list(plan.root_certificates),
        "tlsRootCertificates": list(plan.tls_root_certificates),
    }
    if plan.intermediate_certificates:
        msp["intermediateCertificates"] = list(plan.intermediate_certificates)
    if plan.tls_intermediate_certificates:
        msp["tlsIntermediateCertificates"] = list(plan.tls_intermediate_certificates)
    return {"name": plan.msp_id, "msp": msp, "anchorPeers": list(anchor_peers)}
