"""Describe objects inside the provider's checked inputs: defaults filled in, none secret or unknown.

Made by `make stubs`; change the declarations, not this.
"""

from collections.abc import Sequence
from typing import NotRequired, TypedDict


class Node(TypedDict):
    """A peer or an orderer, and how to reach it. Its name tells it apart, all else is connection."""

    name: str
    mspId: str
    host: str
    port: int
    tlsRootCertificates: Sequence[str]
    namespace: str
    pod: str
    adminPort: NotRequired[int]
    operationsPort: NotRequired[int]
    dial: str
    adminDial: str
    operationsDial: str
    former: NotRequired[Sequence[str]]


class Revocation(TypedDict):
    """A certificate that is revoked, and its holder."""

    holder: str
    serial: str
    expires: str


class Identity(TypedDict):
    """A signer: a certificate with its key, and the organization that it belongs to."""

    mspId: str
    certificate: str
    privateKey: str


class Msp(TypedDict):
    """The certificates by which an organization's members are verified. NodeOUs are always on."""

    mspId: str
    rootCertificates: Sequence[str]
    intermediateCertificates: NotRequired[Sequence[str]]
    tlsRootCertificates: Sequence[str]
    tlsIntermediateCertificates: NotRequired[Sequence[str]]
    revocationLists: NotRequired[Sequence[str]]
    revoked: NotRequired[Sequence[Revocation]]


class Consenter(TypedDict):
    """A node that orders. Orderers compare consenters by the bytes of the client TLS certificate."""

    node: str
    host: str
    port: int
    clientTlsCertificate: str
    serverTlsCertificate: str
    id: NotRequired[int]
    mspId: NotRequired[str]
    identity: NotRequired[str]


class ClientTls(TypedDict):
    """A client certificate for mutual TLS."""

    certificate: str
    privateKey: str
