"""heddle:identity: keys, certificates and passwords. Nothing here reaches a network."""

from heddle.schema.model import Integer, ListOf, OnChange, Property, ResourceType, Text
from heddle.schema.shared import DAYS, NAME, PEM

__all__ = ["CERTIFICATE", "CERTIFICATE_AUTHORITY", "PASSWORD"]

_NEW_AUTHORITY = (
    "Certificates and channels trust this authority by its certificate. Declare a second one under another "
    "name, add it to the organization's MSP on every channel, issue anew from it, then remove this one."
)

CERTIFICATE_AUTHORITY = ResourceType(
    type="heddle:identity:CertificateAuthority",
    description="A self-signed root (ECDSA P-256) with its key. It is made once and never replaced.",
    on_delete="forgets the key with the state: nothing can be issued from this authority any more",
    inputs={
        "commonName": Property(
            kind=NAME,
            description="The common name of its subject.",
            on_change=OnChange.REFUSE,
            way_out=_NEW_AUTHORITY,
        ),
        "organization": Property(
            kind=NAME,
            description="The organization of its subject.",
            on_change=OnChange.REFUSE,
            way_out=_NEW_AUTHORITY,
        ),
        "validityDays": Property(
            kind=DAYS,
            default=5475,
            description="Days from its making until it expires (15 years, as Fabric CA).",
            on_change=OnChange.REFUSE,
            way_out=_NEW_AUTHORITY,
        ),
    },
    outputs={
        "certificate": Property(kind=PEM, description="The root certificate, PEM."),
        "privateKey": Property(kind=PEM, secret=True, description="Its private key, PEM (PKCS #8)."),
        "notAfter": Property(kind=Text(), description="When it expires, RFC 3339 in UTC."),
    },
)

CERTIFICATE = ResourceType(
    type="heddle:identity:Certificate",
    description=(
        "A key and a certificate for it. Every change issues a new certificate for the same key, "
        "so the identity stays the same to Fabric."
    ),
    on_delete="forgets the certificate and its key with the state",
    inputs={
        "authorityCertificate": Property(kind=PEM, description="The issuing authority's certificate, PEM."),
        "authorityPrivateKey": Property(
            kind=PEM,
            secret=True,
            description="The issuing authority's private key, PEM.",
            on_change=OnChange.NOTHING,
        ),
        "commonName": Property(kind=NAME, description="The common name of its subject."),
        "organization": Property(kind=Text(), default="", description="The organization of its subject."),
        "organizationalUnits": Property(
            kind=ListOf(item=NAME),
            default=[],
            description="Organizational units: for identities the NodeOU role (client, peer, ...).",
        ),
        "hosts": Property(
            kind=ListOf(item=NAME), default=[], description="DNS names and IP addresses it is valid for."
        ),
        "usage": Property(
            kind=Text(choices=("identity", "tls")),
            description="`identity` signs proposals and blocks, `tls` serves and dials.",
        ),
        "validityDays": Property(kind=DAYS, default=365, description="Days from its issue until it expires."),
        "renewal": Property(
            kind=Integer(minimum=0),
            default=0,
            description="Raise it to renew the certificate with the same key.",
        ),
    },
    outputs={
        "certificate": Property(kind=PEM, description="The certificate, PEM."),
        "privateKey": Property(kind=PEM, secret=True, description="Its private key, PEM (PKCS #8)."),
        "notAfter": Property(kind=Text(), description="When it expires, RFC 3339 in UTC."),
        "serialNumber": Property(kind=Text(), description="Its serial number, hexadecimal."),
    },
)

PASSWORD = ResourceType(
    type="heddle:identity:Password",
    description="A random password of letters and digits, made once. It is in the state alone, encrypted.",
    on_delete="forgets the password with the state",
    inputs={
        "length": Property(
            kind=Integer(minimum=16, maximum=128),
            default=32,
            description="Characters; each has 5.9 bits of chance. Another length makes another password.",
        ),
        "renewal": Property(
            kind=Integer(minimum=0), default=0, description="Raise it to make another password."
        ),
    },
    outputs={"password": Property(kind=Text(), secret=True, description="The password.")},
)
