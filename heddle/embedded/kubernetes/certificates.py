"""Make a cluster's keys and certificates. Every connection is verified both ways; nothing skips a check.

Three authorities, as upstream separates them: the cluster's (`ca`), etcd's (`etcd-ca`: whoever it signs may
read every secret) and the aggregation layer's (`front-proxy-ca`: whoever it signs may act as anyone).
Names and groups: https://kubernetes.io/docs/setup/best-practices/certificates/
"""

import datetime as dt
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from heddle.embedded.kubernetes.addresses import Block
from heddle.embedded.kubernetes.layout import Layout
from heddle.identity.keys import pem_of
from heddle.identity.lowlevel import key_usage

__all__ = ["CLIENTS", "Subject", "subjects", "write_certificates"]

_VALIDITY = dt.timedelta(days=3650)
"""A local cluster's folder is its only copy; renewal would protect nothing."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Name a certificate's holder: a client's user (`common_name`) and group, or a server's `hosts`."""

    authority: str
    common_name: str
    organization: str = ""
    hosts: tuple[str | IPv4Address, ...] = ()


CLIENTS = ("admin", "controller-manager", "scheduler", "kubelet", "kube-proxy", "coredns", "provisioner")
"""Certificates that get a kubeconfig."""


def subjects(layout: Layout, block: Block) -> dict[str, Subject]:
    """Return every certificate of the cluster by its file's name."""
    local = ("localhost", IPv4Address("127.0.0.1"))
    api = (
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        f"kubernetes.default.svc.{block.dns_domain}",
    )
    node = (layout.name, block.node, *local)
    return {
        "apiserver": Subject(
            authority="ca", common_name="kube-apiserver", hosts=(*api, *node, block.api_service)
        ),
        "apiserver-kubelet": Subject(
            authority="ca", common_name="kube-apiserver", organization="system:masters"
        ),
        "apiserver-etcd": Subject(authority="etcd-ca", common_name="kube-apiserver"),
        "etcd": Subject(authority="etcd-ca", common_name="etcd", hosts=local),
        "front-proxy": Subject(authority="front-proxy-ca", common_name="front-proxy"),
        "admin": Subject(authority="ca", common_name="kubernetes-admin", organization="system:masters"),
        "controller-manager": Subject(
            authority="ca", common_name="system:kube-controller-manager", hosts=node
        ),
        "scheduler": Subject(authority="ca", common_name="system:kube-scheduler", hosts=node),
        "kubelet": Subject(
            authority="ca", common_name=f"system:node:{layout.name}", organization="system:nodes", hosts=node
        ),
        "kube-proxy": Subject(authority="ca", common_name="system:kube-proxy"),
        "coredns": Subject(authority="ca", common_name="system:coredns"),
        "provisioner": Subject(authority="ca", common_name="heddle:provisioner"),
    }


def write_certificates(layout: Layout, block: Block) -> None:
    """Make what is missing: authorities and the key of service accounts once, certificates once for each.

    A certificate is kept while its key is there, so that a second `up` changes nothing.
    """
    layout.certificates.mkdir(parents=True, exist_ok=True)
    layout.certificates.chmod(0o700)
    wanted = subjects(layout, block)
    for authority in sorted({subject.authority for subject in wanted.values()}):
        if not _exists(layout.certificates, authority):
            _write(layout.certificates, authority, *_authority(f"{layout.mark} {authority}"))
    for name, subject in wanted.items():
        if not _exists(layout.certificates, name):
            _write(layout.certificates, name, *_issue(layout.certificates, subject))
    if not (layout.certificates / "service-accounts.pub").exists():
        _write_service_account_key(layout.certificates)


def _exists(folder: Path, name: str) -> bool:
    return (folder / f"{name}.crt").exists()


def _write(folder: Path, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    """Write the key first, the certificate in one step: a certificate on disk means that both are whole."""
    _write_private(folder / f"{name}.key", pem_of(key))
    new = folder / f".{name}.crt"
    new.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    new.replace(folder / f"{name}.crt")


def _write_service_account_key(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    _write_private(folder / "service-accounts.key", pem_of(key))
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (folder / "service-accounts.pub").write_bytes(public)


def _write_private(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)


def _authority(common_name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = (
        _builder(name, key.public_key())
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(key_usage(digital_signature=True, certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return builder.sign(key, hashes.SHA256()), key


def _issue(folder: Path, subject: Subject) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    issuer = x509.load_pem_x509_certificate((folder / f"{subject.authority}.crt").read_bytes())
    signer = serialization.load_pem_private_key((folder / f"{subject.authority}.key").read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)  # noqa: S101 - we wrote it
    key = ec.generate_private_key(ec.SECP256R1())
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if subject.hosts else [])]
    builder = (
        _builder(_name(subject), key.public_key())
        .issuer_name(issuer.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()),  # type: ignore[arg-type]  # it is of an EC key
            critical=False,
        )
    )
    if subject.hosts:
        names = [x509.IPAddress(h) if isinstance(h, IPv4Address) else x509.DNSName(h) for h in subject.hosts]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer, hashes.SHA256()), key


def _name(subject: Subject) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, subject.common_name)]
    if subject.organization:
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, subject.organization))
    return x509.Name(attributes)


def _builder(name: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + _VALIDITY)
    )
