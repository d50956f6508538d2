"""Make certificate authorities: self-signed roots, one for identities and one for TLS per organization."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from heddle.errors import IdentityError
from heddle.identity.keys import CURVE, load_certificate, load_key, pem_of
from heddle.identity.lowlevel import key_usage, name_of, signed_pem, subject_key_identifier

__all__ = ["BACKDATE", "Authority", "new_authority"]

BACKDATE = timedelta(minutes=5)
"""Certificates are valid from a little before now: nodes whose clocks run behind must accept them at once."""


@dataclass(frozen=True, kw_only=True)
class Authority:
    """Hold the certificate and the private key of a CA, both PEM."""

    certificate: bytes
    private_key: bytes = field(repr=False)

    # Parsed once: an authority signs hundreds of certificates, and reading its key costs more than signing.
    @cached_property
    def x509(self) -> x509.Certificate:
        """Parse the certificate. Raises IdentityError."""
        return load_certificate(self.certificate)

    @cached_property
    def key(self) -> ec.EllipticCurvePrivateKey:
        """Parse the private key. Raises IdentityError."""
        return load_key(self.private_key)

    @cached_property
    def key_identifier(self) -> bytes:
        """Return the certificate's subject key identifier. Raises IdentityError if it has none."""
        try:
            extension = self.x509.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        except x509.ExtensionNotFound as error:
            # Fabric refuses such a CA in an MSP, so nothing that it signs could be used.
            raise IdentityError(
                f"authority {self.x509.subject.rfc4514_string()}: no subject key identifier"
            ) from error
        return extension.value.digest


def new_authority(
    *, common_name: str, organization: str, validity_days: int = 5475, now: datetime | None = None
) -> Authority:
    """Make a self-signed root.

    It has what Fabric's MSP demands of one (msp/mspimplsetup.go finalizeSetupCAs): the CA attribute, a
    subject key identifier and the right to sign certificates. 5475 days, 15 years, is Fabric CA's default.

    Args:
        common_name: up to 64 characters, for example `ca.example`.
        organization: the subject's O.
        validity_days: how long from now.
        now: the clock, for tests; the current time without it.

    Raises:
        IdentityError: a name that X.509 does not allow, or a validity below one day.
    """
    if validity_days < 1:
        raise IdentityError(f"authority {common_name}: valid for {validity_days} days, expected at least 1")
    now = now or datetime.now(UTC)
    key = ec.generate_private_key(CURVE)
    subject = name_of((NameOID.ORGANIZATION_NAME, organization), (NameOID.COMMON_NAME, common_name))
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now + timedelta(days=validity_days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(key_usage(digital_signature=True, certificates=True), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]), False
        )
        .add_extension(x509.SubjectKeyIdentifier(subject_key_identifier(key.public_key())), critical=False)
    )
    return Authority(certificate=signed_pem(builder.sign(key, hashes.SHA256())), private_key=pem_of(key))
