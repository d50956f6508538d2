"""Tell what others have changed in a channel since it was applied last: the state beside the ledger."""

from base64 import b64decode
from collections.abc import Iterable

from fabric_protos.common.common_pb2 import Block
from fabric_protos.common.configtx_pb2 import Config

from heddle.configtx.blocks import config_of
from heddle.configtx.read import differences, settings_of
from heddle.configtx.renewed import keep_renewed
from heddle.configtx.settings import ChannelSettings
from heddle.configtx.values import parse
from heddle.errors import ConfigtxError
from heddle.fabric.connection import Connections
from heddle.network.configuration import config_block_now
from heddle.network.network import Network
from heddle.plugin.values import Properties

__all__ = ["applied_of", "ask_drift", "changed_since", "genesis_of", "kept_settings"]


def genesis_of(outputs: Properties) -> Block:
    """Return the genesis block that the state keeps."""
    return parse(Block(), _bytes(outputs, "genesisBlock"), "the genesis block in the state")


def applied_of(outputs: Properties) -> Config:
    """Return the configuration applied last; that of the genesis block if no update followed."""
    applied = _bytes(outputs, "applied")
    if not applied:
        return config_of(genesis_of(outputs)).config
    return parse(Config(), applied, "the configuration in the state")


def kept_settings(channels: Iterable[Properties]) -> dict[str, ChannelSettings]:
    """Return the settings applied last of each channel, from the outputs of its resource in the state."""
    found = {str(each.get("channel")): each for each in channels if each.get("genesisBlock")}
    return {name: settings_of(applied_of(each), channel=name) for name, each in found.items()}


def changed_since(base: ChannelSettings, live: ChannelSettings) -> list[str]:
    """Return what others changed since `base` was applied, in a line each."""
    return differences(keep_renewed(base, live), live)


async def ask_drift(
    network: Network, connections: Connections, base: ChannelSettings, *, deadline: float
) -> list[str]:
    """Return what others have changed in a channel. Raises HeddleError where nobody tells it."""
    name = base.channel
    signer, history = network.channel_reader(name), network.history(name)
    block = await config_block_now(connections, network.orderers, history, signer, deadline=deadline)
    return changed_since(base, settings_of(config_of(block).config, channel=name))


def _bytes(outputs: Properties, key: str) -> bytes:
    """Return the bytes that the state keeps as base64."""
    try:
        return b64decode(str(outputs[key]))
    except ValueError:
        raise ConfigtxError(
            f"{key} in the state is no base64", hint="The state is damaged: take it from a backup."
        ) from None
