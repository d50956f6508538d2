"""Declare objects and kinds that several resource types share."""

from heddle.schema.model import ListOf, ObjectType, Property, Text, connection, fixed
from heddle.settings import Integer

PEM = Text(pattern=r"(?s)\s*-----BEGIN [A-Z0-9 ]+-----.*-----END [A-Z0-9 ]+-----\s*", hint="PEM text")
NAME = Text(pattern=r"(?s).+", hint="a text that is not empty")
MSP_ID = Text(pattern=r"[a-zA-Z0-9.-]+", hint="letters, digits, '.' and '-'")
CHANNEL_NAME = Text(
    pattern=r"[a-z][a-z0-9.-]{0,248}",
    hint="starts with a lower-case letter, then a-z, 0-9, '.' and '-', at most 249 characters",
)
HOST_PORT = Text(pattern=r"[^\s:]+:[0-9]{1,5}", hint="host:port")
BASE64 = Text(pattern=r"[A-Za-z0-9+/\s]*={0,2}\s*", hint="base64")
HASH = Text(pattern=r"[0-9a-f]{64}", hint="64 hexadecimal digits")
PORT = Integer(minimum=1, maximum=65535)
DAYS = Integer(minimum=1, maximum=36500)

IDENTITY = ObjectType(
    name="Identity",
    description="A signer: a certificate with its key, and the organization that it belongs to.",
    properties={
        "mspId": Property(MSP_ID, "The organization's MSP id."),
        "certificate": Property(PEM, "The identity's certificate, PEM."),
        "privateKey": Property(PEM, "Its private key, PEM (PKCS #8).", secret=True),
    },
)

CLIENT_TLS = ObjectType(
    name="ClientTls",
    description="A client certificate for mutual TLS.",
    properties={
        "certificate": Property(PEM, "The client certificate, PEM."),
        "privateKey": Property(PEM, "Its private key, PEM (PKCS #8).", secret=True),
    },
)


NODE = ObjectType(
    name="Node",
    description="A peer or an orderer, and how to reach it. Its name tells it apart, all else is connection.",
    properties={
        "name": Property(NAME, "The node's name, unique in the instance."),
        "mspId": connection(MSP_ID, "Its organization's MSP id."),
        "host": connection(NAME, "The name in its TLS certificate; dialled unless a pod or `dial` is given."),
        "port": connection(PORT, "Its gRPC port."),
        "tlsRootCertificates": connection(
            ListOf(PEM, minimum_items=1), "The roots its TLS certificate is verified against, PEM."
        ),
        "namespace": connection(
            Text(), "The pod's namespace, for dialling through the API server.", default=""
        ),
        "pod": connection(Text(), "The pod's name, for dialling through the API server.", default=""),
        "adminPort": connection(
            PORT, "An orderer's port of the channel participation API, on its loopback.", optional=True
        ),
        "operationsPort": connection(PORT, "The port of its operations endpoint.", optional=True),
        "dial": connection(Text(), "host:port to connect to instead of `host` and `port`.", default=""),
        "adminDial": connection(Text(), "host:port to connect to for the participation API.", default=""),
        "operationsDial": connection(
            Text(), "host:port to connect to for the operations endpoint.", default=""
        ),
        "former": connection(
            ListOf(HOST_PORT),
            "The address, host:port, that it had before, while it moves: its certificate is good for both.",
            optional=True,
        ),
    },
)

SERIAL = Text(pattern=r"[1-9a-f][0-9a-f]{0,39}", hint="a serial number, hexadecimal without leading zeros")

REVOCATION = ObjectType(
    name="Revocation",
    description="A certificate that is revoked, and its holder.",
    properties={
        "holder": Property(Text(), "Who has the certificate; empty if unknown.", default=""),
        # Not named as outputs of a Certificate: Pulumi's SDK would translate these, too.
        "serial": Property(SERIAL, "Its serial number, hexadecimal."),
        "expires": Property(Text(), "When it expires, RFC 3339 in UTC; empty if unknown.", default=""),
    },
)

MSP = ObjectType(
    name="Msp",
    description="The certificates by which an organization's members are verified. NodeOUs are always on.",
    properties={
        "mspId": Property(MSP_ID, "The organization's MSP id."),
        "rootCertificates": Property(ListOf(PEM, minimum_items=1), "Roots of its identities, PEM."),
        "intermediateCertificates": Property(
            ListOf(PEM), "Intermediates of its identities, PEM.", optional=True
        ),
        "tlsRootCertificates": Property(ListOf(PEM, minimum_items=1), "Roots of its TLS certificates, PEM."),
        "tlsIntermediateCertificates": Property(
            ListOf(PEM), "Intermediates of its TLS certificates, PEM.", optional=True
        ),
        "revocationLists": Property(
            ListOf(PEM),
            "Lists of revoked certificates, PEM. A channel keeps the lists that it has until one of these "
            "revokes as much.",
            optional=True,
        ),
        "revoked": connection(
            ListOf(REVOCATION, key="serial"),
            "The certificates on the lists with their holders, for previews.",
            optional=True,
        ),
    },
)


def connection_nodes(description: str) -> Property:
    """Declare nodes that are only ways to a ledger: another set of them changes nothing."""
    return connection(ListOf(NODE, minimum_items=1, key="name"), description)


def connection_node(description: str, *, way_out: str) -> Property:
    """Return the node a resource acts on: another one is another resource."""
    return fixed(NODE, description, way_out=way_out)
