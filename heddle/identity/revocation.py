"""Write and read revocation lists of certificates (CRLs) as Fabric applies them.

Fabric takes a list's word about a certificate if the list's authority key identifier is the issuer's subject
key identifier and the issuer signed the list; dates do not count (msp/mspimplvalidate.go
validateCertAgainstChain, Fabric 3.1.5). A certificate stays on the list after it has expired: policies do not
ask whether a signer's certificate has expired, so the leaked key would count again.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from heddle.errors import IdentityError
from heddle.identity.authority import Authority
from heddle.identity.keys import load_certificate

__all__ = [
    "authority_of",
    "covers",
    "lists_in_force",
    "load_revocation_list",
    "new_revocation_list",
    "revoked_serials",
    "signed_list",
]

_MALFORMED: Final = (x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)


def new_revocation_list(authority: Authority, serials: Iterable[int]) -> bytes:
    """Return the authority's list of these serial numbers, PEM: the same bytes for the same numbers.

    All dates are the authority's own and the signature is deterministic (RFC 6979), so that a preview knows
    the list and nothing changes without a reason.

    Raises:
        IdentityError: the authority cannot be read, or has no subject key identifier.
    """
    begin, end = authority.x509.not_valid_before_utc, authority.x509.not_valid_after_utc
    builder = x509.CertificateRevocationListBuilder(authority.x509.subject, begin, end).add_extension(
        x509.AuthorityKeyIdentifier(authority.key_identifier, None, None), critical=False
    )
    for serial in sorted(set(serials)):
        entry = x509.RevokedCertificateBuilder(serial, begin).build()
        builder = builder.add_revoked_certificate(entry)
    signed = builder.sign(authority.key, hashes.SHA256(), ecdsa_deterministic=True)
    return signed.public_bytes(serialization.Encoding.PEM)


# Channels are compared many times, and a list of hundreds takes a moment.
@lru_cache(maxsize=256)
def load_revocation_list(data: bytes) -> x509.CertificateRevocationList:
    """Read a list, PEM or DER, all of it at once. Raises IdentityError."""
    try:
        is_pem = data.lstrip().startswith(b"-----")
        crl = x509.load_pem_x509_crl(data) if is_pem else x509.load_der_x509_crl(data)
        # All are read only when they are asked for, and what is wrong in them would be said only then.
        crl.issuer  # noqa: B018 - the access reads it
        crl.extensions  # noqa: B018 - the access reads it
        crl.get_revoked_certificate_by_serial_number(0)
    except (ValueError, OverflowError, *_MALFORMED) as error:
        raise IdentityError("a revocation list cannot be read: expected PEM or DER") from error
    return crl


def authority_of(crl: x509.CertificateRevocationList) -> bytes | None:
    """Return the key identifier of a list's authority; empty if left out, None without the extension."""
    try:
        extension = crl.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    except x509.ExtensionNotFound:
        return None
    return extension.value.key_identifier or b""


def revoked_serials(lists: Iterable[bytes]) -> frozenset[int]:
    """Return the serial numbers on the lists. One that cannot be read adds none: nodes refuse it anyway."""
    return frozenset(serial for each in lists for serial in (_content(each) or (b"", frozenset()))[1])


def signed_list(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    """Tell whether the issuer's key signed the list: Fabric passes over a list that it did not sign."""
    key = issuer.public_key()
    try:
        return isinstance(key, ec.EllipticCurvePublicKey) and crl.is_signature_valid(key)
    except (UnsupportedAlgorithm, ValueError, TypeError):
        return False  # signed in a way that no authority of this kind signs


def covers(new: bytes, old: bytes, authorities: Iterable[bytes]) -> bool:
    """Tell whether a list revokes everything that another one of the same authority does.

    One that none of the authorities (PEM) signed covers nothing but itself: nodes pass over it.
    """
    if new == old:
        return True
    mine, theirs = _content(new), _content(old)
    if mine is None or theirs is None or mine[0] != theirs[0] or not mine[1] >= theirs[1]:
        return False
    crl = load_revocation_list(new)
    return any(signed_list(crl, load_certificate(pem)) for pem in authorities)


def lists_in_force(
    wanted: Sequence[bytes], live: Sequence[bytes], authorities: Sequence[bytes]
) -> tuple[bytes, ...]:
    """Return the lists that an MSP with these authorities has once the wanted ones are in force.

    A revocation is never taken back: a list stays until a wanted one covers it, whoever put it there.
    """
    new = [each for each in wanted if not any(covers(old, each, authorities) for old in live)]
    kept = [each for each in live if not any(covers(one, each, authorities) for one in new)]
    return *kept, *new


@lru_cache(maxsize=256)
def _content(data: bytes) -> tuple[bytes, frozenset[int]] | None:
    """Return a list's authority and serial numbers; None if it cannot be read or names no authority."""
    try:
        crl = load_revocation_list(data)
        authority = authority_of(crl)
        serials = frozenset(entry.serial_number for entry in crl)
    except (IdentityError, ValueError):
        return None
    return (authority, serials) if authority else None
