"""Ask peers' databases how far their state goes: a running peer does not see that it was lost."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from heddle import couchdb
from heddle.errors import Forbidden, KubeError, Unreachable
from heddle.fabric.connection import Connections
from heddle.fabric.node import Node
from heddle.fabric.statedb import database_of, state_height
from heddle.kube.client import KubeClient
from heddle.kube.secrets import secret_values
from heddle.network.answers import no_answer
from heddle.planner.facts import Answer, LedgerState, NoAnswer

__all__ = ["with_state_heights"]


async def with_state_heights(
    cluster: KubeClient,
    connections: Connections,
    peer: Node,
    database: str,
    answers: Mapping[str, Answer],
    *,
    deadline: float,
) -> dict[str, Answer]:
    """Return a peer's answers about its channels, each with what its database holds of the state.

    `database`: name of its StatefulSet and Secret. Whoever may not read the Secret gets the answers alone.
    """
    ledgers = {channel: answer for channel, answer in answers.items() if isinstance(answer, LedgerState)}
    if not ledgers:
        return dict(answers)
    try:
        heights = await _heights(cluster, connections, peer, database, list(ledgers), deadline)
    except Forbidden:
        return dict(answers)
    asked = {
        channel: replace(answer, state_height=height)
        for (channel, answer), height in zip(ledgers.items(), heights, strict=True)
    }
    return {**answers, **asked}


async def _heights(
    cluster: KubeClient,
    connections: Connections,
    peer: Node,
    database: str,
    channels: Sequence[str],
    deadline: float,
) -> list[int | NoAnswer]:
    try:
        values = await secret_values(cluster, peer.namespace, database)
    except Forbidden:
        raise
    except (KubeError, Unreachable) as error:
        return [NoAnswer(reason=error.message, hint=error.hint) for _ in channels]
    node = database_of(peer, database)
    password = values.get(couchdb.PASSWORD_KEY, b"").decode(errors="replace")

    async def ask(channel: str) -> int | NoAnswer:
        try:
            return await state_height(connections, node, channel, password, deadline=deadline)
        except Unreachable as error:
            return no_answer(error)

    return list(await asyncio.gather(*map(ask, channels)))
