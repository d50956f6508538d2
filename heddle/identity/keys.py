"""Make and read keys and signatures as Fabric wants them: ECDSA P-256, SHA-256, DER, low S.

Fabric refuses a signature whose S is above half the curve order, because with both forms valid anyone
could make a second, different signature of the same message. Source: bccsp/utils/ecdsa.go,
bccsp/sw/ecdsa.go (Fabric 3.1.5).
"""

import re
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from heddle.errors import IdentityError

__all__ = [
    "authority_of",
    "certificates_in",
    "load_certificate",
    "load_key",
    "low_s",
    "pem_of",
    "public_key_bytes",
    "public_key_of",
    "sign",
    "verify",
]

CURVE: Final = ec.SECP256R1()
MAX_CERTIFICATE: Final = 256 * 1024
"""Bytes of PEM: certificates come from others, and a real one has two thousand."""
_MALFORMED: Final = (x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)
P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_PEM: Final = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_ALGORITHM: Final = ec.ECDSA(hashes.SHA256())


def pem_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the key as PEM, PKCS #8, the only form that all of Fabric's tools read."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def load_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """Read a private key from PEM (PKCS #8 or SEC 1).

    Raises:
        IdentityError: no key, an encrypted key, or not on P-256. The message never holds the key.
    """
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise IdentityError("a private key cannot be read: expected PEM, PKCS #8, not encrypted") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != CURVE.name:
        raise IdentityError("a private key is not ECDSA on P-256, the one kind that Heddle makes and uses")
    return key


# Certificates repeat (one per signer, thousands of messages), and parsing costs more than verifying.
@lru_cache(maxsize=1024)
def load_certificate(pem: bytes) -> x509.Certificate:
    """Read the first certificate of a PEM text.

    All of it is read at once, as Go does: `cryptography` alone would come across a wrong field only when
    somebody asks for it. Reading a field of the result cannot fail any more.

    Raises:
        IdentityError: no certificate in it, one that is malformed, or with a key of an unknown kind.
    """
    if len(pem) > MAX_CERTIFICATE:
        raise IdentityError(f"a certificate of {len(pem)} bytes, expected at most {MAX_CERTIFICATE}")
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        for name in ("subject", "issuer", "extensions", "not_valid_before_utc", "not_valid_after_utc"):
            getattr(certificate, name)
        certificate.public_key()
    except UnsupportedAlgorithm as error:
        raise IdentityError("a certificate's key is of a kind that Fabric has no use for") from error
    except (ValueError, OverflowError, *_MALFORMED) as error:
        # Not what was found: it may be a key, given by mistake.
        found = "another PEM text" if b"-----BEGIN" in pem else f"{len(pem)} bytes that are no PEM"
        if b"-----BEGIN CERTIFICATE" in pem:
            found = "a broken one"
        raise IdentityError(f"a certificate cannot be read: expected one as PEM, found {found}") from error
    return certificate


def certificates_in(text: str) -> list[str]:
    """Return the certificates of a PEM text one by one, each with the end of its last line."""
    return [f"{each}\n" for each in _PEM.findall(text)]


def public_key_of(pem: bytes) -> bytes:
    """Return the public key of a certificate, DER, which stays when it is renewed with the same key.

    Raises:
        IdentityError: no certificate in it.
    """
    return (
        load_certificate(pem)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def public_key_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a key's public half, DER, as `public_key_of` does of a certificate's."""
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def authority_of(pem: bytes) -> tuple[bytes, bytes]:
    """Return what names the authority of a certificate: its subject, DER, and its key identifier.

    Raises:
        IdentityError: no certificate in it.
    """
    certificate = load_certificate(pem)
    try:
        extension = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    except x509.ExtensionNotFound:
        return certificate.issuer.public_bytes(), b""
    return certificate.issuer.public_bytes(), extension.value.key_identifier or b""


def low_s(signature: bytes) -> bytes:
    """Return the same signature with S not above half of P-256's order (n - S verifies as well as S)."""
    r, s = decode_dss_signature(signature)
    return signature if s <= P256_ORDER // 2 else encode_dss_signature(r, P256_ORDER - s)


def sign(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    """Sign the SHA-256 of a message: DER, low S."""
    return low_s(key.sign(message, _ALGORITHM))


def verify(cert_pem: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether the certificate's key made this signature. A high S is refused, as Fabric refuses it.

    Ed25519 (Fabric 3's V3_0 capability lets others use it) signs the message itself.

    Raises:
        IdentityError: the certificate cannot be read or has a key of another kind.
    """
    key = load_certificate(cert_pem).public_key()
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)
            return True
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise IdentityError("a certificate's key is neither ECDSA nor Ed25519: Fabric has no use for it")
        # Only P-256 is checked here: other curves are not issued, and their order is not ours to keep.
        if key.curve.name == CURVE.name and decode_dss_signature(signature)[1] > P256_ORDER // 2:
            return False
        key.verify(signature, message, _ALGORITHM)
    except (InvalidSignature, ValueError):  # ValueError: not a DER signature at all
        return False
    return True
