"""Make the certificate that lets whoever trusts a former TLS authority accept what the next one issues.

A running node keeps, for a connection that it opened once, the roots of that moment: Fabric's gateway does
for orderers, BFT's orderers do for each other, and chaincode packages hold a root for ever. A server that
presents this certificate beneath its own is accepted by them, and by those who trust the new root alone.
"""

import hashlib
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from heddle.errors import IdentityError
from heddle.identity.authority import Authority
from heddle.identity.keys import load_certificate
from heddle.identity.lowlevel import signed_pem

__all__ = ["bridge"]

_SERIAL_BYTES = 19
"""Of at most 20 that X.509 allows, so that the number is positive."""


def bridge(old: Authority, new: bytes) -> bytes:
    """Return a certificate for the key of the authority `new` (PEM), issued by the old one.

    It says what the new authority's own certificate does, as long as both are valid. The same bytes for the
    same authorities, so that nothing changes without a reason.

    Raises IdentityError: an authority that cannot be read, or the two are never valid together.
    """
    subject, issuer = load_certificate(new), old.x509
    key = subject.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise IdentityError(f"authority {subject.subject.rfc4514_string()}: its key is not ECDSA on P-256")
    begin, end = _both_valid(issuer, subject)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject.subject)
        .issuer_name(issuer.subject)
        .public_key(key)
        .serial_number(_serial(issuer, subject))
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.AuthorityKeyIdentifier(old.key_identifier, None, None), critical=False)
    )
    for extension in subject.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return signed_pem(builder.sign(old.key, hashes.SHA256(), ecdsa_deterministic=True))


def _both_valid(one: x509.Certificate, other: x509.Certificate) -> tuple[datetime, datetime]:
    begin = max(one.not_valid_before_utc, other.not_valid_before_utc)
    end = min(one.not_valid_after_utc, other.not_valid_after_utc)
    if begin >= end:
        raise IdentityError(
            f"authorities {one.subject.rfc4514_string()} and {other.subject.rfc4514_string()} are "
            f"never valid together: the first ends on {one.not_valid_after_utc:%Y-%m-%d}"
        )
    return begin, end


def _serial(issuer: x509.Certificate, subject: x509.Certificate) -> int:
    both = issuer.fingerprint(hashes.SHA256()) + subject.fingerprint(hashes.SHA256())
    return int.from_bytes(hashlib.sha256(both).digest()[:_SERIAL_BYTES], "big")
