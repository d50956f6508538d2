"""Declare a namespace's owner, terms that volumes keep, and restarts of nodes one at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from heddle.resources.arguments import ClientTls, Identity, Node
from heddle.resources.base import DeclaredResource
from heddle.schema.kubernetes import NAMESPACE_OWNERSHIP, POWER, ROLLOUT, VOLUME_TERMS, VOLUMES

__all__ = [
    "NamespaceOwnership",
    "NamespaceOwnershipArgs",
    "Power",
    "PowerArgs",
    "Rollout",
    "RolloutArgs",
    "VolumeTerms",
    "VolumeTermsArgs",
    "Volumes",
    "VolumesArgs",
]


@dataclass(frozen=True, kw_only=True)
class NamespaceOwnershipArgs:
    """A namespace, its instance, and the stack that owns it: `owner` is a text that no other stack has.

    `dns_domain`: what the names of the cluster's Services end with. `secret_keys` (keys by Secret) and
    `pull_secrets`: what pods read and somebody made beforehand. `custom_kinds`: kinds by API version that the
    cluster has to know beside Kubernetes' own.
    """

    namespace: str
    instance: str
    owner: pulumi.Input[str]
    dns_domain: str | None = None
    secret_keys: Mapping[str, Sequence[str]] | None = None
    pull_secrets: Sequence[str] | None = None
    custom_kinds: Mapping[str, Sequence[str]] | None = None


class NamespaceOwnership(DeclaredResource[NamespaceOwnershipArgs]):
    """A namespace that belongs to this stack alone: made here, refused if another stack owns it."""

    declaration = NAMESPACE_OWNERSHIP


@dataclass(frozen=True, kw_only=True)
class VolumeTermsArgs:
    """Class (empty = the default) and size of each node's claim, and each peer's kind of database.

    `claims` says what becomes of a leaving node's claim: retained or deleted. `members`: by organization,
    `stays` or `may leave`.
    """

    storage_classes: Mapping[str, str]
    storage_sizes: Mapping[str, str] | None = None
    state_databases: Mapping[str, str] | None = None
    namespace: str | None = None
    claims: str | None = None
    members: Mapping[str, str] | None = None


class VolumeTerms(DeclaredResource[VolumeTermsArgs]):
    """Refuses what would lose a node's data: another storage class, another kind of database, a used volume.

    So it does with sizes that a claim cannot get.

    An organization that leaves at once is refused too, before anything is done.
    """

    declaration = VOLUME_TERMS


@dataclass(frozen=True, kw_only=True)
class VolumesArgs:
    """The namespace of the claims, and by node the size that its claim asks for."""

    namespace: str
    sizes: Mapping[str, str]


class Volumes(DeclaredResource[VolumesArgs]):
    """Waits until the volumes have the size that their claims ask for."""

    declaration = VOLUMES


@dataclass(frozen=True, kw_only=True)
class PowerArgs:
    """Whether the instance runs (`power` is on or off), and all that has to stop or start.

    `databases`: by peer, the StatefulSet of its state database. `servers`: by chaincode server, the pods of
    its Deployment. `channels`: by channel, the peers on it. `certificates`: by node, the TLS certificate
    issued to it. `signers`: one identity of each organization.
    """

    namespace: str
    power: str
    orderers: Sequence[pulumi.Input[Node]]
    admin_tls: pulumi.Input[ClientTls]
    peers: Sequence[pulumi.Input[Node]] | None = None
    databases: Mapping[str, str] | None = None
    servers: Mapping[str, int] | None = None
    channels: Mapping[str, Sequence[str]] | None = None
    certificates: Mapping[str, pulumi.Input[str]] | None = None
    operations_tls: pulumi.Input[ClientTls] | None = None
    signers: Sequence[pulumi.Input[Identity]] | None = None


class Power(DeclaredResource[PowerArgs]):
    """Scales the instance down in order, or wakes it and proves that its ledgers have what they had."""

    declaration = POWER

    since: pulumi.Output[str]
    """Since when it sleeps, RFC 3339 in UTC; empty while it runs."""
    ledgers: pulumi.Output[Mapping[str, Mapping[str, str]]]
    """By node and channel: number of blocks and the newest one's hash when it went to sleep."""


@dataclass(frozen=True, kw_only=True)
class RolloutArgs:
    """The nodes of a set (`kind` is orderer or peer) and the checksums of their pod templates.

    Orderers need `admin_tls`, and `operations_tls` where their metrics want a client certificate; peers one
    identity of each organization in `signers`. `certificates`: by node, the TLS certificate issued to it.
    `databases`: by peer, the StatefulSet of its state database. `tls_keys`: by orderer, how often its TLS key
    was made anew. `tls_identities`: by orderer, what Raft's leader knows its successor by;
    `consenter_identities`: by orderer, what BFT's orderers know each other by.
    `images`: by node.
    `memberships`: by channel, the peers that are on it. `gateways`: for orderers, these peers.
    `again`: another Rollout of the same nodes comes before.
    """

    kind: str
    namespace: pulumi.Input[str]
    nodes: Sequence[pulumi.Input[Node]]
    revisions: pulumi.Input[Mapping[str, pulumi.Input[str]]]
    certificates: Mapping[str, pulumi.Input[str]] | None = None
    databases: Mapping[str, str] | None = None
    memberships: Mapping[str, Sequence[str]] | None = None
    gateways: Sequence[pulumi.Input[Node]] | None = None
    channels: Sequence[str] | None = None
    admin_tls: pulumi.Input[ClientTls] | None = None
    operations_tls: pulumi.Input[ClientTls] | None = None
    images: Mapping[str, str] | None = None
    tls_keys: Mapping[str, int] | None = None
    tls_identities: Mapping[str, pulumi.Input[ClientTls]] | None = None
    consenter_identities: Mapping[str, pulumi.Input[Identity]] | None = None
    signers: Sequence[pulumi.Input[Identity]] | None = None
    again: bool = False


class Rollout(DeclaredResource[RolloutArgs]):
    """Restarts the nodes of a set one at a time, until each runs the template that its StatefulSet holds."""

    declaration = ROLLOUT
