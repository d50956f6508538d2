"""Keep the addresses of nodes until no channel names them any more."""

import pulumi

from components.addresses import node_address
from components.organization import Organization
from components.site import Site
from heddle.resources import AddressTerms, AddressTermsArgs


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
