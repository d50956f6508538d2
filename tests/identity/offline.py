"""A root whose key is elsewhere: it certifies authorities by their requests, as an enterprise's would."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import NameOID

from heddle.identity.authority import Authority
from heddle.identity.intermediate import new_signing_request

PEM = serialization.Encoding.PEM
BEGIN = datetime.now(UTC) - timedelta(days=10)
END = datetime.now(UTC) + timedelta(days=3650)


def _key(kind: str) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    # 2048: enough for a test, and made in a moment.
    return rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP384R1())


@dataclass
class OfflineRoot:
    """A root with an RSA key or one on another curve than Heddle's own, without key usages."""

    name: str = "offline root"
    kind: str = "rsa"
    end: datetime = END
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = field(init=False)
    certificate: x509.Certificate = field(init=False)

    def __post_init__(self) -> None:
        self.key = _key(self.kind)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        self.certificate = (
            self._builder(subject, self.key.public_key(), self.end)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(PEM).decode()

    @property
    def request(self) -> bytes:
        """What it asks another root for, to stand below it."""
        return (
            x509.CertificateSigningRequestBuilder()
            .subject_name(self.certificate.subject)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
            .public_bytes(PEM)
        )

    def certify(self, request: bytes, *, path_length: int | None = None, end: datetime = END) -> str:
        """The certificate that a request asks for."""
        asked = x509.load_pem_x509_csr(request)
        assert asked.is_signature_valid
        builder = self._builder(asked.subject, asked.public_key(), end)
        for extension in asked.extensions:
            value = extension.value
            if isinstance(value, x509.BasicConstraints):
                value = x509.BasicConstraints(ca=True, path_length=path_length)
            builder = builder.add_extension(value, extension.critical)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        signed = builder.add_extension(identifier, critical=False).sign(self.key, hashes.SHA256())
        return signed.public_bytes(PEM).decode()

    def authority(self, name: str, organization: str, *, path_length: int | None = None) -> Authority:
        """An authority below this root, with the key that its request was made with."""
        made = new_signing_request(common_name=name, organization=organization)
        certificate = self.certify(made.request, path_length=path_length)
        return Authority(certificate=certificate.encode(), private_key=made.private_key)

    def _builder(
        self, subject: x509.Name, key: CertificatePublicKeyTypes, end: datetime
    ) -> x509.CertificateBuilder:
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(BEGIN)
            .not_valid_after(end)
        )
