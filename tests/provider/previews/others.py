"""What other administrators do to the channel meanwhile."""

import asyncio
from dataclasses import replace
from typing import Any

from heddle.configtx.blocks import config_of
from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.envelope import sign_update, update_envelope
from heddle.configtx.read import settings_of
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.fabric.orderer import broadcast, config_block
from heddle.fabric.retry import Deadline
from tests.real.network import RealNetwork

__all__ = ["change_batch"]


async def change_batch(network: RealNetwork, **batch: Any) -> None:
    """Set something of the batch, and wait until it is in force."""
    admin, node = network.ordering.admin, network.orderers[0]
    async with Connections(DirectDialer()) as connections:
        config = config_of(await config_block(connections, node, "channel", admin, deadline=10)).config
        live = settings_of(config, channel="channel")
        settings = replace(live, batch=replace(live.batch, **batch))
        update = compute_update("channel", config, apply_settings(config, settings, None))
        content = update.SerializeToString()
        envelope = update_envelope(content, [sign_update(content, admin)], admin)
        await broadcast(connections, node, envelope, deadline=10)
        clock = Deadline(10)
        while True:
            block = await config_block(connections, node, "channel", admin, deadline=clock.left())
            if config_of(block).config.sequence > config.sequence:
                return
            await asyncio.sleep(0.05)
