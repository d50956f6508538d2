"""Prove configuration blocks: each by the configuration before it, back to a block whose hash is known.

An orderer's word is not enough. A block must be signed as the policy BlockValidation asks. On a Raft channel
one orderer satisfies that policy by itself, so the block must also show the update that made its
configuration, with the signatures that the configuration before asks for. Peers check the same two things
(Fabric 3.1.5: protoutil/blockutils.go BlockSignatureVerifier, common/configtx/validator.go Validate). Expired
certificates count, as they do there: an old block stays what it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fabric_protos.common import common_pb2, configtx_pb2

from heddle.configtx.blocks import (
    block_hash,
    channel_of,
    check_data,
    config_of,
    verify_block,
    verify_genesis,
)
from heddle.configtx.validate import authorized_group
from heddle.errors import ConfigtxError

__all__ = ["ConfigMark", "ProvedConfig", "again", "first", "follow", "read_mark"]


@dataclass(frozen=True, kw_only=True)
class ConfigMark:
    """Name a configuration block that was proved: its number, and the hash of its header, hexadecimal."""

    number: int
    hash: str


def read_mark(value: object) -> ConfigMark | None:
    """Return the mark that a state keeps, `{number, hash}`; None if it keeps none, as states of old do."""
    if not isinstance(value, Mapping):
        return None
    number, digest = value.get("number"), value.get("hash")
    if isinstance(number, bool) or not isinstance(number, int | float) or not isinstance(digest, str):
        return None
    return ConfigMark(number=int(number), hash=digest)


@dataclass(frozen=True, kw_only=True)
class ProvedConfig:
    """Hold a configuration that was proved, and the mark of its block."""

    mark: ConfigMark
    config: configtx_pb2.Config


def first(block: common_pb2.Block, channel: str, genesis_hash: str) -> ProvedConfig:
    """Return the configuration of the genesis block, which nobody signs. Raises ConfigtxError."""
    config = verify_genesis(block, genesis_hash)
    _check_channel(block, channel)
    return _proved(block, config)


def again(block: common_pb2.Block, channel: str, mark: ConfigMark) -> ProvedConfig:
    """Return the configuration of a block that was proved earlier. Raises ConfigtxError for another block."""
    number, found = int(block.header.number), block_hash(block.header).hex()
    if (number, found) != (mark.number, mark.hash):
        raise ConfigtxError(
            f"block {number} has hash {found}, expected block {mark.number} with "
            f"hash {mark.hash}, which was proved before"
        )
    check_data(block)
    _check_channel(block, channel)
    return _proved(block, config_of(block).config)


def follow(known: ProvedConfig, block: common_pb2.Block, channel: str) -> ProvedConfig:
    """Return the configuration of the next configuration block after a known one.

    Raises:
        ConfigtxError: its data, its channel, its orderers' signatures or its update do not hold; says which.
    """
    number = int(block.header.number)
    if number <= known.mark.number:
        raise ConfigtxError(f"block {number} does not follow configuration block {known.mark.number}")
    _check_channel(block, channel)
    verify_block(block, known.config)
    envelope = config_of(block)
    _check_update(known.config, envelope, channel, number)
    return _proved(block, envelope.config)


def _check_update(
    before: configtx_pb2.Config, envelope: configtx_pb2.ConfigEnvelope, channel: str, number: int
) -> None:
    """Check that the update in a configuration block makes its configuration of the one before."""
    expected, found = before.sequence + 1, envelope.config.sequence
    if found != expected:
        raise ConfigtxError(f"block {number} has configuration {found}, but {expected} comes next")
    try:
        group = authorized_group(before, envelope.last_update, channel)
    except ConfigtxError as error:
        raise ConfigtxError(f"block {number}: its update was never allowed: {error.message}") from error
    if group != envelope.config.channel_group:
        raise ConfigtxError(
            f"block {number}: its configuration is not what its update makes of the one before"
        )


def _check_channel(block: common_pb2.Block, channel: str) -> None:
    found = channel_of(block)
    if found != channel:
        raise ConfigtxError(f"block {block.header.number} is of channel {found!r}, not of {channel!r}")


def _proved(block: common_pb2.Block, config: configtx_pb2.Config) -> ProvedConfig:
    mark = ConfigMark(number=int(block.header.number), hash=block_hash(block.header).hex())
    return ProvedConfig(mark=mark, config=config)
