"""Read a channel's configuration as settings, and tell the differences between two."""

from typing import Any, TypeVar

from fabric_protos.common import configtx_pb2, configuration_pb2
from fabric_protos.msp import msp_config_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2
from fabric_protos.orderer.etcdraft import configuration_pb2 as etcdraft_pb2
from fabric_protos.orderer.smartbft import configuration_pb2 as smartbft_pb2
from fabric_protos.peer import configuration_pb2 as peer_pb2

from heddle.configtx import bft, values
from heddle.configtx.flat import flatten, moved_keys, same, shown, shown_move, subject
from heddle.configtx.settings import (
    BFT,
    ETCDRAFT,
    Capabilities,
    ChannelSettings,
    Consenter,
    OrdererOrganization,
    PeerOrganization,
)
from heddle.errors import ConfigtxError
from heddle.identity.msp import Msp, msp_from_config
from heddle.settings import BatchSettings, BftOptions, RaftOptions

__all__ = [
    "bft_options",
    "capabilities_of",
    "consensus_kind",
    "consensus_metadata",
    "consenters_of",
    "differences",
    "settings_of",
]

T = TypeVar("T")


def settings_of(config: configtx_pb2.Config, *, channel: str = "") -> ChannelSettings:
    """Return the settings that a configuration stands for; organizations in the order of their names.

    A configuration does not hold the channel's name: give it where it matters.

    Raises:
        ConfigtxError: consensus is neither Raft nor BFT, or a value cannot be read.
        IdentityError: an MSP cannot be read.
    """
    root = config.channel_group
    orderer, application = values.group_at(root, "Orderer"), values.group_at(root, "Application")
    consenters, raft, options = _consensus(orderer)
    return ChannelSettings(
        channel=channel,
        orderer_organizations=tuple(
            OrdererOrganization(
                name=name, msp=_msp(orderer.groups[name]), endpoints=_endpoints(orderer, name)
            )
            for name in sorted(orderer.groups)
        ),
        peer_organizations=tuple(
            PeerOrganization(
                name=name, msp=_msp(application.groups[name]), anchor_peers=_anchors(application, name)
            )
            for name in sorted(application.groups)
        ),
        consenters=consenters,
        batch=_batch(orderer),
        raft=raft,
        orderer_addresses=tuple(
            values.read(root, "OrdererAddresses", configuration_pb2.OrdererAddresses()).addresses
        ),
        consensus=consensus_kind(orderer).type,
        bft=options,
        capabilities=capabilities_of(config),
    )


def capabilities_of(config: configtx_pb2.Config) -> Capabilities:
    """Return the capabilities that a configuration states. Raises ConfigtxError if they cannot be read."""
    root = config.channel_group
    return Capabilities(
        channel=_capability(root, "channel"),
        orderer=_capability(values.group_at(root, "Orderer"), "orderer"),
        application=_capability(values.group_at(root, "Application"), "application"),
    )


def differences(old: ChannelSettings, new: ChannelSettings) -> list[str]:
    """Return a readable line for each difference, in the settings' order: "batch timeout: 2s → 1s"."""
    before, after = flatten(old), flatten(new)
    changed = [key for key in {**before, **after} if not same(key, before.get(key), after.get(key))]
    gone, come = (
        (each for each in changed if each not in after),
        (each for each in changed if each not in before),
    )
    moved = moved_keys(gone, come)
    return [
        shown_move(key, moved[key])
        if key in moved
        else f"{subject(key)}: {shown(key, before.get(key), after.get(key))}"
        for key in changed
        if key not in moved.values()
    ]


def consenters_of(config: configtx_pb2.Config) -> tuple[str, tuple[Consenter, ...]]:
    """Return the type of consensus and the consenters. Raises ConfigtxError if they cannot be read."""
    orderer = values.group_at(config.channel_group, "Orderer")
    return str(consensus_kind(orderer).type), _consensus(orderer)[0]


def consensus_kind(orderer: configtx_pb2.ConfigGroup) -> orderer_pb2.ConsensusType:
    """Return the ConsensusType of /Channel/Orderer. Raises ConfigtxError if it is neither Raft nor BFT."""
    kind = values.read(orderer, "ConsensusType", orderer_pb2.ConsensusType())
    if kind.type not in {ETCDRAFT, BFT}:
        raise ConfigtxError(f"consensus type is {kind.type[:80]!r}; Heddle knows {ETCDRAFT} and {BFT}")
    return kind


def consensus_metadata(
    orderer: configtx_pb2.ConfigGroup,
) -> tuple[orderer_pb2.ConsensusType, etcdraft_pb2.ConfigMetadata]:
    """Return the ConsensusType of /Channel/Orderer and Raft's metadata in it. Raises ConfigtxError."""
    kind = consensus_kind(orderer)
    if kind.type != ETCDRAFT:
        raise ConfigtxError(f"consensus type is {kind.type!r}, expected {ETCDRAFT}")
    return kind, values.parse(etcdraft_pb2.ConfigMetadata(), kind.metadata, "Raft's metadata")


def bft_options(kind: orderer_pb2.ConsensusType) -> smartbft_pb2.Options:
    """Return SmartBFT's options in a ConsensusType of that kind. Raises ConfigtxError."""
    return values.parse(smartbft_pb2.Options(), kind.metadata, "SmartBFT's options")


def _consensus(orderer: configtx_pb2.ConfigGroup) -> tuple[tuple[Consenter, ...], RaftOptions, BftOptions]:
    kind = consensus_kind(orderer)
    if kind.type == BFT:
        return (
            bft.consenters_of(orderer),
            RaftOptions(),
            BftOptions(**values.held(bft_options(kind), BftOptions)),
        )
    metadata = consensus_metadata(orderer)[1]
    consenters = tuple(map(values.consenter_of, metadata.consenters))
    return consenters, RaftOptions(**values.held(metadata.options, RaftOptions)), BftOptions()


def _batch(orderer: configtx_pb2.ConfigGroup) -> BatchSettings:
    found: dict[str, Any] = {}
    for message in values.BATCH:
        found |= values.held(values.read(orderer, message.DESCRIPTOR.name, message()), BatchSettings)
    return BatchSettings(**found)


def _msp(group: configtx_pb2.ConfigGroup) -> Msp:
    return msp_from_config(values.read(group, "MSP", msp_config_pb2.MSPConfig()))


def _endpoints(orderer: configtx_pb2.ConfigGroup, name: str) -> tuple[str, ...]:
    message = values.read(orderer.groups[name], "Endpoints", configuration_pb2.OrdererAddresses())
    return tuple(message.addresses)


def _anchors(application: configtx_pb2.ConfigGroup, name: str) -> tuple[str, ...]:
    message = values.read(application.groups[name], "AnchorPeers", peer_pb2.AnchorPeers())
    return tuple(f"{anchor.host}:{anchor.port}" for anchor in message.anchor_peers)


def _capability(group: configtx_pb2.ConfigGroup, part: str) -> str:
    """Return the highest of the group's capabilities: it includes the others (common/capabilities)."""
    names = values.read(group, "Capabilities", configuration_pb2.Capabilities()).capabilities
    known = [name for name in values.CAPABILITIES[part] if name in names]
    return known[-1] if known else max(names, default="")
