"""Write the settings of a channel as a stack file does, so that those of several channels can be compared."""

from collections.abc import Mapping
from typing import Final

from heddle.settings.batch import BatchSettings
from heddle.settings.bft_options import BftOptions
from heddle.settings.model import settings_of
from heddle.settings.raft_options import RaftOptions

__all__ = ["written_settings"]

_SECTIONS: Final[Mapping[type, str]] = {BatchSettings: "batch.", RaftOptions: "", BftOptions: "bft."}
"""Sections of a stack file that hold the settings of a group."""


def written_settings(
    batch: BatchSettings, options: RaftOptions | BftOptions, capabilities: Mapping[str, str]
) -> dict[str, str]:
    """Return all that a stack file can say of a channel, as it writes it: `{"batch.messages": "500", …}`.

    `options` are those of the channel's consensus, `capabilities` its levels by the part of the channel.
    """
    texts = {
        f"{_SECTIONS[type(group)]}{each.key}": each.kind.show(getattr(group, each.name))
        for group in (batch, options)
        for each in settings_of(type(group))
        if each.key
    }
    return texts | {f"capabilities.{part}": level for part, level in capabilities.items()}
