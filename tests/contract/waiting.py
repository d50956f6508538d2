"""What roll-outs wait for, read from metrics as they read it."""

import asyncio

from heddle.errors import Refused, Unreachable
from heddle.fabric import operations, orderer
from heddle.fabric.connection import Connections
from heddle.fabric.node import ClientTls, Node
from heddle.identity.signer import Signer
from tests.real.network import RealNetwork

GAUGES = ("consensus_etcdraft_is_leader", "consensus_etcdraft_active_nodes")


async def leader_hears(
    network: RealNetwork, connections: Connections, count: int, tls: ClientTls | None = None
) -> None:
    """Wait until there is one leader, and it hears from `count` consenters, itself among them."""
    async with asyncio.timeout(60):
        while await _heard(network, connections, tls) != [count]:  # noqa: ASYNC110 - nobody tells when
            await asyncio.sleep(0.2)


async def serves(connections: Connections, node: Node, reader: Signer) -> None:
    """Wait until a node delivers: upstream's says that it is a consenter a moment before it serves as one."""
    async with asyncio.timeout(30):
        while True:
            try:
                await orderer.deliver_block(
                    connections, node, "channel", 0, reader, deadline=10, best_effort=True
                )
            except Refused:
                await asyncio.sleep(0.1)
            else:
                return


async def _heard(network: RealNetwork, connections: Connections, tls: ClientTls | None) -> list[float | None]:
    """Active nodes as each leader counts them."""
    found = []
    for node in network.orderers:
        try:
            metrics = await operations.metrics(connections, node, tls=tls, deadline=2)
        except Unreachable:
            continue
        leading, active = (metrics.value(gauge, channel="channel") for gauge in GAUGES)
        if leading:
            found.append(active)
    return found
