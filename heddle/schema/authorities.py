"""Declare heddle:identity:AuthorityExchange: the generation of an organization's authorities that issues."""

from heddle.schema.model import ListOf, ObjectType, Property, ResourceType, Text, connection, fixed
from heddle.schema.shared import CHANNEL_NAME, MSP_ID, NAME, NODE, PEM
from heddle.settings import Integer

_OTHER = "An exchange stays with its organization. Declare another one, and remove this one."

AUTHORITY_PAIR = ObjectType(
    name="AuthorityPair",
    description="A generation of an organization's authorities: that of its members, and that of TLS.",
    properties={
        "generation": Property(Integer(minimum=1), "Its number."),
        "certificate": Property(PEM, "The certificate of the authority of its members, PEM."),
        "privateKey": connection(PEM, "That authority's private key, PEM.", secret=True),
        "tlsCertificate": Property(PEM, "The certificate of the TLS authority, PEM."),
        "tlsPrivateKey": connection(PEM, "That authority's private key, PEM.", secret=True),
        "issuers": Property(
            ListOf(PEM), "The issuers of `certificate`, the root last; none: it is a root.", optional=True
        ),
        "tlsIssuers": Property(
            ListOf(PEM), "The issuers of `tlsCertificate`, the root last; none: it is a root.", optional=True
        ),
    },
)

AUTHORITY_EXCHANGE = ResourceType(
    type="heddle:identity:AuthorityExchange",
    description=(
        "The generations of an organization's authorities that are trusted, and the one that issues. What "
        "depends on it changes only once the running nodes and the channels show that it may."
    ),
    on_delete="forgets the exchange with the state: authorities and certificates stay as they are",
    inputs={
        "organization": fixed(NAME, "The organization's name.", way_out=_OTHER),
        "mspId": fixed(MSP_ID, "Its MSP id.", way_out=_OTHER),
        "kind": fixed(
            Text(choices=("orderer", "peer", "operations")),
            "What its nodes are; `operations`: those endpoints' authorities.",
            way_out=_OTHER,
        ),
        "generations": Property(
            ListOf(AUTHORITY_PAIR, minimum_items=1), "The generations that are trusted, the oldest first."
        ),
        "issuing": Property(Integer(minimum=1), "The generation that issues certificates."),
        "nodes": connection(
            ListOf(NODE),
            "The organization's nodes, which are asked what they present and accept.",
            default=[],
        ),
        "orderers": connection(
            ListOf(NODE), "The orderers that tell the channels' configuration.", default=[]
        ),
        "channels": connection(ListOf(CHANNEL_NAME), "The channels that the organization is on.", default=[]),
    },
    outputs={
        "certificate": Property(PEM, "The certificate of the authority that issues, PEM."),
        "privateKey": Property(PEM, "Its private key, PEM.", secret=True),
        "tlsCertificate": Property(PEM, "The certificate of the TLS authority that issues, PEM."),
        "tlsPrivateKey": Property(PEM, "Its private key, PEM.", secret=True),
        "rootCertificates": Property(ListOf(PEM), "The roots of members' identities that are trusted, PEM."),
        "tlsRootCertificates": Property(ListOf(PEM), "The roots of TLS certificates that are trusted, PEM."),
        "intermediateCertificates": Property(
            ListOf(PEM), "The authorities of members' identities below the roots, PEM."
        ),
        "tlsIntermediateCertificates": Property(
            ListOf(PEM), "The authorities of TLS certificates below the roots, PEM."
        ),
        "bridges": Property(
            ListOf(PEM),
            "What servers present beneath their TLS certificates, PEM: the authorities below the root, and "
            "what lets those who know only a former TLS root accept them.",
        ),
    },
)
