"""Ask the orderers of a network for blocks and for the number of blocks that a channel has."""

import asyncio

from fabric_protos.common.common_pb2 import Block

from heddle.errors import FabricError
from heddle.fabric import orderer
from heddle.fabric.connection import Connections
from heddle.fabric.deliver import Position
from heddle.fabric.refusals import is_not_found
from heddle.network.answers import ask_orderer
from heddle.network.configuration import most_telling, newest_config_block
from heddle.network.history import ConfigHistory
from heddle.network.network import Network
from heddle.planner.facts import LedgerState, describe

__all__ = ["channel_height", "read_block", "read_config_block"]

_CALL = 10.0
"""Seconds for one node: long enough for a busy one, short enough to wait for one that is away."""


async def read_config_block(network: Network, connections: Connections, history: ConfigHistory) -> Block:
    """Return the newest configuration block of a channel, proved. Raises as `newest_config_block` does."""
    signer = network.channel_reader(history.channel)
    return await newest_config_block(connections, network.orderers, history, signer, deadline=_CALL)


async def read_block(network: Network, connections: Connections, channel: str, position: Position) -> Block:
    """Return a block from the first orderer that gives it.

    Raises as `read_config_block` does, and FabricError with the last block's number for one beyond the end.
    """
    signer = network.channel_reader(channel)
    errors: list[FabricError] = []
    for node in network.orderers:
        try:
            return await orderer.deliver_block(connections, node, channel, position, signer, deadline=_CALL)
        except FabricError as error:
            errors.append(error)
    telling = most_telling(errors)
    if isinstance(position, int) and is_not_found(telling):
        # An orderer says the same words for an unknown channel and for a block that is not there yet.
        height = await channel_height(network, connections, channel)
        if position >= height:
            raise FabricError(
                f"{channel}: there is no block {position}: its last one is {height - 1}",
                hint="Give a number up to that, or `newest`.",
            ) from telling
    raise telling


async def channel_height(network: Network, connections: Connections, channel: str) -> int:
    """Return the greatest number of blocks that any orderer has of a channel.

    Raises FabricError, with every orderer's answer, if none has the channel.
    """
    tls = network.client_tls()
    answers = await asyncio.gather(
        *(ask_orderer(connections, node, channel, tls, deadline=_CALL) for node in network.orderers)
    )
    heights = [answer.height for answer in answers if isinstance(answer, LedgerState)]
    if not heights:
        asked = zip(network.orderers, answers, strict=True)
        lines = (f"{node.name}: {describe(answer)}" for node, answer in asked)
        raise FabricError(
            f"{channel}: no orderer says how many blocks there are:\n  " + "\n  ".join(lines),
            hint="An orderer of the channel must run. Then run this again: it goes on from here.",
        )
    return max(heights)
