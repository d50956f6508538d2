"""Describe objects inside arguments: dictionaries with Pulumi's names, values or outputs.

Made by `make stubs`; change the declarations, not this.
"""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi

__all__ = [
    "AuthorityPair",
    "Batch",
    "BftOptions",
    "Capabilities",
    "ClientTls",
    "Collection",
    "Consenter",
    "FabricCa",
    "Identity",
    "Msp",
    "Node",
    "OrdererOrganization",
    "PeerOrganization",
    "RaftOptions",
    "Revocation",
]


class FabricCa(TypedDict):
    """A Fabric CA that issues and revokes certificates, and who registers identities there."""

    url: pulumi.Input[str]
    name: NotRequired[pulumi.Input[str]]
    rootCertificates: pulumi.Input[Sequence[pulumi.Input[str]]]
    registrar: pulumi.Input[str]
    secretFile: pulumi.Input[str]


class AuthorityPair(TypedDict):
    """A generation of an organization's authorities: that of its members, and that of TLS."""

    generation: pulumi.Input[int]
    certificate: pulumi.Input[str]
    privateKey: pulumi.Input[str]
    tlsCertificate: pulumi.Input[str]
    tlsPrivateKey: pulumi.Input[str]
    issuers: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    tlsIssuers: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]


class Node(TypedDict):
    """A peer or an orderer, and how to reach it. Its name tells it apart, all else is connection."""

    name: pulumi.Input[str]
    mspId: pulumi.Input[str]
    host: pulumi.Input[str]
    port: pulumi.Input[int]
    tlsRootCertificates: pulumi.Input[Sequence[pulumi.Input[str]]]
    namespace: NotRequired[pulumi.Input[str]]
    pod: NotRequired[pulumi.Input[str]]
    adminPort: NotRequired[pulumi.Input[int]]
    operationsPort: NotRequired[pulumi.Input[int]]
    dial: NotRequired[pulumi.Input[str]]
    adminDial: NotRequired[pulumi.Input[str]]
    operationsDial: NotRequired[pulumi.Input[str]]
    former: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]


class Revocation(TypedDict):
    """A certificate that is revoked, and its holder."""

    holder: NotRequired[pulumi.Input[str]]
    serial: pulumi.Input[str]
    expires: NotRequired[pulumi.Input[str]]


class Identity(TypedDict):
    """A signer: a certificate with its key, and the organization that it belongs to."""

    mspId: pulumi.Input[str]
    certificate: pulumi.Input[str]
    privateKey: pulumi.Input[str]


class Msp(TypedDict):
    """The certificates by which an organization's members are verified. NodeOUs are always on."""

    mspId: pulumi.Input[str]
    rootCertificates: pulumi.Input[Sequence[pulumi.Input[str]]]
    intermediateCertificates: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    tlsRootCertificates: pulumi.Input[Sequence[pulumi.Input[str]]]
    tlsIntermediateCertificates: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    revocationLists: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    revoked: NotRequired[pulumi.Input[Sequence[pulumi.Input[Revocation]]]]


class OrdererOrganization(TypedDict):
    """An organization of the ordering service."""

    name: pulumi.Input[str]
    msp: pulumi.Input[Msp]
    endpoints: pulumi.Input[Sequence[pulumi.Input[str]]]


class PeerOrganization(TypedDict):
    """An organization of the application."""

    name: pulumi.Input[str]
    msp: pulumi.Input[Msp]
    anchorPeers: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]


class Consenter(TypedDict):
    """A node that orders. Orderers compare consenters by the bytes of the client TLS certificate."""

    node: pulumi.Input[str]
    host: pulumi.Input[str]
    port: pulumi.Input[int]
    clientTlsCertificate: pulumi.Input[str]
    serverTlsCertificate: pulumi.Input[str]
    id: NotRequired[pulumi.Input[int]]
    mspId: NotRequired[pulumi.Input[str]]
    identity: NotRequired[pulumi.Input[str]]


class Batch(TypedDict):
    """When a block is cut: as soon as one of the limits is reached."""

    timeout: NotRequired[pulumi.Input[str]]
    maxMessageCount: NotRequired[pulumi.Input[int]]
    absoluteMaxBytes: NotRequired[pulumi.Input[int]]
    preferredMaxBytes: NotRequired[pulumi.Input[int]]


class RaftOptions(TypedDict):
    """Options of Raft. All but the snapshot interval take effect when orderers restart."""

    tickInterval: NotRequired[pulumi.Input[str]]
    electionTick: NotRequired[pulumi.Input[int]]
    heartbeatTick: NotRequired[pulumi.Input[int]]
    maxInflightBlocks: NotRequired[pulumi.Input[int]]
    snapshotIntervalSize: NotRequired[pulumi.Input[int]]


class BftOptions(TypedDict):
    """Clocks and buffers of BFT; the defaults are upstream's sample (configtx.yaml, SmartBFT)."""

    requestBatchMaxInterval: NotRequired[pulumi.Input[str]]
    requestForwardTimeout: NotRequired[pulumi.Input[str]]
    requestComplainTimeout: NotRequired[pulumi.Input[str]]
    requestAutoRemoveTimeout: NotRequired[pulumi.Input[str]]
    viewChangeResendInterval: NotRequired[pulumi.Input[str]]
    viewChangeTimeout: NotRequired[pulumi.Input[str]]
    leaderHeartbeatTimeout: NotRequired[pulumi.Input[str]]
    collectTimeout: NotRequired[pulumi.Input[str]]
    incomingMessageBufferSize: NotRequired[pulumi.Input[int]]
    requestPoolSize: NotRequired[pulumi.Input[int]]
    leaderHeartbeatCount: NotRequired[pulumi.Input[int]]


class Capabilities(TypedDict):
    """The features that all nodes of a channel must know. Raising one cannot be taken back."""

    channel: NotRequired[pulumi.Input[str]]
    orderer: NotRequired[pulumi.Input[str]]
    application: NotRequired[pulumi.Input[str]]


class ClientTls(TypedDict):
    """A client certificate for mutual TLS."""

    certificate: pulumi.Input[str]
    privateKey: pulumi.Input[str]


class Collection(TypedDict):
    """Data that only some organizations' peers hold; the others hold its hashes."""

    name: pulumi.Input[str]
    policy: pulumi.Input[str]
    requiredPeerCount: NotRequired[pulumi.Input[int]]
    maxPeerCount: NotRequired[pulumi.Input[int]]
    blockToLive: NotRequired[pulumi.Input[int]]
    memberOnlyRead: NotRequired[pulumi.Input[bool]]
    memberOnlyWrite: NotRequired[pulumi.Input[bool]]
    endorsementPolicy: NotRequired[pulumi.Input[str]]
