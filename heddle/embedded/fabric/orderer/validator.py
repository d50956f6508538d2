"""Check a block or an update before the participation API joins or updates a channel.

Source: orderer/common/channelparticipation/validator.go, orderer/common/multichannel/registrar.go (Fabric
3.1.5).
"""

from fabric_protos.common import common_pb2, configtx_pb2

from heddle.configtx.blocks import data_hash, is_config_block
from heddle.configtx.bundle import check_bundle
from heddle.configtx.consensus_bft import check_runtime
from heddle.configtx.settings import BFT, ETCDRAFT
from heddle.embedded.fabric.access import channel_header_of
from heddle.embedded.fabric.channelconfig import ChannelConfig
from heddle.embedded.fabric.malformed import MALFORMED
from heddle.embedded.fabric.orderer.participation import ParticipationError
from heddle.errors import ConfigtxError, HeddleError

__all__ = ["check_chain", "checked_join", "checked_update"]

_INCOMPATIBLE = "config update is not compatible: "


def checked_join(block: common_pb2.Block) -> str:
    """Return the channel, if a node can join with this block. Raises ParticipationError."""
    try:
        if not is_config_block(block):
            raise ParticipationError("invalid join block: block is not a config block")
        if not block.metadata.metadata:
            raise ParticipationError("invalid join block: invalid block: does not have metadata")
        if data_hash(block.data) != block.header.data_hash:
            words = "invalid block: Header.DataHash is different from Hash(block.Data)"
            raise ParticipationError(f"invalid join block: {words}")
        config = ChannelConfig.of_block(block)
        incompatible = _incompatible(config)
        if config.has("Consortiums"):
            words = "invalid config: contains consortiums: system channel not supported"
            raise ParticipationError(f"invalid join block: {words}")
        if not config.has("Application"):
            raise ParticipationError("invalid join block: invalid config: must contain application config")
        if incompatible:
            raise ParticipationError(f"cannot join: failed creating ledger resources: {incompatible}")
        if config.consensus not in {BFT, ETCDRAFT}:
            kind = config.consensus
            raise ParticipationError(f"cannot join: failed to find a consenter for consensus type: {kind}")
    except HeddleError as error:
        raise ParticipationError(f"invalid join block: {error.message}") from error
    return config.channel


def _incompatible(config: ChannelConfig) -> str:
    """Return why no orderer of this version runs with it. Raises ConfigtxError if it is no configuration."""
    try:
        check_bundle(config.config)
    except ConfigtxError as error:
        if not error.message.startswith(_INCOMPATIBLE):
            raise
        words = error.message.removeprefix(_INCOMPATIBLE)
        return f"error checking bundle for channel: {config.channel}: {words}"
    return ""


def check_chain(config: ChannelConfig) -> None:
    """Check that a consenter's chain can start with this configuration. Raises ParticipationError."""
    if not config.bft:
        return
    try:
        check_runtime(config.config)
    except ConfigtxError as error:
        if error.message.startswith(("config validation failed", "bad config metadata option")):
            words = f"failed parsing smartbft configuration: {error.message}"
        elif error.message.startswith("nodes contains"):
            words = (
                f"failed creating a new BFTChain: failed to verify SmartBFT-Go configuration: {error.message}"
            )
        else:
            words = (
                "failed creating a new BFTChain: failed constructing RuntimeConfig: remote nodes cannot be "
                f"computed, rejecting config block: {error.message}"
            )
        raise ParticipationError(
            "cannot join: failed to create chain support: "
            f"error creating consenter for channel: {config.channel}: {words}"
        ) from error


def checked_update(envelope: common_pb2.Envelope) -> str:
    """Return the channel of a configuration update. Raises ParticipationError."""
    prefix = "invalid config update envelope: "
    try:
        header = channel_header_of(envelope)
        payload = common_pb2.Payload.FromString(envelope.payload)
        if header.type != common_pb2.CONFIG_UPDATE:
            raise ParticipationError(f"{prefix}bad type")
        if not header.channel_id:
            raise ParticipationError(f"{prefix}empty channel id")
        update = configtx_pb2.ConfigUpdateEnvelope.FromString(payload.data)
        return str(configtx_pb2.ConfigUpdate.FromString(update.config_update).channel_id)
    except MALFORMED as error:
        raise ParticipationError(f"{prefix}bad payload") from error
