"""Read the configuration of a channel from its orderers."""

import asyncio
from collections.abc import Sequence

from fabric_protos.common.common_pb2 import NOT_FOUND, SERVICE_UNAVAILABLE, Block

from heddle.errors import FabricError, HeddleError, Refused, Unreachable
from heddle.fabric.connection import Connections
from heddle.fabric.node import Node
from heddle.fabric.orderer import config_block
from heddle.identity.signer import Signer
from heddle.waiting import Deadline, retry

__all__ = ["config_block_now", "config_block_once_led", "most_telling", "newest_config_block"]

_READING = 10.0
_PAUSE = 0.1
_LONGEST_PAUSE = 0.5


async def newest_config_block(
    connections: Connections, orderers: Sequence[Node], channel: str, signer: Signer, *, deadline: float
) -> Block:
    """Return the newest configuration block that any of the orderers has; all are asked at once.

    Raises Unreachable when those that may have it do not answer, else the first refusal.
    """

    async def ask(node: Node) -> Block | FabricError:
        try:
            return await config_block(connections, node, channel, signer, deadline=deadline)
        except FabricError as error:
            return error

    answers = await asyncio.gather(*(ask(node) for node in orderers))
    blocks = [answer for answer in answers if isinstance(answer, Block)]
    if not blocks:
        raise most_telling([answer for answer in answers if isinstance(answer, FabricError)])
    return max(blocks, key=lambda block: int(block.header.number))


async def config_block_once_led(
    connections: Connections, orderers: Sequence[Node], channel: str, signer: Signer, clock: Deadline
) -> Block:
    """Return the newest configuration block once the orderers have a leader: without one they serve none.

    Waits also for orderers that do not answer. Raises the last error at the deadline.
    """
    return await retry(
        lambda left: newest_config_block(
            connections, orderers, channel, signer, deadline=min(_READING, left)
        ),
        lambda error: isinstance(error, FabricError),
        deadline=clock,
        pause=_PAUSE,
        longest=_LONGEST_PAUSE,
    )


async def config_block_now(
    connections: Connections, orderers: Sequence[Node], channel: str, signer: Signer, *, deadline: float
) -> Block:
    """Return the newest configuration block; wait only while the lead changes hands.

    Raises Unreachable also for a channel that stays without a leader: it tells nothing either.
    """
    try:
        return await retry(
            lambda _: newest_config_block(connections, orderers, channel, signer, deadline=deadline),
            _has_no_leader,
            deadline=deadline,
            pause=_PAUSE,
            longest=_LONGEST_PAUSE,
        )
    except Refused as refusal:
        if _has_no_leader(refusal):
            raise Unreachable(refusal.message, hint=refusal.hint) from refusal
        raise


def _has_no_leader(error: HeddleError) -> bool:
    return isinstance(error, Refused) and error.status == SERVICE_UNAVAILABLE


def most_telling(errors: Sequence[FabricError]) -> FabricError:
    """Return the error that says most: a node's own answer, else silence, else that it does not order."""
    silent = [error for error in errors if isinstance(error, Unreachable)]
    strangers = [error for error in errors if isinstance(error, Refused) and error.status == NOT_FOUND]
    telling = [error for error in errors if error not in silent and error not in strangers]
    return (telling or silent or strangers)[0]
