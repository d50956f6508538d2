"""heddle:ledger:Channel: one writer per channel (DESIGN, decision 5)."""

from heddle.schema.model import (
    Integer,
    ListOf,
    ObjectType,
    OnChange,
    Property,
    ResourceType,
    Text,
    object_of,
)
from heddle.schema.shared import (
    BASE64,
    CHANNEL_NAME,
    CLIENT_TLS,
    HASH,
    HOST_PORT,
    IDENTITY,
    MSP,
    MSP_ID,
    NAME,
    NODE,
    PEM,
    PORT,
)
from heddle.settings import BatchSettings, BftOptions, RaftOptions

__all__ = [
    "BATCH",
    "BFT",
    "CAPABILITIES",
    "CHANNEL",
    "CONSENTER",
    "ORDERER_ORGANIZATION",
    "PEER_ORGANIZATION",
    "RAFT",
]

ORDERER_ORGANIZATION = ObjectType(
    name="OrdererOrganization",
    description="An organization of the ordering service.",
    properties={
        "name": Property(kind=NAME, description="Its name in the channel's configuration."),
        "msp": Property(kind=MSP, description="Its MSP."),
        "endpoints": Property(
            kind=ListOf(item=HOST_PORT, minimum_items=1),
            description="Where its orderers serve blocks, host:port.",
        ),
    },
)

PEER_ORGANIZATION = ObjectType(
    name="PeerOrganization",
    description="An organization of the application.",
    properties={
        "name": Property(kind=NAME, description="Its name in the channel's configuration."),
        "msp": Property(kind=MSP, description="Its MSP."),
        "anchorPeers": Property(
            kind=ListOf(item=HOST_PORT), default=[], description="Peers that others find it by, host:port."
        ),
    },
)

CONSENTER = ObjectType(
    name="Consenter",
    description="A node that orders. Orderers compare consenters by the bytes of the client TLS certificate.",
    properties={
        "node": Property(kind=NAME, description="The name of the node among `orderers`."),
        "host": Property(kind=NAME, description="The host other consenters dial."),
        "port": Property(kind=PORT, description="The port other consenters dial."),
        "clientTlsCertificate": Property(kind=PEM, description="With which it dials the others, PEM."),
        "serverTlsCertificate": Property(kind=PEM, description="With which it serves the others, PEM."),
        "id": Property(
            kind=Integer(minimum=1, maximum=2**32 - 1),
            optional=True,
            description="BFT: its number, its own for ever.",
        ),
        "mspId": Property(kind=MSP_ID, optional=True, description="BFT: the MSP id of its organization."),
        "identity": Property(kind=PEM, optional=True, description="BFT: its enrolment certificate, PEM."),
    },
)

BATCH = object_of(BatchSettings, name="Batch")
RAFT = object_of(RaftOptions, name="RaftOptions")
BFT = object_of(BftOptions, name="BftOptions")

CAPABILITIES = ObjectType(
    name="Capabilities",
    description="The features that all nodes of a channel must know. Raising one cannot be taken back.",
    properties={
        "channel": Property(
            kind=Text(choices=("V2_0", "V3_0")), default="V3_0", description="Of the channel."
        ),
        "orderer": Property(kind=Text(choices=("V2_0",)), default="V2_0", description="Of the orderers."),
        "application": Property(
            kind=Text(choices=("V2_0", "V2_5")), default="V2_5", description="Of the peers."
        ),
    },
)

CHANNEL = ResourceType(
    type="heddle:ledger:Channel",
    description=(
        "A channel: its genesis block, the orderers that have joined it and its configuration. This resource "
        "alone writes the configuration; what others changed meanwhile is kept, or refused as a conflict."
    ),
    on_delete="forgets the channel: orderers and peers keep it, nothing is sent to the ledger",
    inputs={
        "channel": Property(
            kind=CHANNEL_NAME,
            description="The channel's name.",
            on_change=OnChange.REFUSE,
            way_out="A channel cannot be renamed. Declare another channel, or put the old name back.",
        ),
        "orderers": Property(
            kind=ListOf(item=NODE, minimum_items=1, key="name"),
            description="The orderers that join the channel.",
        ),
        "ordererOrganizations": Property(
            kind=ListOf(item=ORDERER_ORGANIZATION, minimum_items=1, key="name"),
            description="The organizations of the ordering service.",
        ),
        "peerOrganizations": Property(
            kind=ListOf(item=PEER_ORGANIZATION, key="name"),
            default=[],
            description="The organizations of the application.",
        ),
        "consenters": Property(
            kind=ListOf(item=CONSENTER, minimum_items=1, key="node"), description="The nodes that order."
        ),
        "consensus": Property(
            kind=Text(choices=("etcdraft", "BFT")),
            default="etcdraft",
            description="How orderers agree.",
            on_change=OnChange.REFUSE,
            way_out="A channel keeps its consensus. Declare another channel: Fabric's own migration from "
            "Raft to BFT stops all of its orderers (docs raft_bft_migration.md).",
        ),
        "batch": Property(kind=BATCH, default={}, description="When a block is cut."),
        "raft": Property(kind=RAFT, default={}, description="Options of Raft, for channels that are of it."),
        "bft": Property(kind=BFT, optional=True, description="Options of BFT, for channels that are of it."),
        "capabilities": Property(kind=CAPABILITIES, default={}, description="Capabilities."),
        "signers": Property(
            kind=ListOf(item=IDENTITY, minimum_items=1),
            description="Administrators who read and sign: of orderer organizations first, then of peers'.",
            on_change=OnChange.NOTHING,
        ),
        "adminTls": Property(
            kind=CLIENT_TLS,
            description="Client certificate for the orderers' channel participation API.",
            on_change=OnChange.NOTHING,
        ),
    },
    outputs={
        "genesisBlock": Property(kind=BASE64, description="Block 0, base64."),
        "genesisHash": Property(kind=HASH, description="The hash of block 0's header, hexadecimal."),
        "sequence": Property(kind=Integer(minimum=0), description="The configuration's sequence number."),
        "applied": Property(
            kind=BASE64, description="The configuration last applied (common.Config), base64."
        ),
        "request": Property(
            kind=BASE64,
            description="An update whose signatures are missing, base64, for `heddle channel request`; else "
            "empty.",
        ),
    },
)
