"""Describe the settings of the batches that orderers cut blocks from."""

from dataclasses import dataclass
from typing import Final

from heddle.quantities import KB, MB
from heddle.settings.kinds import LARGEST_COUNT, Duration, Integer, Size
from heddle.settings.model import setting

__all__ = ["BatchSettings"]

_SAMPLE: Final = "sampleconfig/configtx.yaml"
_ADVICE: Final = "docs/source/performance.md"


@dataclass(frozen=True, kw_only=True)
class BatchSettings:
    """When a block is cut: as soon as one of the limits is reached."""

    timeout: str = setting(
        Duration(),
        default="2s",
        message="BatchTimeout",
        source=_ADVICE,
        about="Longest wait of a transaction for its block. Raft only: with BFT it is "
        "`bft.requestBatchMaxInterval`.",
    )
    max_message_count: int = setting(
        Integer(minimum=1, maximum=LARGEST_COUNT),
        default=500,
        message="BatchSize",
        source=_ADVICE,
        key="messages",
        about="Transactions in a block, at most.",
    )
    absolute_max_bytes: int = setting(
        # Every configuration update has some kilobytes per organization, and passes the same filter
        # (orderer/common/msgprocessor/standardchannel.go). Messages travel in larger ones, of 100 MB at most.
        Size(
            minimum=128 * KB,
            maximum=49 * MB,
            below="changes of the channel may not fit, and it stays as it is for ever",
            above="gRPC's limit of 100 MB may stop messages between nodes",
        ),
        default=10 * MB,
        message="BatchSize",
        source=_SAMPLE,
        about="Size above which a transaction is refused.",
    )
    preferred_max_bytes: int = setting(
        Size(maximum=49 * MB),
        default=2 * MB,
        message="BatchSize",
        source=_SAMPLE,
        about="Size at which a block is cut; a single larger transaction gets a block of its own. Less than "
        "`absoluteMaxBytes`; of use with Raft only.",
    )
