"""Take authorities that somebody else certifies: a request goes out, a certificate with its issuers comes in.

So the key of the root stays with those who keep it, offline, and Heddle has only that of an authority below.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from heddle.errors import IdentityError
from heddle.identity.chain import issued
from heddle.identity.keys import CURVE, certificates_in, load_certificate, pem_of
from heddle.identity.lowlevel import key_usage, name_of, subject_key_identifier

__all__ = ["SigningRequest", "chain_problem", "new_signing_request", "split_authorities"]


@dataclass(frozen=True, kw_only=True)
class SigningRequest:
    """Hold a request for an authority's certificate, and the key that it is for, both PEM."""

    request: bytes
    private_key: bytes = field(repr=False)


def new_signing_request(*, common_name: str, organization: str) -> SigningRequest:
    """Make a key, and a request for the certificate of an authority that issues members' certificates.

    It asks for what Fabric wants of an authority. How long it lasts is for those to say who sign it.
    Raises IdentityError for a name that X.509 does not allow.
    """
    key = ec.generate_private_key(CURVE)
    subject = name_of((NameOID.ORGANIZATION_NAME, organization), (NameOID.COMMON_NAME, common_name))
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(subject)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(key_usage(digital_signature=True, certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier(subject_key_identifier(key.public_key())), critical=False)
        .sign(key, hashes.SHA256())
    )
    return SigningRequest(request=request.public_bytes(serialization.Encoding.PEM), private_key=pem_of(key))


def chain_problem(chain: Sequence[str], *, own: bool = True) -> str:
    """Return what is wrong with an authority's certificate and its issuers; empty if nothing is.

    Fabric's nodes verify what the first one issued against all of them. An authority that outlives its issuer
    would issue what ends before it says so.

    Args:
        chain: PEM texts, one certificate each, the root last.
        own: Heddle issues with the first one's key.
    """
    try:
        certificates = [load_certificate(each.encode()) for each in chain]
    except IdentityError as error:
        return error.message
    if not certificates:
        return "no certificate in it"
    key = certificates[0].public_key()
    if own and not (isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == CURVE.name):
        return "the first one's key is not ECDSA on P-256, the one kind that Heddle issues with"
    for position, certificate in enumerate(certificates):
        if problem := _no_authority(certificate, below=position):
            return f"{_named(certificate)}: {problem}"
    for lower, upper in pairwise(certificates):
        if not issued(upper, lower):
            return f"{_named(lower)} was not issued by the one after it, {_named(upper)}"
        if lower.not_valid_after_utc > upper.not_valid_after_utc:
            return f"{_named(lower)} ends after its issuer, on {lower.not_valid_after_utc:%Y-%m-%d}"
        # Fabric verifies a chain as of the moment that the lower one begins (msp/mspimpl.go).
        if lower.not_valid_before_utc < upper.not_valid_before_utc:
            return f"{_named(lower)} begins before its issuer, on {lower.not_valid_before_utc:%Y-%m-%d}"
    root = certificates[-1]
    return "" if issued(root, root) else f"{_named(root)} is the last one and no root: its issuer is missing"


def split_authorities(bundle: str) -> tuple[list[str], list[str]]:
    """Return the roots of a PEM text with authorities, and those that others issued, each in their order.

    A text without any certificate is a root as it is. Raises IdentityError for one that cannot be read.
    """
    if not certificates_in(bundle):
        return [bundle], []
    roots, intermediates = list[str](), list[str]()
    for pem in certificates_in(bundle):
        certificate = load_certificate(pem.encode())
        (roots if certificate.issuer == certificate.subject else intermediates).append(pem)
    return roots, intermediates


def _no_authority(certificate: x509.Certificate, *, below: int) -> str:
    """Return why a certificate cannot stand above so many authorities; empty if it can."""
    constraints, usage = x509.BasicConstraints(ca=False, path_length=None), True
    identified = False
    for extension in certificate.extensions:
        match extension.value:
            case x509.BasicConstraints():
                constraints = extension.value
            case x509.KeyUsage():
                usage = extension.value.key_cert_sign
            case x509.SubjectKeyIdentifier():
                identified = True
    if not constraints.ca or not usage:
        return "it may not issue certificates"
    # msp/mspimplsetup.go (Fabric 3.1.5): every node refuses a channel with another one.
    if not identified:
        return "it has no subject key identifier, without which Fabric refuses it"
    if constraints.path_length is not None and constraints.path_length < below:
        return f"it allows {constraints.path_length} authorities beneath it, and here are {below}"
    return ""


def _named(certificate: x509.Certificate) -> str:
    return f"the certificate of {certificate.subject.rfc4514_string()}"
