"""Make the first configuration of a channel, and its genesis block. Fabric 3 has no system channel.

Source: internal/configtxgen/encoder/encoder.go, common/genesis/genesis.go (Fabric 3.1.5).
"""

from collections.abc import Iterable, Mapping
from typing import Final

from fabric_protos.common import common_pb2, configtx_pb2, configuration_pb2, policies_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2

from heddle.configtx import bft, values
from heddle.configtx.blocks import data_hash
from heddle.configtx.checks import check_settings
from heddle.configtx.envelope import channel_header, new_nonce, transaction_id
from heddle.configtx.expression import parse_implicit_meta
from heddle.configtx.names import check_config_id
from heddle.configtx.roles import signed_by_any
from heddle.configtx.settings import BFT, ChannelSettings, OrdererOrganization, PeerOrganization
from heddle.identity.msp import msp_config

__all__ = ["channel_group", "genesis_block", "orderer_group", "peer_group", "policies_of_any"]

CONFIG_VERSION: Final = 1
_BLOCKS: Final = "BlockValidation"
MEMBERS: Final = {"Readers": "ANY Readers", "Writers": "ANY Writers", "Admins": "MAJORITY Admins"}
_OF_ORDERERS: Final = MEMBERS | {_BLOCKS: f"ANY {_BLOCKS}"}
_OF_APPLICATIONS: Final = MEMBERS | dict.fromkeys(
    ("Endorsement", "LifecycleEndorsement"), "MAJORITY Endorsement"
)
_ROLES_OF_ORDERERS: Final[Mapping[str, tuple[str, ...]]] = {
    "Readers": ("member",),
    "Writers": ("member",),
    "Admins": ("admin",),
    _BLOCKS: ("orderer",),
}
_ROLES_OF_PEERS: Final[Mapping[str, tuple[str, ...]]] = {
    "Readers": ("admin", "peer", "client"),
    "Writers": ("admin", "client"),
    "Admins": ("admin",),
    "Endorsement": ("peer",),
}


def genesis_block(settings: ChannelSettings, *, nonce: bytes | None = None) -> common_pb2.Block:
    """Make block 0 of a channel. Make it once, keep it, and give the same block to every node.

    Each call makes another block, also of equal settings: its nonce and its time differ.

    Raises:
        ConfigtxError: settings that no node would accept.
        IdentityError: an MSP that no node would accept.
    """
    nonce = nonce if nonce is not None else new_nonce()
    config = configtx_pb2.Config(channel_group=channel_group(settings))
    header = channel_header(common_pb2.CONFIG, settings.channel, version=CONFIG_VERSION)
    header.tx_id = transaction_id(nonce, b"")
    payload = common_pb2.Payload(data=configtx_pb2.ConfigEnvelope(config=config).SerializeToString())
    payload.header.channel_header = header.SerializeToString()
    payload.header.signature_header = common_pb2.SignatureHeader(nonce=nonce).SerializeToString()
    envelope = common_pb2.Envelope(payload=payload.SerializeToString())

    block = common_pb2.Block()
    block.data.data.append(envelope.SerializeToString())
    block.header.data_hash = data_hash(block.data)
    slots = [b""] * len(common_pb2.BlockMetadataIndex.keys())
    last = common_pb2.LastConfig(index=0)
    slots[common_pb2.LAST_CONFIG] = _metadata(last.SerializeToString())
    slots[common_pb2.SIGNATURES] = _metadata(
        common_pb2.OrdererBlockMetadata(last_config=last).SerializeToString()
    )
    block.metadata.metadata.extend(slots)
    return block


def channel_group(settings: ChannelSettings) -> configtx_pb2.ConfigGroup:
    """Return the root group of a first configuration, all versions 0. Raises as `genesis_block` does."""
    check_settings(settings)
    group = _group(MEMBERS)
    values.put(group, "HashingAlgorithm", configuration_pb2.HashingAlgorithm(name="SHA256"))
    structure = configuration_pb2.BlockDataHashingStructure(width=values.HASH_WIDTH)
    values.put(group, "BlockDataHashingStructure", structure)
    values.put(group, "Capabilities", values.capabilities(settings.capabilities.channel))
    group.groups["Orderer"].CopyFrom(_orderer(settings))
    group.groups["Application"].CopyFrom(_application(settings))
    return group


def policies_of_any(organizations: Iterable[str]) -> configtx_pb2.ConfigGroup:
    """Return the policies that every first configuration has, whatever its settings, as a root group.

    Each of the organizations stands among those that order and among those that have peers: which of both it
    is, and whether it is a member, has to be known otherwise.
    """
    root = _group(MEMBERS)
    parts = {
        "Orderer": (_OF_ORDERERS, _ROLES_OF_ORDERERS),
        "Application": (_OF_APPLICATIONS, _ROLES_OF_PEERS),
    }
    for part, (policies, roles) in parts.items():
        root.groups[part].CopyFrom(_group(policies))
        for name in organizations:
            root.groups[part].groups[name].CopyFrom(_organization(name, name, roles))
    return root


def _orderer(settings: ChannelSettings) -> configtx_pb2.ConfigGroup:
    group = _group(_OF_ORDERERS)
    _put_consensus(group, settings)
    for message in values.BATCH:
        values.put(group, message.DESCRIPTOR.name, values.fill(message(), settings.batch))
    values.put(group, "ChannelRestrictions", orderer_pb2.ChannelRestrictions())
    values.put(group, "Capabilities", values.capabilities(settings.capabilities.orderer))
    for organization in settings.orderer_organizations:
        group.groups[organization.name].CopyFrom(orderer_group(organization))
    return group


def _put_consensus(group: configtx_pb2.ConfigGroup, settings: ChannelSettings) -> None:
    if settings.consensus != BFT:
        values.put(group, "ConsensusType", values.consensus_type(settings.consenters, settings.raft))
        return
    metadata = bft.options_message(settings.bft).SerializeToString(deterministic=True)
    values.put(group, "ConsensusType", orderer_pb2.ConsensusType(type=BFT, metadata=metadata))
    bft.put_consenters(group, settings.consenters)


def _application(settings: ChannelSettings) -> configtx_pb2.ConfigGroup:
    group = _group(_OF_APPLICATIONS)
    values.put(group, "Capabilities", values.capabilities(settings.capabilities.application))
    for organization in settings.peer_organizations:
        group.groups[organization.name].CopyFrom(peer_group(organization))
    return group


def orderer_group(organization: OrdererOrganization) -> configtx_pb2.ConfigGroup:
    """Return the group of an organization under /Channel/Orderer.

    Every member may write, because orderers themselves do. Blocks are signed by its orderers alone; the
    profiles of upstream have ANY Writers, by which its clients and administrators could make blocks. With BFT
    the channel names its consenters instead, and nobody asks for the organization's policy.
    """
    group = _organization(organization.name, organization.msp.msp_id, _ROLES_OF_ORDERERS)
    values.put(group, "MSP", msp_config(organization.msp))
    values.put(group, "Endpoints", values.addresses(organization.endpoints))
    return group


def peer_group(organization: PeerOrganization) -> configtx_pb2.ConfigGroup:
    """Return the group of an organization under /Channel/Application, with upstream's test policies."""
    group = _organization(organization.name, organization.msp.msp_id, _ROLES_OF_PEERS)
    values.put(group, "MSP", msp_config(organization.msp))
    if organization.anchor_peers:
        values.put(group, "AnchorPeers", values.anchor_peers(organization.anchor_peers))
    return group


def _organization(name: str, msp_id: str, roles: Mapping[str, tuple[str, ...]]) -> configtx_pb2.ConfigGroup:
    check_config_id(name)
    group = configtx_pb2.ConfigGroup(mod_policy=values.ADMINS)
    for policy, allowed in roles.items():
        _put_policy(group, policy, policies_pb2.Policy.SIGNATURE, signed_by_any(msp_id, allowed))
    return group


def _group(policies: Mapping[str, str]) -> configtx_pb2.ConfigGroup:
    group = configtx_pb2.ConfigGroup(mod_policy=values.ADMINS)
    for name, text in policies.items():
        _put_policy(group, name, policies_pb2.Policy.IMPLICIT_META, parse_implicit_meta(text))
    return group


def _put_policy(
    group: configtx_pb2.ConfigGroup,
    name: str,
    kind: int,
    content: policies_pb2.ImplicitMetaPolicy | policies_pb2.SignaturePolicyEnvelope,
) -> None:
    policy = group.policies[name]
    policy.mod_policy = values.ADMINS
    policy.policy.type = kind
    policy.policy.value = content.SerializeToString(deterministic=True)


def _metadata(value: bytes) -> bytes:
    return bytes(common_pb2.Metadata(value=value).SerializeToString())
