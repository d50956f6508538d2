"""Keep the addresses of nodes until no channel names them any more, and have nodes dial the new ones."""

from collections.abc import Sequence

import pulumi

from components.addresses import node_address
from components.orderer_set import OrdererSet
from components.organization import Organization
from components.site import Site
from heddle.resources import AddressTerms, AddressTermsArgs, Rollout


def address_terms(
    name: str, site: Site, ordering: Organization, opts: pulumi.ResourceOptions
) -> AddressTerms:
    """Declare what refuses to take an address away that a channel names; Services come after it."""
    topology, roots = site.topology, ordering.authorities.tls.every
    return AddressTerms(
        name,
        AddressTermsArgs(
            namespace=site.namespace,
            served={node.name: list(node.served) for node in topology.nodes},
            orderers=[node_address(node, roots) for node in topology.ordering.nodes],
            channels=[channel.name for channel in topology.channels],
            reader=ordering.admin,
        ),
        opts,
    )


def dial_anew(
    name: str, orderers: OrdererSet, after: Sequence[pulumi.Resource], opts: pulumi.ResourceOptions
) -> Rollout:
    """Declare one more Rollout of the orderers, after the channels: those that are to dial new addresses.

    They keep the connections that they have, whatever a configuration says, until they start anew.
    """
    return Rollout(
        name,
        orderers.rollout_args,
        pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=after)),
    )
