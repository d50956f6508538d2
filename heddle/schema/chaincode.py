"""Declare heddle:chaincode: packages, installations and the two steps of the lifecycle on the ledger."""

from heddle.schema.model import (
    ListOf,
    MapOf,
    ObjectType,
    Property,
    ResourceType,
    Text,
    connection,
    fixed,
    properties_of,
)
from heddle.schema.shared import (
    BASE64,
    CHANNEL_NAME,
    HASH,
    HOST_PORT,
    IDENTITY,
    NAME,
    NODE,
    PEM,
    connection_node,
    connection_nodes,
)
from heddle.settings import Boolean, CollectionTerms, Integer

_LABEL = Text(
    pattern=r"[a-zA-Z0-9][a-zA-Z0-9_.+-]*", hint="letters, digits and '_.+-', a letter or digit first"
)
_PACKAGE_ID = Text(pattern=r"[a-zA-Z0-9][a-zA-Z0-9_.+-]*:[0-9a-f]{64}", hint="label:sha256")
_CHAINCODE_NAME = Text(
    pattern=r"[a-zA-Z0-9]+([-_][a-zA-Z0-9]+)*", hint="letters and digits, with single '-' or '_' between"
)
_VERSION = Text(pattern=r"[A-Za-z0-9_.+-]+", hint="letters, digits and '_.+-'")

_OTHER_PEER = "Declare another resource for the other peer, and remove this one."
_OTHER_CHAINCODE = (
    "A definition stays on its channel under its name. Declare another resource for the other one."
)

_SIGNER = connection(IDENTITY, "An administrator of the peer's organization.")

COLLECTION = ObjectType(
    name="Collection",
    description="Data that only some organizations' peers hold; the others hold its hashes.",
    properties={
        "name": Property(
            Text(pattern=r"[A-Za-z0-9_-]+", hint="letters, digits, '_' and '-'"), "The collection's name."
        ),
        "policy": Property(NAME, "Whose peers hold the data, as in OR('Org1.member', 'Org2.member')."),
        **properties_of(CollectionTerms),
        "endorsementPolicy": Property(
            NAME,
            "For writes to it instead of the chaincode's: a policy, or a channel policy's path.",
            optional=True,
        ),
    },
)

_DEFINITION = {
    "channel": fixed(CHANNEL_NAME, "The channel's name.", way_out=_OTHER_CHAINCODE),
    "name": fixed(_CHAINCODE_NAME, "The chaincode's name.", way_out=_OTHER_CHAINCODE),
    "version": Property(_VERSION, "The chaincode's version."),
    "sequence": Property(Integer(minimum=1), "Raised by one with every change of the definition."),
    "endorsementPolicy": Property(
        NAME,
        "A policy as in OR('Org1.peer'), or the path of a channel policy; "
        "absent: /Channel/Application/Endorsement.",
        optional=True,
    ),
    "initRequired": Property(Boolean(), "Whether Init must be called before anything else.", default=False),
    "collections": Property(
        ListOf(COLLECTION),
        "Private-data collections. All organizations approve the same, in the same order.",
        optional=True,
    ),
    "genesisHash": connection(
        HASH, "Hash of the channel's block 0, by which the configuration that a peer tells is proved."
    ),
}

CHAINCODE_PACKAGE = ResourceType(
    type="heddle:chaincode:ChaincodePackage",
    description="A package for chaincode as a service. Equal inputs give equal bytes, hence the same id.",
    on_delete="forgets the package: it is computed, and lives on no node",
    inputs={
        "label": Property(_LABEL, "The label, the first part of the package id."),
        "address": Property(HOST_PORT, "Where peers reach the chaincode's server, host:port."),
        "tlsRootCertificate": connection(
            PEM,
            "The root of the server's TLS certificate, PEM. A package that is made keeps the root that it "
            "has: its id is on the ledger.",
        ),
        "metadata": Property(
            MapOf(Text()),
            "Files META-INF/… of the package by their paths: indexes of CouchDB.",
            optional=True,
        ),
    },
    outputs={
        "packageId": Property(_PACKAGE_ID, "label:sha256, as the peers compute it."),
        "package": Property(BASE64, "The package (tar.gz), base64."),
    },
)

CHAINCODE_INSTALLATION = ResourceType(
    type="heddle:chaincode:ChaincodeInstallation",
    description="A package is installed on a peer.",
    on_delete="forgets the installation: Fabric cannot uninstall a package",
    inputs={
        "peer": connection_node("The peer.", way_out=_OTHER_PEER),
        "label": Property(_LABEL, "The package's label."),
        "package": Property(BASE64, "The package (tar.gz), base64."),
        "packageId": Property(_PACKAGE_ID, "The package's id; verified against the bytes."),
        "signer": _SIGNER,
    },
)

CHAINCODE_APPROVAL = ResourceType(
    type="heddle:chaincode:ChaincodeApproval",
    description="An organization approves a chaincode definition, with the package that its peers run.",
    on_delete="forgets the approval: Fabric cannot withdraw it",
    inputs={
        **_DEFINITION,
        "packageId": Property(_PACKAGE_ID, "The package the organization's peers run."),
        "peer": connection_node("A peer of the organization.", way_out=_OTHER_PEER),
        "orderers": connection_nodes("Orderers that take the transaction."),
        "signer": _SIGNER,
    },
)

CHAINCODE_DEFINITION = ResourceType(
    type="heddle:chaincode:ChaincodeDefinition",
    description="A chaincode definition is committed on a channel.",
    on_delete="forgets the definition: Fabric cannot withdraw it, it stays in force on the channel",
    inputs={
        **_DEFINITION,
        "peers": connection(
            ListOf(NODE, minimum_items=1, key="name"),
            "Peers that endorse the commit, at least one of each organization.",
        ),
        "orderers": connection_nodes("Orderers that take the transaction."),
        "signer": _SIGNER,
    },
)
