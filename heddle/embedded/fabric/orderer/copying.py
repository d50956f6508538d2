"""Copy blocks from another stand-in orderer."""

import base64
from collections.abc import AsyncIterator
from typing import Any, Protocol

from fabric_protos.common import common_pb2

from heddle.configtx.blocks import block_hash, verify_block
from heddle.embedded.fabric.channelconfig import ChannelConfig
from heddle.embedded.fabric.ledger import Ledger
from heddle.embedded.fabric.orderer.messages import Fetch, Message
from heddle.errors import ConfigtxError

__all__ = ["answer_fetch", "copy_blocks"]


class Chain(Protocol):
    """Name what copying blocks needs of a channel."""

    ledger: Ledger
    config: ChannelConfig

    @property
    def status(self) -> str:
        """Return `onboarding` or `active`."""

    async def call(self, member: str, message: Message) -> dict[str, Any]:
        """Send a message to another orderer."""


async def copy_blocks(chain: Chain, source: str, height: int) -> AsyncIterator[common_pb2.Block]:
    """Yield the blocks that the channel lacks below `height`, checked; append each before the next.

    Raises:
        OSError: the source does not answer.
        ConfigtxError: a block cannot be believed.
    """
    while (number := chain.ledger.height) < height:
        answer = await chain.call(source, Fetch(number=number))
        block = common_pb2.Block.FromString(base64.b64decode(answer["block"]))
        if block.header.number == chain.ledger.height:
            _check(chain, block)
            yield block


def _check(chain: Chain, block: common_pb2.Block) -> None:
    """Check that a block follows; below the block to join with, links alone prove it in the end."""
    number = block.header.number
    if number == 0:
        return
    previous = block_hash(chain.ledger.block(number - 1).header)
    if chain.status == "active":
        verify_block(block, chain.config.config, previous_hash=previous)
    elif block.header.previous_hash != previous:
        raise ConfigtxError(f"block {number} does not follow the block before it")


def answer_fetch(ledger: Ledger, number: int) -> dict[str, Any]:
    """Return the answer to a Fetch: the height, and the block if the ledger has it."""
    if 0 <= number < ledger.height:
        block = base64.b64encode(ledger.block(number).SerializeToString()).decode()
        return {"height": ledger.height, "block": block}
    return {"height": ledger.height} if number < 0 else {"error": f"no block {number}"}
