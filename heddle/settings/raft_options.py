"""Describe the options of Raft: its clock, and what a consenter keeps of its log."""

from dataclasses import dataclass
from functools import partial
from typing import Final

from heddle.quantities import MB
from heddle.settings.kinds import LARGEST_COUNT, Duration, Integer, Size
from heddle.settings.model import setting

__all__ = ["RaftOptions"]

_COUNT: Final = Integer(minimum=1, maximum=LARGEST_COUNT)
_option = partial(setting, message="Options", source="docs/source/raft_configuration.md")


@dataclass(frozen=True, kw_only=True)
class RaftOptions:
    """Options of Raft. All but the snapshot interval take effect when orderers restart."""

    tick_interval: str = _option(Duration(), default="500ms", key="", about="Time between two ticks.")
    election_tick: int = _option(
        Integer(minimum=2, maximum=LARGEST_COUNT),
        default=10,
        key="",
        about="Ticks without a leader until an election.",
    )
    heartbeat_tick: int = _option(
        _COUNT, default=1, key="", about="Ticks between heartbeats; below electionTick."
    )
    max_inflight_blocks: int = _option(_COUNT, default=5, key="", about="Blocks in flight to a follower.")
    snapshot_interval_size: int = _option(
        Size(),
        default=16 * MB,
        about="Raft log after which a consenter takes a snapshot and compacts it. Raft only.",
    )
