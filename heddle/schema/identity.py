"""Declare heddle:identity: keys, certificates and passwords. Nothing here reaches a network."""

from heddle.durations import PERIOD
from heddle.schema.model import ListOf, MapOf, ObjectType, Property, ResourceType, Text, connection, fixed
from heddle.schema.shared import DAYS, NAME, PEM, REVOCATION
from heddle.settings import Integer

_NEW_AUTHORITY = (
    "Certificates and channels trust this authority by its certificate. Declare a second one under another "
    "name, and exchange them: `certificates.authorities` in a stack file (docs/operations/authorities.md)."
)

CERTIFICATE_AUTHORITY = ResourceType(
    type="heddle:identity:CertificateAuthority",
    description=(
        "An authority (ECDSA P-256) with its key: a self-signed root that is made here, or one that somebody "
        "else has certified. It is made once and never replaced."
    ),
    on_delete="forgets the key with the state: nothing can be issued from this authority any more",
    inputs={
        "commonName": fixed(NAME, "The common name of its subject.", way_out=_NEW_AUTHORITY),
        "organization": fixed(NAME, "The organization of its subject.", way_out=_NEW_AUTHORITY),
        "validityDays": fixed(
            DAYS,
            "Days from its making until it expires (15 years, as Fabric CA).",
            default=5475,
            way_out=_NEW_AUTHORITY,
        ),
        "chain": fixed(
            ListOf(PEM, minimum_items=1),
            "Its certificate that somebody else has issued and its issuers, the root last, PEM. None: a root "
            "is made here.",
            # Nor another certificate for the same key: Fabric verifies a chain as of the moment that the
            # lowest certificate begins (msp/mspimpl.go), when the new one was not valid yet.
            way_out=_NEW_AUTHORITY,
            optional=True,
        ),
        "keyFile": connection(
            Text(),
            "Path of the private key of `chain`'s first, PEM; read when the authority is made.",
            default="",
        ),
    },
    outputs={
        "certificate": Property(PEM, "Its certificate, PEM."),
        "privateKey": Property(PEM, "Its private key, PEM (PKCS #8).", secret=True),
        "notAfter": Property(Text(), "When it expires, RFC 3339 in UTC."),
    },
)

FABRIC_CA = ObjectType(
    name="FabricCa",
    description="A Fabric CA that issues and revokes certificates, and who registers identities there.",
    properties={
        "url": connection(NAME, "Its address, as https://ca.example.com:7054."),
        "name": connection(Text(), "Its name, of several of a server; empty: the server's own.", default=""),
        "rootCertificates": connection(
            ListOf(PEM, minimum_items=1), "Roots that its server's TLS certificate is verified against, PEM."
        ),
        "registrar": connection(NAME, "The identity that registers others."),
        "secretFile": connection(NAME, "Path of the file with the registrar's password."),
    },
)

CERTIFICATE = ResourceType(
    type="heddle:identity:Certificate",
    description=(
        "A key and a certificate for it. Every change but that of `rekey` issues a new certificate for the "
        "same key, so the identity stays the same to Fabric."
    ),
    on_delete="forgets the certificate and its key with the state",
    inputs={
        "authorityCertificate": Property(PEM, "The issuing authority's certificate, PEM."),
        "authorityPrivateKey": connection(
            PEM,
            "The issuing authority's private key, PEM; none where `fabricCa` issues.",
            optional=True,
            secret=True,
        ),
        "fabricCa": connection(
            FABRIC_CA, "The Fabric CA that has the authority's key and issues in its place.", optional=True
        ),
        "commonName": Property(NAME, "The common name of its subject."),
        "organization": Property(Text(), "The organization of its subject.", default=""),
        "organizationalUnits": Property(
            ListOf(NAME),
            "Organizational units: for identities the NodeOU role (client, peer, ...).",
            default=[],
        ),
        "hosts": Property(ListOf(NAME), "DNS names and IP addresses it is valid for.", default=[]),
        "usage": Property(
            Text(choices=("identity", "tls")),
            "`identity` signs proposals and blocks, `tls` serves and dials.",
        ),
        "validityDays": Property(DAYS, "Days from its issue until it expires.", default=365),
        "renewal": Property(
            Integer(minimum=0), "Raise it to renew the certificate with the same key.", default=0
        ),
        "renewBefore": connection(
            Text(pattern=PERIOD, hint="days or hours, as 30d or 36h"),
            "How long before its end the next `up` renews the certificate with the same key, as `30d`; "
            "never, where it is left out. Less than `validityDays`.",
            optional=True,
        ),
        "rekey": Property(
            Integer(minimum=0), "Raise it to make a new key, with a certificate for it.", default=0
        ),
        "rekeyRefusal": connection(
            Text(), "Why a key in use must not be made anew; empty if it may be.", default=""
        ),
    },
    outputs={
        "certificate": Property(PEM, "The certificate, PEM."),
        "privateKey": Property(PEM, "Its private key, PEM (PKCS #8).", secret=True),
        "notAfter": Property(Text(), "When it expires, RFC 3339 in UTC."),
        "serialNumber": Property(Text(), "Its serial number, hexadecimal."),
        "earlier": Property(
            ListOf(REVOCATION, key="serial"),
            "Certificates issued for this key before. Who has the key can use them all.",
        ),
        "superseded": Property(
            ListOf(REVOCATION, key="serial"), "Certificates of the keys that were given up by `rekey`."
        ),
    },
)

REVOCATION_LIST = ResourceType(
    type="heddle:identity:RevocationList",
    description=(
        "The list of an authority's certificates that are revoked (CRL). A certificate that was once on it "
        "stays on it, also after it has expired: a channel's policies do not ask for expiry."
    ),
    on_delete="forgets the list: channels keep the one that they have",
    inputs={
        "authorityCertificate": Property(PEM, "The authority's certificate, PEM."),
        "authorityPrivateKey": connection(
            PEM,
            "The authority's private key, PEM; none where `fabricCa` revokes.",
            optional=True,
            secret=True,
        ),
        "fabricCa": connection(
            FABRIC_CA, "The Fabric CA that has the authority's key and revokes in its place.", optional=True
        ),
        "otherAuthorities": connection(
            ListOf(PEM),
            "The organization's other authorities that are trusted now, PEM: they have lists of their own.",
            optional=True,
        ),
        "superseded": Property(
            ListOf(REVOCATION, key="serial"), "Certificates of keys that were given up.", default=[]
        ),
        "revoked": Property(
            ListOf(NAME), "Other certificates: serial numbers, hexadecimal, or certificates, PEM.", default=[]
        ),
        "inUse": connection(
            MapOf(Text()), "Serial numbers that must not be revoked, by their holders.", default={}
        ),
    },
    outputs={
        "revocationList": Property(PEM, "The list, PEM."),
        "revocations": Property(ListOf(REVOCATION, key="serial"), "Every certificate on it."),
    },
)

PASSWORD = ResourceType(
    type="heddle:identity:Password",
    description="A random password of letters and digits, made once. It is in the state alone, encrypted.",
    on_delete="forgets the password with the state",
    inputs={
        "length": Property(
            Integer(minimum=16, maximum=128),
            "Characters; each has 5.9 bits of chance. Another length makes another password.",
            default=32,
        ),
        "renewal": Property(Integer(minimum=0), "Raise it to make another password.", default=0),
    },
    outputs={"password": Property(Text(), "The password.", secret=True)},
)
