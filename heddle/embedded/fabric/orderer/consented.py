"""Name what consensus is about: a channel's ledger, and a way to its other members."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from fabric_protos.common import common_pb2

from heddle.embedded.fabric.orderer.messages import Message

__all__ = ["Call", "Chain"]

Call = Callable[[str, Message], Awaitable[dict[str, Any]]]
"""Send a message to a member (`host:port`); raises OSError or TimeoutError when there is no answer."""


class Chain(Protocol):
    """Name what consensus needs of the ledger."""

    @property
    def height(self) -> int:
        """Return the number of committed blocks."""

    @property
    def members(self) -> tuple[str, ...]:
        """Return the consenters' `host:port`, as the configuration says now."""

    @property
    def quorum(self) -> int:
        """Return how many consenters must accept a block."""

    def sign(self, block: common_pb2.Block) -> bytes:
        """Return this node's consent to the next block."""

    def commit(self, block: common_pb2.Block, signatures: Mapping[str, bytes]) -> None:
        """Append the next block with the consent of these members, and what follows from it."""

    async def catch_up(self, source: str, height: int) -> None:
        """Fetch and append blocks from a member until `height`."""
