"""Describe the options of BFT (SmartBFT): its clocks and its buffers."""

from dataclasses import dataclass
from functools import partial
from typing import Final

from heddle.settings.kinds import LARGEST_COUNT, Duration, Integer
from heddle.settings.model import setting

__all__ = ["NOT_LONGER", "BftOptions"]

_COUNT: Final = Integer(minimum=1, maximum=LARGEST_COUNT)


_option = partial(setting, message="Options", source="docs/source/bft_configuration.md")


@dataclass(frozen=True, kw_only=True)
class BftOptions:
    """Clocks and buffers of BFT; the defaults are upstream's sample (configtx.yaml, SmartBFT).

    Messages and bytes of a block are `BatchSettings`, which SmartBFT reads in place of its own options
    (orderer/consensus/smartbft/util.go, createSmartBftConfig). The leader never rotates: Fabric 3.1 knows
    nothing else.
    """

    request_batch_max_interval: str = _option(
        Duration(), default="200ms", about="Longest wait of a transaction for its block."
    )
    request_forward_timeout: str = _option(
        Duration(), default="5s", about="Wait for a request to be ordered before it is sent on to the leader."
    )
    request_complain_timeout: str = _option(
        Duration(),
        default="20s",
        about="Wait for a request to be ordered before the leader is complained of.",
    )
    request_auto_remove_timeout: str = _option(
        Duration(), default="180s", about="Age at which a request is forgotten."
    )
    view_change_resend_interval: str = _option(
        Duration(), default="5s", about="Time between two messages that ask for another leader."
    )
    view_change_timeout: str = _option(
        Duration(), default="20s", about="Wait for a change of leader before the next is tried."
    )
    leader_heartbeat_timeout: str = _option(
        Duration(), default="60s", about="Silence after which the leader is complained of."
    )
    collect_timeout: str = _option(
        Duration(), default="1s", about="Wait for the others' states after a start."
    )
    incoming_message_buffer_size: int = _option(
        # A node makes room for all of them at its start (SmartBFT internal/bft/view.go), or ends.
        Integer(minimum=1, maximum=1_000_000),
        default=200,
        about="Messages that may wait to be read.",
    )
    request_pool_size: int = _option(_COUNT, default=100_000, about="Requests that may wait to be ordered.")
    leader_heartbeat_count: int = _option(
        _COUNT, default=10, about="Heartbeats sent in a `leaderHeartbeatTimeout`."
    )


NOT_LONGER: Final = (
    ("request_forward_timeout", "request_complain_timeout"),
    ("request_complain_timeout", "request_auto_remove_timeout"),
    ("view_change_resend_interval", "view_change_timeout"),
)
"""Pairs of options: the first must not be above the second.

Nodes do not ask before they commit: they halt afterwards (SmartBFT pkg/types/config.go, Validate).
"""
