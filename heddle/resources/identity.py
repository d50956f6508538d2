"""Declare keys, certificates and passwords."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from heddle.resources.arguments import AuthorityPair, FabricCa, Node, Revocation
from heddle.resources.base import DeclaredResource
from heddle.schema.authorities import AUTHORITY_EXCHANGE
from heddle.schema.identity import CERTIFICATE, CERTIFICATE_AUTHORITY, PASSWORD, REVOCATION_LIST

__all__ = [
    "AuthorityExchange",
    "AuthorityExchangeArgs",
    "Certificate",
    "CertificateArgs",
    "CertificateAuthority",
    "CertificateAuthorityArgs",
    "Password",
    "PasswordArgs",
    "RevocationList",
    "RevocationListArgs",
]


@dataclass(frozen=True, kw_only=True)
class CertificateAuthorityArgs:
    """The subject of an authority, and how long a root lasts that is made here.

    Or a `chain`: its certificate that somebody else has issued with its issuers, and where its key is.
    """

    common_name: str
    organization: str
    validity_days: int | None = None
    chain: Sequence[str] | None = None
    key_file: str | None = None


class CertificateAuthority(DeclaredResource[CertificateAuthorityArgs]):
    """An authority (ECDSA P-256) with its key: a self-signed root, or one that somebody else has certified.

    It is made once and never replaced.
    """

    declaration = CERTIFICATE_AUTHORITY

    certificate: pulumi.Output[str]
    """The authority's certificate, PEM."""
    private_key: pulumi.Output[str]
    """The private key, PEM (PKCS #8). Secret."""
    not_after: pulumi.Output[str]
    """The certificate's last moment, RFC 3339 in UTC."""


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """The subject of a certificate, and its authority, by its key or by the Fabric CA that has the key.

    Raise `renewal` to renew it with the same key, or say `renew_before` to have that done in time; raise
    `rekey` to make a new key.
    """

    authority_certificate: pulumi.Input[str]
    common_name: str
    usage: str
    authority_private_key: pulumi.Input[str] | None = None
    fabric_ca: FabricCa | None = None
    organization: str | None = None
    organizational_units: Sequence[str] | None = None
    hosts: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None
    validity_days: int | None = None
    renewal: int | None = None
    renew_before: str | None = None
    rekey: int | None = None
    rekey_refusal: str | None = None


class Certificate(DeclaredResource[CertificateArgs]):
    """A key and a certificate for it. Every change but `rekey` issues a new certificate for the same key."""

    declaration = CERTIFICATE

    certificate: pulumi.Output[str]
    """The certificate that was issued, PEM."""
    private_key: pulumi.Output[str]
    """The private key, PEM (PKCS #8). Secret."""
    not_after: pulumi.Output[str]
    """The certificate's last moment, RFC 3339 in UTC."""
    serial_number: pulumi.Output[str]
    """The certificate's serial number, hexadecimal."""
    earlier: pulumi.Output[Any]
    """Certificates issued for this key before, as a list of Revocations."""
    superseded: pulumi.Output[Any]
    """Certificates of keys that were given up, as a list of Revocations; None in an old state."""


@dataclass(frozen=True, kw_only=True)
class AuthorityExchangeArgs:
    """The generations of an organization's authorities that are trusted, and the one that issues.

    Its nodes, and the orderers of its channels, are asked before another one issues and before one goes.
    """

    organization: str
    msp_id: str
    kind: str
    generations: Sequence[AuthorityPair]
    issuing: int
    nodes: Sequence[Node] | None = None
    orderers: Sequence[Node] | None = None
    channels: Sequence[str] | None = None


class AuthorityExchange(DeclaredResource[AuthorityExchangeArgs]):
    """The generation of an organization's authorities that issues, once nodes show that it may."""

    declaration = AUTHORITY_EXCHANGE

    certificate: pulumi.Output[str]
    """The certificate of the authority that issues, PEM."""
    private_key: pulumi.Output[str]
    """Its private key, PEM. Secret."""
    tls_certificate: pulumi.Output[str]
    """The certificate of the TLS authority that issues, PEM."""
    tls_private_key: pulumi.Output[str]
    """Its private key, PEM. Secret."""
    root_certificates: pulumi.Output[Sequence[str]]
    """The roots of members' identities that are trusted, PEM."""
    tls_root_certificates: pulumi.Output[Sequence[str]]
    """The roots of TLS certificates that are trusted, PEM."""
    intermediate_certificates: pulumi.Output[Sequence[str]]
    """The authorities of members' identities below the roots, PEM; None in an old state."""
    tls_intermediate_certificates: pulumi.Output[Sequence[str]]
    """The authorities of TLS certificates below the roots, PEM; None in an old state."""
    bridges: pulumi.Output[Sequence[str]]
    """What servers present beneath their TLS certificates: authorities below the root, bridges, PEM."""


@dataclass(frozen=True, kw_only=True)
class RevocationListArgs:
    """The authority of a revocation list, and the certificates to revoke: serial numbers or PEM.

    The authority by its key, or by the Fabric CA that has the key.
    """

    authority_certificate: pulumi.Input[str]
    authority_private_key: pulumi.Input[str] | None = None
    fabric_ca: FabricCa | None = None
    other_authorities: Sequence[pulumi.Input[str]] | None = None
    superseded: pulumi.Input[Sequence[pulumi.Input[Revocation]]] | None = None
    revoked: Sequence[str] | None = None
    in_use: Mapping[str, pulumi.Input[str]] | None = None


class RevocationList(DeclaredResource[RevocationListArgs]):
    """The revoked certificates of an authority (CRL). A revocation is never taken back."""

    declaration = REVOCATION_LIST

    revocation_list: pulumi.Output[str]
    """The list, PEM."""
    revocations: pulumi.Output[Any]
    """Every certificate on it, as a list of Revocations."""


@dataclass(frozen=True, kw_only=True)
class PasswordArgs:
    """The length of a password. Raise `renewal` to make another one."""

    length: int | None = None
    renewal: int | None = None


class Password(DeclaredResource[PasswordArgs]):
    """A random password of letters and digits, made once."""

    declaration = PASSWORD

    password: pulumi.Output[str]
    """The password that was made. Secret."""
