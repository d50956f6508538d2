"""Begin a channel: one genesis block, and every orderer on it."""

import asyncio
from collections.abc import Collection, Mapping

from fabric_protos.common.common_pb2 import Block
from fabric_protos.common.configtx_pb2 import Config, ConfigGroup

from heddle.configtx.blocks import block_hash, config_of
from heddle.configtx.elements import Element, element_map
from heddle.configtx.genesis import genesis_block
from heddle.configtx.read import differences, settings_of
from heddle.configtx.settings import ChannelSettings
from heddle.configtx.trust import first
from heddle.errors import ConfigtxError, FabricError, ProviderError, Unreachable
from heddle.fabric.node import Node
from heddle.fabric.orderer import deliver_block
from heddle.planner.facts import Answer, LedgerState, NoAnswer, orders
from heddle.provider.channel.client import ChannelClient
from heddle.text import some
from heddle.waiting import Deadline, poll

__all__ = ["join_all", "make_or_adopt", "own_hash", "wait_for_answers"]

_ASKING = 10.0
_ONE_BLOCK = 15.0
_SPARED = 10.0
"""Seconds for a consenter that may be just restarting."""


async def make_or_adopt(client: ChannelClient, wanted: ChannelSettings, clock: Deadline) -> Block:
    """Return the genesis block that orderers have, if it is the one this stack makes; else a new one.

    An orderer has one when an earlier run was killed before it could save the state. Raises ProviderError for
    a foreign one, FabricError when an orderer does not answer: it might have another.
    """
    answers = await wait_for_answers(client, clock)
    there = [name for name, answer in answers.items() if isinstance(answer, LedgerState)]
    if not there:
        return genesis_block(wanted)
    blocks = await asyncio.gather(*(_block_zero(client, client.node(name), clock) for name in there))
    if len({block_hash(block.header) for block in blocks}) > 1:
        raise ProviderError(
            f"channel {client.channel}: orderers hold different channels of this name: "
            + ", ".join(f"{name} {own_hash(block)[:16]}" for name, block in zip(there, blocks, strict=True)),
            hint="Remove the wrong ones (`osnadmin channel remove`) or take another channel name.",
        )
    _expect_own(client, blocks[0], wanted, there)
    return blocks[0]


def own_hash(block: Block) -> str:
    """Return the hash of a block's header, hexadecimal."""
    return block_hash(block.header).hex()


async def wait_for_answers(
    client: ChannelClient, clock: Deadline, spared: Collection[str] = frozenset()
) -> dict[str, Answer]:
    """Return every orderer's own answer; wait for those that are just starting.

    `spared` nodes only for a while: they are on the channel already, and may be away. Raises FabricError at
    once for another orderer that refuses to tell: asking again changes nothing.
    """
    patience = Deadline(min(_SPARED, clock.left()))

    def silent(answers: Mapping[str, Answer]) -> dict[str, NoAnswer]:
        return {name: answer for name, answer in answers.items() if isinstance(answer, NoAnswer)}

    def enough(answers: Mapping[str, Answer]) -> bool:
        waited = silent(answers)
        refusing = [answer for name, answer in waited.items() if answer.refused and name not in spared]
        if refusing:
            raise FabricError(refusing[0].reason, hint=refusing[0].hint)
        return all(name in spared and (patience.passed() or each.refused) for name, each in waited.items())

    def unreachable(answers: Mapping[str, Answer]) -> Unreachable:
        missed = silent(answers)
        answer = missed[min(missed, key=lambda name: name in spared)]
        return Unreachable(answer.reason, hint=answer.hint)

    return await poll(
        lambda left: client.answers(deadline=min(_ASKING, left)),
        enough,
        deadline=clock,
        otherwise=unreachable,
        until=lambda answers: f"for an answer of {some(list(silent(answers)))}",
    )


async def join_all(
    client: ChannelClient, answers: Mapping[str, Answer], block: Block, genesis_hash: str, clock: Deadline
) -> None:
    """Have every orderer that answers on the channel, all at once, and each in force.

    Orderers that are on it already are checked against the genesis; `block` is the genesis, or the latest
    configuration block of a channel that lives.
    """
    await asyncio.gather(
        *(
            _join(client, client.node(name), answer, block, genesis_hash, clock)
            for name, answer in answers.items()
            if not isinstance(answer, NoAnswer)
        )
    )


async def _join(
    client: ChannelClient, node: Node, answer: Answer, block: Block, genesis_hash: str, clock: Deadline
) -> None:
    # Only consenters hand out blocks: a follower is checked when it becomes one.
    if orders(answer):
        found = own_hash(await _block_zero(client, node, clock))
        if found != genesis_hash:
            raise ProviderError(
                f"{node.at()}: it is on another channel named {client.channel}: block 0 has hash {found}, "
                f"expected {genesis_hash}",
                hint="Its ledger is of an earlier network: give it an empty volume.",
            )
        return
    if answer is None:
        await client.join(node, block, deadline=clock.left())
    await client.wait_until(
        node, lambda info: info.status == "active", deadline=clock.left(), wanted="active"
    )


async def _block_zero(client: ChannelClient, node: Node, clock: Deadline) -> Block:
    share = min(_ONE_BLOCK, clock.left())
    return await deliver_block(
        client.connections, node, client.channel, 0, client.signer, deadline=share, best_effort=True
    )


def _expect_own(client: ChannelClient, block: Block, wanted: ChannelSettings, holders: list[str]) -> None:
    """Raise ProviderError unless the genesis has the very configuration that this stack makes.

    Nobody signs a genesis block, so every policy counts: a forged one could let anybody change the channel.
    """
    found, own = _genesis_config(client, block, holders), config_of(genesis_block(wanted)).config
    if found == own:
        return
    theirs, mine = settings_of(found, channel=client.channel), settings_of(own, channel=client.channel)
    lines = differences(theirs, mine) or _other_elements(found, own)
    raise ProviderError(
        f"channel {client.channel}: {', '.join(holders)} have a channel of this name, not "
        "this stack's:\n  " + "\n  ".join(lines),
        hint="Nothing was changed. If an earlier `up` of this stack made it and was killed, run `up` once "
        "with the stack file of that time. Else the volumes are of another network, or a node is not honest: "
        "use empty volumes, or another name.",
    )


def _genesis_config(client: ChannelClient, block: Block, holders: list[str]) -> Config:
    """Return the configuration in a genesis block of this channel, whose data belong to its header."""
    try:
        return first(block, client.channel, own_hash(block)).config
    except ConfigtxError as error:
        raise ProviderError(
            f"channel {client.channel}: {', '.join(holders)}: {error.message}",
            hint="Nothing was changed. The node is damaged or not honest: give it an empty volume.",
        ) from error


def _other_elements(found: Config, own: Config) -> list[str]:
    """Return the elements in which two configurations differ though their settings are the same."""
    theirs, mine = (element_map(each.channel_group) for each in (found, own))
    keys = sorted(
        key
        for key in theirs.keys() | mine.keys()
        if key not in theirs or key not in mine or _own_part(theirs[key]) != _own_part(mine[key])
    )
    return [f"{key}: not as this stack makes it" for key in keys] or [f"sequence {found.sequence}, not 0"]


def _own_part(element: Element) -> tuple[object, ...]:
    """Return what an element says itself; of a group, not what is below it."""
    message = element.message
    if isinstance(message, ConfigGroup):
        return (message.version, message.mod_policy)
    return (message,)
