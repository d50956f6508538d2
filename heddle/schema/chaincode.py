"""heddle:chaincode: packages, installations and the two steps of the lifecycle on the ledger."""

from heddle.schema.model import (
    Boolean,
    Integer,
    ListOf,
    ObjectType,
    OnChange,
    Property,
    ResourceType,
    Text,
    properties_of,
)
from heddle.schema.shared import (
    BASE64,
    CHANNEL_NAME,
    HOST_PORT,
    IDENTITY,
    NAME,
    NODE,
    PEM,
    connection_node,
    connection_nodes,
)
from heddle.settings import CollectionTerms

__all__ = [
    "CHAINCODE_APPROVAL",
    "CHAINCODE_DEFINITION",
    "CHAINCODE_INSTALLATION",
    "CHAINCODE_PACKAGE",
    "COLLECTION",
]

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

_SIGNER = Property(
    kind=IDENTITY, description="An administrator of the peer's organization.", on_change=OnChange.NOTHING
)

COLLECTION = ObjectType(
    name="Collection",
    description="Data that only some organizations' peers hold; the others hold its hashes.",
    properties={
        "name": Property(
            kind=Text(pattern=r"[A-Za-z0-9_-]+", hint="letters, digits, '_' and '-'"),
            description="The collection's name.",
        ),
        "policy": Property(
            kind=NAME, description="Whose peers hold the data, as in OR('Org1.member', 'Org2.member')."
        ),
        **properties_of(CollectionTerms),
        "endorsementPolicy": Property(
            kind=NAME,
            optional=True,
            description="For writes to it instead of the chaincode's: a policy, or a channel policy's path.",
        ),
    },
)

_DEFINITION = {
    "channel": Property(
        kind=CHANNEL_NAME,
        description="The channel's name.",
        on_change=OnChange.REFUSE,
        way_out=_OTHER_CHAINCODE,
    ),
    "name": Property(
        kind=_CHAINCODE_NAME,
        description="The chaincode's name.",
        on_change=OnChange.REFUSE,
        way_out=_OTHER_CHAINCODE,
    ),
    "version": Property(kind=_VERSION, description="The chaincode's version."),
    "sequence": Property(
        kind=Integer(minimum=1), description="Raised by one with every change of the definition."
    ),
    "endorsementPolicy": Property(
        kind=NAME,
        optional=True,
        description="A policy as in OR('Org1.peer'), or the path of a channel policy; "
        "absent: /Channel/Application/Endorsement.",
    ),
    "initRequired": Property(
        kind=Boolean(), default=False, description="Whether Init must be called before anything else."
    ),
    "collections": Property(
        # Their order is part of what organizations approve, so they have no key.
        kind=ListOf(item=COLLECTION),
        optional=True,
        description="Private-data collections. All organizations approve the same, in the same order.",
    ),
}

CHAINCODE_PACKAGE = ResourceType(
    type="heddle:chaincode:ChaincodePackage",
    description="A package for chaincode as a service. Equal inputs give equal bytes, hence the same id.",
    on_delete="forgets the package: it is computed, and lives on no node",
    inputs={
        "label": Property(kind=_LABEL, description="The label, the first part of the package id."),
        "address": Property(
            kind=HOST_PORT, description="Where peers reach the chaincode's server, host:port."
        ),
        "tlsRootCertificate": Property(
            kind=PEM, description="The root of the server's TLS certificate, PEM."
        ),
    },
    outputs={
        "packageId": Property(kind=_PACKAGE_ID, description="label:sha256, as the peers compute it."),
        "package": Property(kind=BASE64, description="The package (tar.gz), base64."),
    },
)

CHAINCODE_INSTALLATION = ResourceType(
    type="heddle:chaincode:ChaincodeInstallation",
    description="A package is installed on a peer.",
    on_delete="forgets the installation: Fabric cannot uninstall a package",
    inputs={
        "peer": connection_node("The peer.", way_out=_OTHER_PEER),
        "label": Property(kind=_LABEL, description="The package's label."),
        "package": Property(kind=BASE64, description="The package (tar.gz), base64."),
        "packageId": Property(kind=_PACKAGE_ID, description="The package's id; verified against the bytes."),
        "signer": _SIGNER,
    },
)

CHAINCODE_APPROVAL = ResourceType(
    type="heddle:chaincode:ChaincodeApproval",
    description="An organization approves a chaincode definition, with the package that its peers run.",
    on_delete="forgets the approval: Fabric cannot withdraw it",
    inputs={
        **_DEFINITION,
        "packageId": Property(kind=_PACKAGE_ID, description="The package the organization's peers run."),
        "peer": connection_node("A peer of the organization.", way_out=_OTHER_PEER),
        "orderers": connection_nodes("Orderers that take the transaction."),
        "signer": _SIGNER,
    },
)

CHAINCODE_DEFINITION = ResourceType(
    type="heddle:chaincode:ChaincodeDefinition",
    description="A chaincode definition is committed on a channel.",
    on_delete="forgets the definition: Fabric cannot withdraw it",
    inputs={
        **_DEFINITION,
        "peers": Property(
            kind=ListOf(item=NODE, minimum_items=1, key="name"),
            description="Peers that endorse the commit, at least one of each organization.",
            on_change=OnChange.NOTHING,
        ),
        "orderers": connection_nodes("Orderers that take the transaction."),
        "signer": _SIGNER,
    },
)
