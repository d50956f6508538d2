"""Restart the peers of all organizations, one at a time."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.node import FabricNode
from components.operations import Operations
from components.peer_set import PeerSet
from components.site import Site
from heddle.resources import Rollout, RolloutArgs, Volumes


@dataclass(frozen=True, kw_only=True)
class PeerRolloutArgs:
    """Gather all peers, and what they are restarted after."""

    site: Site
    peers: Mapping[str, PeerSet]
    """Peers of every organization that is managed here, by its name."""
    operations: Operations
    volumes: Volumes
    after: Rollout
    """The rollout of the nodes that restart before these: one node of the instance at a time."""


def peer_rollout(name: str, args: PeerRolloutArgs, opts: pulumi.ResourceOptions) -> Rollout:
    """Declare the one Rollout of all peers: two of different organizations could endorse only together."""
    nodes = _nodes(args)
    # A first creation restarts nothing, so nobody waits long: all pods start at the same time.
    after = [*(node.statefulset for node in nodes.values()), args.volumes, args.after]
    merged = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=after))
    return Rollout(name, peer_rollout_args(args), merged)


def peer_rollout_args(args: PeerRolloutArgs) -> RolloutArgs:
    """Return the peers with all that a Rollout has to know of them."""
    nodes, topology = _nodes(args), args.site.topology
    return RolloutArgs(
        kind="peer",
        namespace=args.site.namespace,
        nodes=[node.address for node in nodes.values()],
        revisions={node: each.revision for node, each in nodes.items()},
        certificates={node: each.tls_certificate for node, each in nodes.items()},
        databases=topology.database_names or None,
        channels=[channel.name for channel in topology.channels],
        memberships=topology.memberships,
        signers=[peer_set.organization.admin for peer_set in args.peers.values()],
        operations_tls=args.operations.client,
        images={plan.name: plan.image for plan in topology.nodes if plan.name in nodes},
    )


def _nodes(args: PeerRolloutArgs) -> dict[str, FabricNode]:
    """Return all peers by their names."""
    return {name: node for peer_set in args.peers.values() for name, node in peer_set.nodes.items()}
