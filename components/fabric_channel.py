"""A channel and the peers on it."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.orderer_set import OrdererSet
from components.peer_set import PeerSet
from heddle.resources import Channel, ChannelArgs, PeerMembership, PeerMembershipArgs, PeerOrganization
from heddle.topology import ChannelPlan, MemberPlan, NodePlan


@dataclass(frozen=True, kw_only=True)
class FabricChannelArgs:
    """Which channel, who orders it and who shares it."""

    plan: ChannelPlan
    orderers: OrdererSet
    peers: Mapping[str, PeerSet]
    """Peers of every organization of the instance, by its name."""
    snapshot_interval_size: int
    """Bytes of Raft log between snapshots."""
    protect: bool


class FabricChannel(pulumi.ComponentResource):
    """The channel on its orderers, and every peer of its members joined to it."""

    channel: Channel
    """Its genesis block and configuration."""
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
        batch = args.plan.batch
        return Channel(
            f"{name}-ledger",
            ChannelArgs(
                channel=args.plan.name,
                orderers=args.orderers.addresses,
                orderer_organizations=[args.orderers.definition],
                peer_organizations=[self._definition(member, args) for member in args.plan.members],
                consenters=args.orderers.consenters,
                batch={
                    "timeout": batch.timeout,
                    "maxMessageCount": batch.messages,
                    "absoluteMaxBytes": batch.absolute_max_bytes,
                    "preferredMaxBytes": batch.preferred_max_bytes,
                },
                raft={"snapshotIntervalSize": args.snapshot_interval_size},
                signers=[
                    args.orderers.organization.admin,
                    # Also of those who are no members now: one that leaves must sign for it.
                    *(peers.organization.admin for peers in args.peers.values()),
                ],
                admin_tls=args.orderers.admin_tls,
            ),
            # After the rollout: a channel is never changed while its orderers are being restarted.
            pulumi.ResourceOptions(parent=self, protect=args.protect, depends_on=[args.orderers.rollout]),
        )

    def _definition(self, member: MemberPlan, args: FabricChannelArgs) -> PeerOrganization:
        return args.peers[member.organization].definition(member.anchors)

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
                depends_on=[self.channel, peers.rollout],
                # A peer cannot leave a channel while it runs; without the peer there is nothing to leave.
                deleted_with=peers.nodes[peer.name].statefulset,
            ),
        )
