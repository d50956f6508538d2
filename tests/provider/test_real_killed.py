"""Channels whose creation was killed, cancelled or came half-way."""

import asyncio
from collections.abc import Mapping

import pytest
from fabric_protos.common.common_pb2 import Block

from heddle.errors import FabricError
from heddle.planner.facts import Answer
from heddle.plugin import interface as api
from heddle.provider.channel import handler
from heddle.provider.channel.client import ChannelClient
from heddle.provider.channel.genesis import join_all
from heddle.waiting import Deadline
from tests.provider.harness import (
    Engine,
    plain,
)
from tests.provider.real import channel_inputs
from tests.provider.tokens import CHANNEL
from tests.real.network import RealNetwork

pytestmark = pytest.mark.real


async def test_a_killed_create_is_taken_up(network: RealNetwork, engine: Engine) -> None:
    """A create whose state was lost adopts the channel that it finds, instead of making another."""
    first = await engine.up(CHANNEL, "channel", channel_inputs(network))
    again = Engine()
    try:
        second = await again.up(CHANNEL, "channel", channel_inputs(network))
    finally:
        await again.provider.close()
    assert second["genesisHash"] == first["genesisHash"]


async def test_half_made_channels_heal_with_the_same_genesis(
    network: RealNetwork, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A creation that fails after one orderer has joined is saved; the next run goes on with its genesis.

    So does one that lost even the state: the orderer hands out block 0, although the channel has no leader.
    """

    async def join_one(
        client: ChannelClient, answers: Mapping[str, Answer], block: Block, genesis_hash: str, clock: Deadline
    ) -> None:
        first = client.orderers[0].name
        await join_all(client, {first: answers[first]}, block, genesis_hash, clock)
        raise FabricError("interrupted")

    with monkeypatch.context() as patched:
        patched.setattr(handler, "join_all", join_one)
        with pytest.raises(api.PartialFailure, match="interrupted"):
            await engine.up(CHANNEL, "channel", channel_inputs(network))
    genesis = plain(engine.outputs["channel"])["genesisHash"]
    forgetful = Engine()
    try:
        adopted = await forgetful.up(CHANNEL, "channel", channel_inputs(network))
    finally:
        await forgetful.provider.close()
    healed = await engine.up(CHANNEL, "channel", channel_inputs(network))
    assert adopted["genesisHash"] == healed["genesisHash"] == genesis


async def test_a_cancelled_creation_is_saved(
    network: RealNetwork, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelling in the middle ends the call at once, with the genesis saved."""
    joining = asyncio.Event()

    async def never(*_: object) -> None:
        joining.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(handler, "join_all", never)
    creating = asyncio.ensure_future(engine.up(CHANNEL, "channel", channel_inputs(network)))
    await joining.wait()
    await engine.provider.cancel()
    with pytest.raises(api.PartialFailure, match="cancelled"):
        await creating
    assert engine.outputs["channel"]["genesisHash"]
