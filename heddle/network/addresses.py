"""Ask orderers for the addresses that a channel names."""

import asyncio
from collections.abc import Sequence

from fabric_protos.common.common_pb2 import Block

from heddle.configtx.blocks import config_of
from heddle.configtx.read import settings_of
from heddle.configtx.settings import ChannelSettings
from heddle.errors import FabricError
from heddle.fabric.connection import Connections
from heddle.fabric.node import Node
from heddle.fabric.orderer import config_block
from heddle.fabric.refusals import has_no_leader, is_not_found
from heddle.identity.signer import Signer
from heddle.waiting import retry

__all__ = ["named_addresses"]

_ASKING = 15.0
"""Seconds for one question to one orderer."""


async def named_addresses(
    connections: Connections, channel: str, orderers: Sequence[Node], reader: Signer
) -> frozenset[str]:
    """Return every host:port that the newest configuration of a channel names; none where it does not exist.

    Nobody acts on it but to refuse, so it is not proved. Raises FabricError where no orderer tells it.
    """

    async def ask(node: Node) -> Block | FabricError:
        async def once(left: float) -> Block:
            return await config_block(connections, node, channel, reader, deadline=left)

        try:
            return await retry(once, has_no_leader, deadline=_ASKING, longest=0.5)
        except FabricError as error:
            return error

    answers = await asyncio.gather(*map(ask, orderers))
    blocks = [each for each in answers if isinstance(each, Block)]
    if blocks:
        newest = max(blocks, key=lambda block: block.header.number)
        return _named(settings_of(config_of(newest).config, channel=channel))
    errors = [each for each in answers if isinstance(each, FabricError) and not is_not_found(each)]
    if errors:
        raise errors[0]
    return frozenset()


def _named(settings: ChannelSettings) -> frozenset[str]:
    return frozenset(
        [
            *settings.orderer_addresses,
            *(each.address for each in settings.consenters),
            *(address for each in settings.orderer_organizations for address in each.endpoints),
            *(address for each in settings.peer_organizations for address in each.anchor_peers),
        ]
    )
