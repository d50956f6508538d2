"""A channel's beginning: one genesis block, and every orderer on it."""

import asyncio
from collections.abc import Collection, Mapping

from fabric_protos.common.common_pb2 import Block

from heddle.configtx.blocks import block_hash, config_of
from heddle.configtx.genesis import genesis_block
from heddle.configtx.read import differences, settings_of
from heddle.configtx.settings import ChannelSettings
from heddle.errors import FabricError, ProviderError
from heddle.fabric.node import Node
from heddle.fabric.orderer import deliver_block
from heddle.fabric.participation import ChannelInfo, join, wait_until
from heddle.provider.channel.facts import Reach, State
from heddle.waiting import Deadline

__all__ = ["join_all", "lost_ledgers", "make_or_adopt", "own_hash", "wait_for_answers"]

_PAUSE = 0.1
_ONE_BLOCK = 15.0
_SPARED = 10.0
"""Seconds for a consenter that may be just restarting."""


async def make_or_adopt(reach: Reach, wanted: ChannelSettings, clock: Deadline) -> Block:
    """The genesis block that orderers have already, if it is of the wanted organizations; else a new one.

    An orderer has one when an earlier run was killed before it could save the state. Raises ProviderError for
    a foreign one, FabricError when an orderer does not answer: it might have another.
    """
    states = await wait_for_answers(reach, clock)
    there = [name for name, state in states.items() if isinstance(state, ChannelInfo)]
    if not there:
        return genesis_block(wanted)
    blocks = await asyncio.gather(*(_block_zero(reach, reach.node(name), clock) for name in there))
    if len({block_hash(block.header) for block in blocks}) > 1:
        raise ProviderError(
            f"channel {reach.channel}: orderers hold different channels of this name: "
            + ", ".join(f"{name} {own_hash(block)[:16]}" for name, block in zip(there, blocks, strict=True)),
            hint="Remove the wrong ones (`osnadmin channel remove`) or take another channel name.",
        )
    _expect_own(reach, blocks[0], wanted, there)
    return blocks[0]


def own_hash(block: Block) -> str:
    """The hash of a block's header, hexadecimal."""
    return block_hash(block.header).hex()


async def wait_for_answers(
    reach: Reach, clock: Deadline, spared: Collection[str] = frozenset()
) -> dict[str, State]:
    """Every orderer's own answer. Those that are just starting are waited for.

    `spared` nodes only for a while: they are on the channel already, and may be away.
    """
    patience = Deadline(min(_SPARED, clock.left()))
    while True:
        states = await reach.states(deadline=min(10.0, clock.left()))
        silent = {name: state for name, state in states.items() if isinstance(state, FabricError)}
        missed = [state for name, state in silent.items() if name not in spared]
        if not silent or (not missed and patience.passed()):
            return states
        if clock.left() <= _PAUSE:
            raise (missed or [*silent.values()])[0]
        await asyncio.sleep(_PAUSE)


def lost_ledgers(
    channel: str, states: Mapping[str, State], consenters: Collection[str], sequence: int
) -> ProviderError | None:
    """Why nobody may join now: ledgers are lost, and joining would not bring them back. None if all is well.

    A consenter that returns with an empty disk under its old identity panics, or breaks what the others
    agreed on with it (Fabric issue #3639). And where no orderer has a channel that has lived, block 0 would
    be the beginning of another one.

    Args:
        channel: its name.
        states: every orderer's word on it.
        consenters: names of the nodes that the channel lists as such.
        sequence: of the configuration that was applied last.
    """
    height = max((one.height for one in states.values() if isinstance(one, ChannelInfo)), default=0)
    without = [name for name, state in states.items() if state is None]
    if sequence and len(without) == len(states):
        return ProviderError(
            f"channel {channel}: no orderer has it any more, but its configuration was at {sequence}: begun "
            "anew with block 0 it would part from the ledgers of its peers",
            hint="Give the orderers their volumes back, all of one backup. To begin another channel instead, "
            "with empty volumes for its peers too: refresh, then update.",
        )
    lost = [name for name in without if name in consenters]
    if height > 1 and lost:
        return ProviderError(
            f"channel {channel}: {', '.join(lost)}: a consenter, but without the ledger, and the others are "
            f"at height {height}: with an empty disk it must not return as the node it was",
            hint="Give it its volume back. If that is lost: take the node off the channel's consenters by a "
            "configuration update, then refresh and update: it follows first, then is a new consenter. If it "
            "has never been on the channel: `osnadmin channel join` with the latest configuration block.",
        )
    return None


async def join_all(
    reach: Reach, states: Mapping[str, State], block: Block, genesis_hash: str, clock: Deadline
) -> None:
    """Have every orderer that answers on the channel, all at once, and each in force.

    Orderers that are on it already are checked against the genesis; `block` is the genesis, or the latest
    configuration block of a channel that lives.
    """
    await asyncio.gather(
        *(
            _join(reach, reach.node(name), state, block, genesis_hash, clock)
            for name, state in states.items()
            if not isinstance(state, FabricError)
        )
    )


async def _join(
    reach: Reach, node: Node, state: State, block: Block, genesis_hash: str, clock: Deadline
) -> None:
    # Only consenters hand out blocks: a follower is checked when it becomes one.
    if isinstance(state, ChannelInfo) and (state.relation, state.status) == ("consenter", "active"):
        found = own_hash(await _block_zero(reach, node, clock))
        if found != genesis_hash:
            raise ProviderError(
                f"{node.at()}: it is on another channel named {reach.channel}: block 0 has hash {found}, "
                f"expected {genesis_hash}",
                hint="Its ledger is of an earlier network: give it an empty volume.",
            )
        return
    if state is None:
        await join(reach.connections, node, reach.channel, block, reach.admin_tls, deadline=clock.left())
    await wait_until(
        reach.connections,
        node,
        reach.channel,
        reach.admin_tls,
        lambda info: info.status == "active",
        deadline=clock.left(),
        wanted="active",
    )


async def _block_zero(reach: Reach, node: Node, clock: Deadline) -> Block:
    return await deliver_block(
        reach.connections,
        node,
        reach.channel,
        0,
        reach.signer,
        deadline=min(_ONE_BLOCK, clock.left()),
        best_effort=True,
    )


def _expect_own(reach: Reach, block: Block, wanted: ChannelSettings, there: list[str]) -> None:
    """Raise ProviderError unless the genesis names the wanted ordering organizations with their roots.

    Nobody else can have made such a block in earnest: its authorities are this stack's own.
    """
    found = settings_of(config_of(block).config, channel=reach.channel)
    mine = {one.name: one.msp for one in wanted.orderer_organizations}
    theirs = {one.name: one.msp for one in found.orderer_organizations}
    if mine == theirs:
        return
    raise ProviderError(
        f"channel {reach.channel}: {', '.join(there)} have a channel of this name, not "
        "this stack's:\n  " + "\n  ".join(differences(found, wanted)),
        hint="Nothing was changed. The volumes are of another network: use empty ones, or another name.",
    )
