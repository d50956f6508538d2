"""Make the parts of all certificates: names, extensions, and the low-S signature."""

import hashlib
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ObjectIdentifier

from heddle.errors import IdentityError
from heddle.identity.keys import low_s

__all__ = ["der", "key_usage", "name_of", "signed_pem", "subject_key_identifier"]

_ECDSA_WITH_SHA256: Final = bytes.fromhex("300a06082a8648ce3d040302")


def name_of(*attributes: tuple[ObjectIdentifier, str]) -> x509.Name:
    """Make a subject of the given attributes in order; empty ones are left out.

    Raises:
        IdentityError: a value that X.509 does not allow, for example a common name above 64 characters.
    """
    try:
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes if value])
    except ValueError as error:
        shown = ", ".join(value for _, value in attributes)
        raise IdentityError(
            f"a certificate's subject cannot be made of {shown}: {error}",
            hint="Common name and organizational units: 1 to 64 characters. Host names go into `hosts`.",
        ) from error


def key_usage(
    *, digital_signature: bool, certificates: bool = False, key_encipherment: bool = False
) -> x509.KeyUsage:
    """Make the key usage extension; `certificates` also means revocation lists."""
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )


def subject_key_identifier(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return the SHA-256 of the point, as BCCSP names keys (RFC 7093 §2; internal/cryptogen/ca)."""
    point = key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return hashlib.sha256(point).digest()


def signed_pem(certificate: x509.Certificate) -> bytes:
    """Return the certificate as PEM, its own signature in low-S form.

    A node rewrites a high-S certificate before it uses it (msp/cert.go sanitizeECDSASignedCert), so the
    identity that it sends would differ from the file in half of all cases. This is the form that it keeps.
    """
    signature = low_s(certificate.signature)
    if signature == certificate.signature:
        return certificate.public_bytes(serialization.Encoding.PEM)
    bit_string = der(0x03, b"\x00" + signature)
    encoded = der(0x30, certificate.tbs_certificate_bytes + _ECDSA_WITH_SHA256 + bit_string)
    return x509.load_der_x509_certificate(encoded).public_bytes(serialization.Encoding.PEM)


def der(tag: int, content: bytes) -> bytes:
    """Return one element of DER."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content
