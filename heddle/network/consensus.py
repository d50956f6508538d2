"""Ask orderers of BFT whether one of them decides blocks with the others, or only copies them.

A restarted one copies blocks until it is level, and takes part from the next one on that is proposed. Where
it is one block behind the others, and they need it for the next, nobody sends it the one that it lacks: all
wait until clients' requests time out and the view changes, 15 s and more (SmartBFT in Fabric 3.1.5, seen).
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from heddle.errors import FabricError
from heddle.fabric import operations
from heddle.fabric.connection import Connections
from heddle.fabric.node import ClientTls, Node
from heddle.waiting import poll

__all__ = ["takes_part"]

_QUIET = 1.0
"""Seconds without a decision after which none is under way: one takes a fraction of that."""


class _Progress(NamedTuple):
    """Say where an orderer stands, by its metrics.

    view: the view that it is in. sequence: the decision that it takes part in next.
    decided: how many it has taken part in since its start.
    """

    view: int
    sequence: int
    decided: int


async def takes_part(
    connections: Connections,
    node: Node,
    others: Sequence[Node],
    channel: str,
    tls: ClientTls | None,
    *,
    deadline: float,
) -> bool:
    """Tell whether an orderer decides a channel's blocks with the others.

    It has decided one while it was asked, and is where the others were before; or it is where they are, and
    nothing is to be decided. False where its metrics do not tell, or the time is over.
    """
    clock = asyncio.get_running_loop()
    first = await _progress(connections, node, channel, tls, deadline)
    if first is None:
        return False
    goal, since = (0, 0), clock.time()

    async def look(left: float) -> bool:
        nonlocal goal, since
        asked = (_progress(connections, each, channel, tls, left) for each in others)
        told = [(each.view, each.sequence) for each in await asyncio.gather(*asked) if each is not None]
        if max(told, default=goal) != goal:
            goal, since = max(told), clock.time()
        mine = await _progress(connections, node, channel, tls, left)
        if mine is None or (mine.view, mine.sequence) < goal:
            return False
        return mine.decided > first.decided or clock.time() - since >= _QUIET

    until = f"until {node.name} decides blocks of {channel} with the others"
    return await poll(look, bool, deadline=deadline, longest=0.3, until=until)


async def _progress(
    connections: Connections, node: Node, channel: str, tls: ClientTls | None, deadline: float
) -> _Progress | None:
    try:
        metrics = await operations.metrics(connections, node, tls=tls, deadline=deadline)
    except FabricError:
        return None
    view, sequence, decided = (
        metrics.value(f"consensus_smartbft_view_{name}", channel=channel)
        for name in ("number", "proposal_sequence", "count_batch_all")
    )
    if view is None or sequence is None:
        return None
    # A counter that has counted nothing yet is not among the metrics.
    return _Progress(view=int(view), sequence=int(sequence), decided=int(decided or 0))
