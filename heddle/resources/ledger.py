"""Declare channels, and the peers on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from heddle.resources.arguments import (
    Batch,
    BftOptions,
    Capabilities,
    ClientTls,
    Consenter,
    Identity,
    Node,
    OrdererOrganization,
    PeerOrganization,
    RaftOptions,
)
from heddle.resources.base import DeclaredResource
from heddle.schema.addresses import ADDRESS_TERMS
from heddle.schema.channel import CHANNEL
from heddle.schema.membership import PEER_MEMBERSHIP

__all__ = [
    "AddressTerms",
    "AddressTermsArgs",
    "Channel",
    "ChannelArgs",
    "PeerMembership",
    "PeerMembershipArgs",
]


@dataclass(frozen=True, kw_only=True)
class AddressTermsArgs:
    """By node every address (host:port) that it answers to, and who tells which of them channels name."""

    namespace: str
    served: Mapping[str, Sequence[str]]
    orderers: Sequence[pulumi.Input[Node]]
    channels: Sequence[str]
    reader: pulumi.Input[Identity]


class AddressTerms(DeclaredResource[AddressTermsArgs]):
    """Addresses of nodes, of which none goes while a channel names it."""

    declaration = ADDRESS_TERMS


@dataclass(frozen=True, kw_only=True)
class ChannelArgs:
    """The settings of a channel, its orderers, its members and the signers of its updates.

    `consensus` is "etcdraft" (when absent) or "BFT"; then consenters have `id`, `mspId` and `identity`.

    `signers` sign updates: administrators of the orderer organizations first, then of the peers'.

    Before a capability is raised the orderers and `peers` are asked for their releases, with
    `operations_tls`; `releases` are those of other members, by their MSP ids.
    """

    channel: str
    orderers: Sequence[pulumi.Input[Node]]
    orderer_organizations: Sequence[pulumi.Input[OrdererOrganization]]
    consenters: Sequence[pulumi.Input[Consenter]]
    admin_tls: pulumi.Input[ClientTls]
    signers: Sequence[pulumi.Input[Identity]]
    peer_organizations: Sequence[pulumi.Input[PeerOrganization]] | None = None
    batch: Batch | None = None
    raft: RaftOptions | None = None
    consensus: str | None = None
    bft: BftOptions | None = None
    capabilities: Capabilities | None = None
    peers: Sequence[pulumi.Input[Node]] | None = None
    operations_tls: pulumi.Input[ClientTls] | None = None
    releases: Mapping[str, str] | None = None


class Channel(DeclaredResource[ChannelArgs]):
    """A channel: its genesis block, the orderers on it and its configuration, written by nobody else here."""

    declaration = CHANNEL

    genesis_block: pulumi.Output[str]
    """The channel's block 0, base64."""
    genesis_hash: pulumi.Output[str]
    """The hash of block 0's header, hexadecimal."""
    sequence: pulumi.Output[int]
    """The configuration's sequence number."""
    verified: pulumi.Output[Mapping[str, Any]]
    """The newest configuration block that was proved: its `number` and `hash`."""
    applied: pulumi.Output[str]
    """The configuration last applied (common.Config), base64."""
    request: pulumi.Output[str]
    """An update whose signatures are missing, base64; else empty."""


@dataclass(frozen=True, kw_only=True)
class PeerMembershipArgs:
    """Which peer on which channel; `genesis_hash` is the Channel's."""

    channel: str
    genesis_hash: pulumi.Input[str]
    peer: pulumi.Input[Node]
    orderers: Sequence[pulumi.Input[Node]]
    signer: pulumi.Input[Identity]


class PeerMembership(DeclaredResource[PeerMembershipArgs]):
    """A peer has joined a channel."""

    declaration = PEER_MEMBERSHIP
