"""Describe certificates and revocation lists for people who have to decide whether to trust them.

The texts hold SHA-256 fingerprints of everything that the bytes say, so two different certificates never have
the same text. Subjects were chosen by others and are escaped.
"""

import hashlib

from cryptography.hazmat.primitives.serialization import Encoding

from heddle.errors import IdentityError
from heddle.identity.keys import load_certificate
from heddle.identity.revocation import load_revocation_list
from heddle.text import escaped, shown_bytes

__all__ = ["certificate_brief", "certificate_text", "fingerprint", "revocation_list_text"]

_MOST_SERIALS = 20
_BRIEF = len("sha256:") + 16


def fingerprint(pem: bytes) -> str:
    """Return the certificate's SHA-256, as `openssl x509 -fingerprint -sha256` counts it: "sha256:9f86…".

    Raises IdentityError if there is no certificate in the text.
    """
    return _sha256(load_certificate(pem).public_bytes(Encoding.DER))


def certificate_text(pem: bytes) -> str:
    """Return fingerprint, subject and expiry of a certificate; of other bytes what they are."""
    try:
        certificate = load_certificate(pem)
        subject = certificate.subject.rfc4514_string()
    except (IdentityError, ValueError):
        return f"no certificate: {shown_bytes(pem)}"
    last = certificate.not_valid_after_utc
    text = f"{fingerprint(pem)} {escaped(subject)}, until {last:%Y-%m-%d}"
    if pem.strip() == certificate.public_bytes(Encoding.PEM).strip():
        return text
    # Fabric reads the first certificate alone; what else stands in the text may be meant to hide.
    return f"{text}, with other text around it ({len(pem)} bytes, {_sha256(pem)})"


def certificate_brief(pem: bytes) -> str:
    """Return the beginning of a certificate's fingerprint with its expiry, for lines that sum up."""
    try:
        last = load_certificate(pem).not_valid_after_utc
    except IdentityError:
        return f"no certificate: {shown_bytes(pem)}"
    return f"{fingerprint(pem)[:_BRIEF]}… until {last:%Y-%m-%d}"


def revocation_list_text(data: bytes) -> str:
    """Return issuer, revoked serial numbers and next update of a revocation list; of others what they are."""
    try:
        crl = load_revocation_list(data)
        serials = [f"{each.serial_number:x}" for each in crl]
        issuer, following = crl.issuer.rfc4514_string(), crl.next_update_utc
    except (IdentityError, ValueError):
        return f"no revocation list: {shown_bytes(data)}"
    more = f" and {len(serials) - _MOST_SERIALS} more" if len(serials) > _MOST_SERIALS else ""
    renewed = f", next update {following:%Y-%m-%d}" if following else ""
    revoked = f"{', '.join(serials[:_MOST_SERIALS])}{more}" if serials else "nothing"
    return f"{_sha256(data)} of {escaped(issuer)}, revokes {revoked}{renewed}"


def _sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
