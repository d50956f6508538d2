"""Declare heddle:ledger:PeerMembership: a peer on a channel."""

from heddle.schema.model import ResourceType, connection, fixed
from heddle.schema.shared import CHANNEL_NAME, HASH, IDENTITY, connection_node, connection_nodes

_OTHER = (
    "A membership stays what it is. Declare another one for the other peer or channel, and remove this one."
)

PEER_MEMBERSHIP = ResourceType(
    type="heddle:ledger:PeerMembership",
    description="A peer has joined a channel. It gets block 0 from an orderer and verifies its hash.",
    on_delete="forgets the membership: Fabric cannot make a running peer leave a channel",
    inputs={
        "channel": fixed(CHANNEL_NAME, "The channel's name.", way_out=_OTHER),
        "genesisHash": fixed(
            HASH,
            "The hash of block 0's header, from the Channel.",
            way_out="It is another channel under the same name. A peer that holds the old one must leave "
            "it first: stop the peer, `peer node unjoin`, start it.",
        ),
        "peer": connection_node("The peer.", way_out=_OTHER),
        "orderers": connection_nodes("Orderers that can serve block 0."),
        "signer": connection(IDENTITY, "An administrator of the peer's organization."),
    },
)
