"""Declare heddle:ledger:Channel, the only writer of a channel in a stack."""

from heddle.schema.model import (
    ListOf,
    MapOf,
    ObjectType,
    Property,
    ResourceType,
    Text,
    connection,
    fixed,
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
from heddle.settings import BatchSettings, BftOptions, Integer, RaftOptions

ORDERER_ORGANIZATION = ObjectType(
    name="OrdererOrganization",
    description="An organization of the ordering service.",
    properties={
        "name": Property(NAME, "Its name in the channel's configuration."),
        "msp": Property(MSP, "Its MSP."),
        "endpoints": Property(
            ListOf(HOST_PORT, minimum_items=1), "Where its orderers serve blocks, host:port."
        ),
    },
)

PEER_ORGANIZATION = ObjectType(
    name="PeerOrganization",
    description="An organization of the application.",
    properties={
        "name": Property(NAME, "Its name in the channel's configuration."),
        "msp": Property(MSP, "Its MSP."),
        "anchorPeers": Property(ListOf(HOST_PORT), "Peers that others find it by, host:port.", default=[]),
    },
)

CONSENTER = ObjectType(
    name="Consenter",
    description="A node that orders. Orderers compare consenters by the bytes of the client TLS certificate.",
    properties={
        "node": Property(NAME, "The name of the node among `orderers`."),
        "host": Property(NAME, "The host other consenters dial."),
        "port": Property(PORT, "The port other consenters dial."),
        "clientTlsCertificate": Property(PEM, "With which it dials the others, PEM."),
        "serverTlsCertificate": Property(PEM, "With which it serves the others, PEM."),
        "id": Property(
            Integer(minimum=1, maximum=2**32 - 1), "BFT: its number, its own for ever.", optional=True
        ),
        "mspId": Property(MSP_ID, "BFT: the MSP id of its organization.", optional=True),
        "identity": Property(PEM, "BFT: its enrolment certificate, PEM.", optional=True),
    },
)

BATCH = object_of(BatchSettings, name="Batch")
RAFT = object_of(RaftOptions, name="RaftOptions")
BFT = object_of(BftOptions, name="BftOptions")

CAPABILITIES = ObjectType(
    name="Capabilities",
    description="The features that all nodes of a channel must know. Raising one cannot be taken back.",
    properties={
        "channel": Property(Text(choices=("V2_0", "V3_0")), "Of the channel.", default="V3_0"),
        "orderer": Property(Text(choices=("V2_0",)), "Of the orderers.", default="V2_0"),
        "application": Property(Text(choices=("V2_0", "V2_5")), "Of the peers.", default="V2_5"),
    },
)

VERIFIED = ObjectType(
    name="VerifiedBlock",
    description="A configuration block that was proved; the next one is proved from it.",
    properties={
        "number": Property(Integer(minimum=0), "Its number."),
        "hash": Property(HASH, "The hash of its header, hexadecimal."),
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
        "channel": fixed(
            CHANNEL_NAME,
            "The channel's name.",
            way_out="A channel cannot be renamed. Declare another channel, or put the old name back.",
        ),
        "orderers": Property(
            ListOf(NODE, minimum_items=1, key="name"),
            "The orderers that are asked; those among `consenters` join the channel.",
        ),
        "ordererOrganizations": Property(
            ListOf(ORDERER_ORGANIZATION, minimum_items=1, key="name"),
            "The organizations of the ordering service.",
        ),
        "peerOrganizations": Property(
            ListOf(PEER_ORGANIZATION, key="name"), "The organizations of the application.", default=[]
        ),
        "consenters": Property(ListOf(CONSENTER, minimum_items=1, key="node"), "The nodes that order."),
        "consensus": fixed(
            Text(choices=("etcdraft", "BFT")),
            "How orderers agree.",
            default="etcdraft",
            way_out="A channel keeps its consensus. Declare another channel: Fabric's own migration from "
            "Raft to BFT stops all of its orderers (docs raft_bft_migration.md).",
        ),
        "batch": Property(BATCH, "When a block is cut.", default={}),
        "raft": Property(RAFT, "Options of Raft, for channels that are of it.", default={}),
        "bft": Property(BFT, "Options of BFT, for channels that are of it.", optional=True),
        "capabilities": Property(CAPABILITIES, "Capabilities.", default={}),
        "signers": connection(
            ListOf(IDENTITY, minimum_items=1),
            "Administrators who read and sign: of orderer organizations first, then of peers'.",
        ),
        "adminTls": connection(CLIENT_TLS, "Client certificate for the orderers' channel participation API."),
        "peers": connection(
            ListOf(NODE),
            "The peers of this program that are on the channel: all must run a release that has a capability "
            "before it is raised.",
            default=[],
        ),
        "operationsTls": connection(
            CLIENT_TLS, "Client certificate for the operations endpoints, which tell releases.", optional=True
        ),
        "releases": connection(
            MapOf(Text()),
            "By MSP id: the release that a member runs whose nodes this program does not know.",
            default={},
        ),
    },
    outputs={
        "genesisBlock": Property(BASE64, "Block 0, base64."),
        "genesisHash": Property(HASH, "The hash of block 0's header, hexadecimal."),
        "sequence": Property(Integer(minimum=0), "The configuration's sequence number."),
        "applied": Property(BASE64, "The configuration last applied (common.Config), base64."),
        "verified": Property(VERIFIED, "The newest configuration block that was proved."),
        "request": Property(
            BASE64,
            "An update whose signatures are missing, base64, for `heddle channel request`; else empty.",
        ),
    },
)
