"""Check names of channels and configuration elements (common/configtx/validator.go, Fabric 3.1.5)."""

import re
from typing import Final

from heddle.errors import ConfigtxError

__all__ = ["check_channel_id", "check_config_id"]

MAX_LENGTH: Final = 249
_CHANNEL: Final = re.compile(r"[a-z][a-z0-9.-]*")
_CONFIG: Final = re.compile(r"[a-zA-Z0-9.-]+")


def check_channel_id(channel: str) -> None:
    """Raise ConfigtxError, in Fabric's words, for a channel id that Fabric refuses."""
    if not channel:
        raise ConfigtxError("channel ID illegal, cannot be empty")
    if len(channel) > MAX_LENGTH:
        raise ConfigtxError(f"channel ID illegal, cannot be longer than {MAX_LENGTH}")
    if not _CHANNEL.fullmatch(channel):
        raise ConfigtxError(f"'{channel}' contains illegal characters")


def check_config_id(name: str) -> None:
    """Raise ConfigtxError, in Fabric's words, for a key that Fabric refuses in a configuration tree."""
    if not name:
        raise ConfigtxError("config ID illegal, cannot be empty")
    if len(name) > MAX_LENGTH:
        raise ConfigtxError(f"config ID illegal, cannot be longer than {MAX_LENGTH}")
    if name in {".", ".."}:
        raise ConfigtxError(f"name '{name}' for config ID is not allowed")
    if not _CONFIG.fullmatch(name):
        raise ConfigtxError(f"config ID '{name}' contains illegal characters")
