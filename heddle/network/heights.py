"""How many blocks a channel has, as its orderers say."""

import asyncio
from collections.abc import Sequence

from heddle.errors import HeddleError, RunbookError
from heddle.fabric import orderer
from heddle.fabric.connection import Connections
from heddle.fabric.node import Node
from heddle.identity.signer import Signer

__all__ = ["height_of_orderers"]

_CALL = 10.0


async def height_of_orderers(
    connections: Connections, orderers: Sequence[Node], channel: str, signer: Signer
) -> int:
    """The highest number of blocks that any orderer has. Raises RunbookError if none tells."""

    async def height(node: Node) -> int | HeddleError:
        try:
            block = await orderer.deliver_block(
                connections, node, channel, "newest", signer, deadline=_CALL, best_effort=True
            )
        except HeddleError as error:
            return error
        return int(block.header.number) + 1

    answers = await asyncio.gather(*(height(node) for node in orderers))
    heights = [each for each in answers if isinstance(each, int)]
    if not heights:
        words = "\n  ".join(each.message for each in answers if isinstance(each, HeddleError))
        raise RunbookError(
            f"{channel}: no orderer says how many blocks there are:\n  {words}",
            hint="An orderer of the channel must run. Then run this again: it goes on from here.",
        )
    return max(heights)
