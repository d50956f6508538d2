"""Read the configuration of a channel from its nodes, and prove it: one of them may lie."""

import asyncio
from collections.abc import Mapping, Sequence

from fabric_protos.common.common_pb2 import Block

from heddle.errors import (
    ConfigtxError,
    FabricError,
    HeddleError,
    IdentityError,
    NotBelieved,
    Refused,
    Unreachable,
)
from heddle.fabric import cscc, qscc
from heddle.fabric.connection import Connections
from heddle.fabric.node import Node
from heddle.fabric.orderer import config_block, deliver_block
from heddle.fabric.refusals import has_no_leader, is_not_found
from heddle.identity.signer import Signer
from heddle.network.history import ConfigHistory, ReadBlock
from heddle.waiting import Deadline, retry

__all__ = [
    "config_block_now",
    "config_block_once_led",
    "most_telling",
    "newest_config_block",
    "peer_config_block",
]

_READING = 10.0
_PAUSE = 0.1
_LONGEST_PAUSE = 0.5
_PROVING = 60.0
"""Seconds to prove one orderer's answer: a first time may have to read the whole history."""


async def newest_config_block(
    connections: Connections,
    orderers: Sequence[Node],
    history: ConfigHistory,
    signer: Signer,
    *,
    deadline: float,
) -> Block:
    """Return the newest configuration block that any of the orderers has, proved; all are asked at once.

    An answer that does not hold is kept in `history.refused`, and the next newest one is taken.

    Raises:
        NotBelieved: there were answers, and none of them holds.
        Unreachable: those that may have it do not answer; else the first refusal is raised.
    """

    async def ask(node: Node) -> Block | FabricError:
        try:
            return await config_block(connections, node, history.channel, signer, deadline=deadline)
        except FabricError as error:
            return error

    answers = dict(zip(orderers, await asyncio.gather(*map(ask, orderers)), strict=True))
    errors = [answer for answer in answers.values() if isinstance(answer, FabricError)]
    blocks = {node: answer for node, answer in answers.items() if isinstance(answer, Block)}
    lies: dict[str, str] = {}
    silent: dict[str, str] = {}
    for node, block in sorted(blocks.items(), key=lambda item: -item[1].header.number):
        try:
            await history.prove(block, _reader(connections, node, history.channel, signer))
        except FabricError as error:
            errors.append(error)
            silent[node.name] = error.message
        except (ConfigtxError, IdentityError) as error:
            lies[node.name] = error.message
        else:
            # Those before it claimed a newer block, and did not hand out what it rests on.
            history.refused |= lies | silent
            return block
    history.refused |= lies
    if lies:
        raise _not_believed(history.channel, lies, errors)
    raise most_telling(errors)


async def peer_config_block(
    connections: Connections, peer: Node, history: ConfigHistory, signer: Signer, *, deadline: float
) -> Block:
    """Return the newest configuration block that a peer has, proved by the peer's own ledger.

    Raises NotBelieved for one that does not hold, and FabricError as the peer's answers do.
    """
    channel, clock = history.channel, Deadline(_PROVING)

    async def read(number: int) -> Block:
        left = min(_READING, clock.left())
        return await qscc.block_by_number(connections, peer, channel, number, signer, deadline=left)

    block = await cscc.config_block(connections, peer, channel, signer, deadline=deadline)
    try:
        await history.prove(block, read)
    except (ConfigtxError, IdentityError) as error:
        raise _not_believed(channel, {peer.name: error.message}, []) from error
    return block


def _reader(connections: Connections, node: Node, channel: str, signer: Signer) -> ReadBlock:
    """Return what reads old blocks from an orderer's own ledger, whether or not the channel has a leader."""
    clock = Deadline(_PROVING)

    async def read(number: int) -> Block:
        left = min(_READING, clock.left())
        return await deliver_block(
            connections, node, channel, number, signer, deadline=left, best_effort=True
        )

    return read


def _not_believed(channel: str, lies: Mapping[str, str], others: Sequence[FabricError]) -> NotBelieved:
    return NotBelieved(
        f"channel {channel}: its configuration is not believed:\n  "
        + "\n  ".join(
            [*(f"{name}: {reason}" for name, reason in lies.items()), *(each.message for each in others)]
        ),
        silent=bool(others),
        leaderless=any(map(has_no_leader, others)),
        hint="Nothing was signed. Such a node is damaged or not honest: stop it, look at it with `heddle "
        "channel verify`, and run this again.",
    )


async def config_block_once_led(
    connections: Connections,
    orderers: Sequence[Node],
    history: ConfigHistory,
    signer: Signer,
    clock: Deadline,
) -> Block:
    """Return the newest configuration block once the orderers have a leader: without one they serve none.

    Waits also for orderers that do not answer, or do not have the channel yet. Raises the last error at the
    deadline, and at once a refusal that waiting cannot change: a reader that is none, for example.
    """
    return await retry(
        lambda left: newest_config_block(
            connections, orderers, history, signer, deadline=min(_READING, left)
        ),
        _passes,
        deadline=clock,
        pause=_PAUSE,
        longest=_LONGEST_PAUSE,
        until=f"until channel {history.channel} has a leader",
    )


async def config_block_now(
    connections: Connections,
    orderers: Sequence[Node],
    history: ConfigHistory,
    signer: Signer,
    *,
    deadline: float,
) -> Block:
    """Return the newest configuration block; wait only while the lead changes hands.

    Raises Unreachable also for a channel that stays without a leader: it tells nothing either.
    """
    try:
        return await retry(
            lambda _: newest_config_block(connections, orderers, history, signer, deadline=deadline),
            lambda error: has_no_leader(error) or (isinstance(error, NotBelieved) and error.leaderless),
            deadline=deadline,
            pause=_PAUSE,
            longest=_LONGEST_PAUSE,
            until=f"until channel {history.channel} has a leader",
        )
    except Refused as refusal:
        if has_no_leader(refusal):
            raise Unreachable(refusal.message, hint=refusal.hint) from refusal
        raise


def _passes(error: HeddleError) -> bool:
    if isinstance(error, NotBelieved):
        return error.silent
    return isinstance(error, Unreachable) or has_no_leader(error) or is_not_found(error)


def most_telling(errors: Sequence[FabricError]) -> FabricError:
    """Return the error that says most: a node's own answer, else silence, else that it does not order."""
    silent = [error for error in errors if isinstance(error, Unreachable)]
    strangers = [error for error in errors if is_not_found(error)]
    telling = [error for error in errors if error not in silent and error not in strangers]
    return (telling or silent or strangers)[0]
