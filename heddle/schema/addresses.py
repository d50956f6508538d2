"""Declare heddle:ledger:AddressTerms: the addresses of nodes, which go only once no channel names them."""

from heddle.schema.model import ListOf, MapOf, OnChange, Property, ResourceType, connection, fixed
from heddle.schema.shared import CHANNEL_NAME, HOST_PORT, IDENTITY, NAME, NODE

ADDRESS_TERMS = ResourceType(
    type="heddle:ledger:AddressTerms",
    description=(
        "The addresses that nodes answer to. One of a node that stays goes only once no channel names it and "
        "every orderer has restarted since: Services and certificates wait for that."
    ),
    on_delete="forgets the addresses; Services and certificates are resources of their own",
    inputs={
        "namespace": fixed(
            NAME, "The namespace of the nodes.", way_out="An instance stays in its namespace."
        ),
        "served": Property(
            # A node that comes or goes takes no address from another: nothing is asked, and nothing refused.
            MapOf(ListOf(HOST_PORT, minimum_items=1), keys=OnChange.NOTHING),
            "By node: every address, host:port, that it answers to, that of now first.",
        ),
        "orderers": connection(
            ListOf(NODE, minimum_items=1, key="name"), "The orderers that tell what channels name."
        ),
        "channels": connection(ListOf(CHANNEL_NAME), "The channels of the instance."),
        "reader": connection(IDENTITY, "An administrator of the orderers, who reads the channels."),
    },
)
