"""Objects and kinds that several resource types share."""

from heddle.schema.model import Integer, ListOf, ObjectType, OnChange, Property, Text

__all__ = [
    "BASE64",
    "CHANNEL_NAME",
    "CLIENT_TLS",
    "DAYS",
    "HASH",
    "HOST_PORT",
    "IDENTITY",
    "MSP",
    "MSP_ID",
    "NAME",
    "NODE",
    "PEM",
    "PORT",
    "connection_node",
    "connection_nodes",
]

PEM = Text(pattern=r"(?s)\s*-----BEGIN [A-Z ]+-----.*-----END [A-Z ]+-----\s*", hint="PEM text")
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
        "mspId": Property(kind=MSP_ID, description="The organization's MSP id."),
        "certificate": Property(kind=PEM, description="The identity's certificate, PEM."),
        "privateKey": Property(kind=PEM, secret=True, description="Its private key, PEM (PKCS #8)."),
    },
)

CLIENT_TLS = ObjectType(
    name="ClientTls",
    description="A client certificate for mutual TLS.",
    properties={
        "certificate": Property(kind=PEM, description="The client certificate, PEM."),
        "privateKey": Property(kind=PEM, secret=True, description="Its private key, PEM (PKCS #8)."),
    },
)


def _reach(kind: Text | Integer | ListOf, description: str, default: str | None = None) -> Property:
    return Property(
        kind=kind,
        description=description,
        optional=True,
        default=default,
        on_change=OnChange.NOTHING,
    )


NODE = ObjectType(
    name="Node",
    description="A peer or an orderer, and how to reach it. Its name tells it apart, all else is connection.",
    properties={
        "name": Property(kind=NAME, description="The node's name, unique in the instance."),
        "mspId": Property(kind=MSP_ID, description="Its organization's MSP id.", on_change=OnChange.NOTHING),
        "host": Property(
            kind=NAME,
            description="The name in its TLS certificate; dialled unless a pod or `dial` is given.",
            on_change=OnChange.NOTHING,
        ),
        "port": Property(kind=PORT, description="Its gRPC port.", on_change=OnChange.NOTHING),
        "tlsRootCertificates": Property(
            kind=ListOf(item=PEM, minimum_items=1),
            description="The roots its TLS certificate is verified against, PEM.",
            on_change=OnChange.NOTHING,
        ),
        "namespace": _reach(Text(), "The pod's namespace, for dialling through the API server.", ""),
        "pod": _reach(Text(), "The pod's name, for dialling through the API server.", ""),
        "adminPort": _reach(PORT, "An orderer's port of the channel participation API, on its loopback."),
        "operationsPort": _reach(PORT, "The port of its operations endpoint."),
        "dial": _reach(Text(), "host:port to connect to instead of `host` and `port`.", ""),
        "adminDial": _reach(Text(), "host:port to connect to for the participation API.", ""),
        "operationsDial": _reach(Text(), "host:port to connect to for the operations endpoint.", ""),
    },
)

MSP = ObjectType(
    name="Msp",
    description="The certificates by which an organization's members are verified. NodeOUs are always on.",
    properties={
        "mspId": Property(kind=MSP_ID, description="The organization's MSP id."),
        "rootCertificates": Property(
            kind=ListOf(item=PEM, minimum_items=1), description="Roots of its identities, PEM."
        ),
        "intermediateCertificates": Property(
            kind=ListOf(item=PEM), optional=True, description="Intermediates of its identities, PEM."
        ),
        "tlsRootCertificates": Property(
            kind=ListOf(item=PEM, minimum_items=1), description="Roots of its TLS certificates, PEM."
        ),
        "tlsIntermediateCertificates": Property(
            kind=ListOf(item=PEM), optional=True, description="Intermediates of its TLS certificates, PEM."
        ),
    },
)


def connection_nodes(description: str) -> Property:
    """Declare nodes that are only ways to a ledger: another set of them changes nothing."""
    return Property(
        kind=ListOf(item=NODE, minimum_items=1, key="name"),
        description=description,
        on_change=OnChange.NOTHING,
    )


def connection_node(description: str, *, way_out: str) -> Property:
    """Return the node a resource acts on: another one is another resource."""
    return Property(kind=NODE, description=description, on_change=OnChange.REFUSE, way_out=way_out)
