"""Find chains of certificates up to a trusted root, without regard to today's date."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from heddle.identity.keys import load_certificate
from heddle.identity.msp import fabric_msp, msp_config_of

__all__ = ["TrustStore", "chain_of", "issued"]


def issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Tell whether one certificate's key signed the other, and their names fit."""
    if certificate.issuer != issuer.subject:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False  # not by this key, or in a way in which no certificate of Fabric's is signed
    return True


def chain_of(
    leaf: x509.Certificate,
    roots: Sequence[x509.Certificate],
    intermediates: Sequence[x509.Certificate],
    moment: datetime | None = None,
) -> list[x509.Certificate]:
    """Return the certificate, its issuer, and so on to a root; empty if there is no such chain.

    Args:
        leaf: where to begin.
        roots: trusted.
        intermediates: known, trusted only through a root.
        moment: when every issuer must be valid; None does not ask.
    """
    chain = [leaf]
    while chain[-1] not in roots:
        issuer = next((ca for ca in (*roots, *intermediates) if issued(ca, chain[-1])), None)
        if issuer is None or issuer in chain:
            return []
        if moment and not issuer.not_valid_before_utc <= moment <= issuer.not_valid_after_utc:
            return []
        chain.append(issuer)
    return chain


class TrustStore:
    """Trust the TLS authorities of several organizations together, as orderers do among each other."""

    def __init__(self, roots: Iterable[bytes], intermediates: Iterable[bytes] = ()) -> None:
        self._roots = [load_certificate(pem) for pem in roots]
        self._intermediates = [load_certificate(pem) for pem in intermediates]

    @classmethod
    def of_msps(cls, configs: Iterable[bytes]) -> "TrustStore":
        """Make a store of serialized `msp.MSPConfig`s. Raises IdentityError if one cannot be read."""
        msps = [fabric_msp(msp_config_of(config)) for config in configs]
        return cls(
            (pem for msp in msps for pem in msp.tls_root_certs),
            (pem for msp in msps for pem in msp.tls_intermediate_certs),
        )

    def trusts(self, certificate: bytes) -> bool:
        """Tell whether a certificate (PEM) chains to a root, expired or not. Raises IdentityError."""
        return bool(chain_of(load_certificate(certificate), self._roots, self._intermediates))

    def serial_number(self, certificate: bytes) -> int:
        """Return the certificate's serial number, for messages. Raises IdentityError."""
        return load_certificate(certificate).serial_number
