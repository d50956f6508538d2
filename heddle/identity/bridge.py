"""Make the certificate that lets whoever trusts a former TLS authority accept what the next one issues.

A running node keeps, for a connection that it opened once, the roots of that moment: Fabric's gateway does
for orderers, BFT's orderers do for each other, and chaincode packages hold a root for ever. A server that
presents this certificate beneath its own is accepted by them, and by those who trust the new root alone.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from heddle.errors import IdentityError
from heddle.identity.authority import Authority
from heddle.identity.keys import load_certificate
from heddle.identity.lowlevel import signed_pem

__all__ = ["bridge", "may_bridge", "presented_beneath"]

_OF_THE_KEY = (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage, x509.SubjectKeyIdentifier)
"""Extensions that say what an authority's key may be used for."""
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
        # Not who issued it, nor where that one publishes what.
        if isinstance(extension.value, _OF_THE_KEY):
            builder = builder.add_extension(extension.value, extension.critical)
    return signed_pem(builder.sign(old.key, hashes.SHA256(), ecdsa_deterministic=True))


def may_bridge(old: bytes) -> bool:
    """Tell whether authorities may stand below this one (PEM); others accept no bridge of it."""
    try:
        constraints = load_certificate(old).extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return False
    return constraints.path_length != 0


def presented_beneath(authority: bytes, known: Iterable[str]) -> list[str]:
    """Return those certificates that lead on from an authority (PEM) to a root, the nearest ones first.

    Roots themselves, and what has ended, are left out: nobody takes a root from a server.
    """
    now = datetime.now(UTC)
    left = {
        pem: certificate
        for pem in dict.fromkeys(known)
        if (certificate := load_certificate(pem.encode())).not_valid_after_utc > now
        and certificate.issuer != certificate.subject
    }
    found, subjects = list[str](), [load_certificate(authority).subject]
    while subjects:
        wanted = subjects.pop(0)
        for pem in [pem for pem, each in left.items() if each.subject == wanted]:
            found.append(pem)
            subjects.append(left.pop(pem).issuer)
    return found


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
