"""Objects inside the provider's checked inputs: defaults filled in, nothing secret or unknown.

Made by `python -m heddle.schema.typed`; change the declarations, not this.
"""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

__all__ = [
    "Batch",
    "BftOptions",
    "Capabilities",
    "ClientTls",
    "Collection",
    "Consenter",
    "Identity",
    "Msp",
    "Node",
    "OrdererOrganization",
    "PeerOrganization",
    "RaftOptions",
]


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


class Msp(TypedDict):
    """The certificates by which an organization's members are verified. NodeOUs are always on."""

    mspId: str
    rootCertificates: Sequence[str]
    intermediateCertificates: NotRequired[Sequence[str]]
    tlsRootCertificates: Sequence[str]
    tlsIntermediateCertificates: NotRequired[Sequence[str]]


class OrdererOrganization(TypedDict):
    """An organization of the ordering service."""

    name: str
    msp: Msp
    endpoints: Sequence[str]


class PeerOrganization(TypedDict):
    """An organization of the application."""

    name: str
    msp: Msp
    anchorPeers: Sequence[str]


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


class Batch(TypedDict):
    """When a block is cut: as soon as one of the limits is reached."""

    timeout: str
    maxMessageCount: int
    absoluteMaxBytes: int
    preferredMaxBytes: int


class RaftOptions(TypedDict):
    """Options of Raft. All but the snapshot interval take effect when orderers restart."""

    tickInterval: str
    electionTick: int
    heartbeatTick: int
    maxInflightBlocks: int
    snapshotIntervalSize: int


class BftOptions(TypedDict):
    """Clocks and buffers of BFT; the defaults are upstream's sample (configtx.yaml, SmartBFT)."""

    requestBatchMaxInterval: str
    requestForwardTimeout: str
    requestComplainTimeout: str
    requestAutoRemoveTimeout: str
    viewChangeResendInterval: str
    viewChangeTimeout: str
    leaderHeartbeatTimeout: str
    collectTimeout: str
    incomingMessageBufferSize: int
    requestPoolSize: int
    leaderHeartbeatCount: int


class Capabilities(TypedDict):
    """The features that all nodes of a channel must know. Raising one cannot be taken back."""

    channel: str
    orderer: str
    application: str


class Identity(TypedDict):
    """A signer: a certificate with its key, and the organization that it belongs to."""

    mspId: str
    certificate: str
    privateKey: str


class ClientTls(TypedDict):
    """A client certificate for mutual TLS."""

    certificate: str
    privateKey: str


class Collection(TypedDict):
    """Data that only some organizations' peers hold; the others hold its hashes."""

    name: str
    policy: str
    requiredPeerCount: int
    maxPeerCount: int
    blockToLive: int
    memberOnlyRead: bool
    memberOnlyWrite: bool
    endorsementPolicy: NotRequired[str]
