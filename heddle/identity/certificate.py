"""Issue certificates of nodes, administrators and clients, for signing (identity) and for TLS."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from heddle.errors import IdentityError
from heddle.identity.authority import BACKDATE, Authority
from heddle.identity.keys import CURVE, load_key, pem_of
from heddle.identity.lowlevel import key_usage, name_of, signed_pem, subject_key_identifier

__all__ = ["CertificateRequest", "Issued", "Usage", "issue", "signing_request"]


class Usage(StrEnum):
    """Name the use of a certificate: signing or TLS."""

    IDENTITY = "identity"
    """Signs messages; its organizational unit (client, peer, admin, orderer) is its role in the MSP."""
    TLS = "tls"
    """Both ends of a connection: Fabric's nodes are servers and clients of each other with one pair."""


@dataclass(frozen=True, kw_only=True)
class CertificateRequest:
    """Describe a certificate before it is issued.

    `hosts` are DNS names and IP addresses; only TLS certificates need them.
    """

    common_name: str
    organization: str = ""
    organizational_units: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    usage: Usage
    validity_days: int = 365


@dataclass(frozen=True, kw_only=True)
class Issued:
    """Hold a certificate and its private key, both PEM."""

    certificate: bytes
    private_key: bytes = field(repr=False)


def issue(
    authority: Authority,
    request: CertificateRequest,
    *,
    private_key: bytes | None = None,
    now: datetime | None = None,
) -> Issued:
    """Issue a certificate, signed by the authority.

    It never outlives its authority, and never begins before it: Fabric verifies a chain as of one second
    after the certificate's own start (msp/mspimpl.go getValidityOptsForCert), and the authority must be
    valid at that moment.

    Args:
        authority: who signs.
        request: what the certificate says.
        private_key: PEM. Given, the certificate is for this key: a renewal that needs no change on the
            ledger, because Fabric compares public keys (etcdraft, Fabric 1.4.9 and later).
        now: the clock, for tests; the current time without it.

    Raises:
        IdentityError: a key or name that cannot be used, an authority that has expired.
    """
    now = now or datetime.now(UTC)
    key = load_key(private_key) if private_key is not None else ec.generate_private_key(CURVE)
    begin, end = _validity(authority, request, now)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_subject(request))
        .issuer_name(authority.x509.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )
    for extension, critical in _extensions(authority, request, key.public_key()):
        builder = builder.add_extension(extension, critical)
    return Issued(
        certificate=signed_pem(builder.sign(authority.key, hashes.SHA256())),
        private_key=private_key if private_key is not None else pem_of(key),
    )


def signing_request(request: CertificateRequest, key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a request for a certificate, PEM, by which others issue it. They decide on units, use and end.

    Raises IdentityError for a name that cannot be used.
    """
    subject = name_of(
        (NameOID.ORGANIZATION_NAME, request.organization), (NameOID.COMMON_NAME, request.common_name)
    )
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if request.hosts:
        names = x509.SubjectAlternativeName([_host(host) for host in request.hosts])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _validity(authority: Authority, request: CertificateRequest, now: datetime) -> tuple[datetime, datetime]:
    if request.validity_days < 1:
        raise IdentityError(
            f"certificate {request.common_name}: valid for {request.validity_days} days, expected at least 1"
        )
    last = authority.x509.not_valid_after_utc
    if last <= now:
        raise IdentityError(
            f"certificate {request.common_name}: its authority {authority.x509.subject.rfc4514_string()} "
            f"expired on {last:%Y-%m-%d}",
            hint="Authorities are exchanged before they end. docs/operations/authorities.md says under 'An "
            "authority has ended' what stops and what is left.",
        )
    begin = max(now - BACKDATE, authority.x509.not_valid_before_utc)
    return begin, min(now + timedelta(days=request.validity_days), last)


def _subject(request: CertificateRequest) -> x509.Name:
    units = ((NameOID.ORGANIZATIONAL_UNIT_NAME, unit) for unit in request.organizational_units)
    return name_of(
        (NameOID.ORGANIZATION_NAME, request.organization), *units, (NameOID.COMMON_NAME, request.common_name)
    )


def _extensions(
    authority: Authority, request: CertificateRequest, key: ec.EllipticCurvePublicKey
) -> list[tuple[x509.ExtensionType, bool]]:
    tls = request.usage is Usage.TLS
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (key_usage(digital_signature=True, key_encipherment=tls), True),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.SubjectKeyIdentifier(subject_key_identifier(key)), False),
        (x509.AuthorityKeyIdentifier(authority.key_identifier, None, None), False),
    ]
    if tls:
        both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        extensions.append((x509.ExtendedKeyUsage(both), False))
    if request.hosts:
        extensions.append((x509.SubjectAlternativeName([_host(host) for host in request.hosts]), False))
    return extensions


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        pass  # not an address, so a name
    try:
        return x509.DNSName(host)
    except ValueError as error:
        raise IdentityError(f"host {host!r} is neither an IP address nor an ASCII DNS name") from error
