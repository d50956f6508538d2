"""Ask a peer's CouchDB how far the state goes that it holds.

The peer keeps the number of the last block in a document of each channel's own database
(core/ledger/kvledger/txmgmt/statedb/statecouchdb, Fabric 3.1.5).
"""

from hashlib import sha256
from http import HTTPStatus
from urllib.parse import quote

from heddle import couchdb
from heddle.errors import Unreachable
from heddle.fabric.answers import JSON_BYTES
from heddle.fabric.connection import Connections
from heddle.fabric.node import Node
from heddle.plain import ShapeError, parse_json

__all__ = ["channel_database", "database_of", "state_height"]

_LONGEST, _KEPT = 238, 50
"""Characters of a channel's name that names a database as it is, and those that are left of a longer one."""


def database_of(peer: Node, name: str) -> Node:
    """Return the CouchDB of a peer as clients take it; `name` is that of its StatefulSet."""
    return Node(
        name=name,
        msp_id=peer.msp_id,
        host=name,
        port=couchdb.PORT,
        namespace=peer.namespace,
        pod=f"{name}-0" if peer.pod else "",
    )


def channel_database(channel: str) -> str:
    """Return the name of a channel's own database (constructMetadataDBName in couchdbutil.go)."""
    if len(channel) > _LONGEST:
        channel = f"{channel[:_KEPT]}({sha256(channel.encode()).hexdigest()})"
    return f"{channel}_".replace(".", "$")


async def state_height(
    connections: Connections, database: Node, channel: str, password: str, *, deadline: float
) -> int:
    """Return the number of blocks that have made the state in a database; 0 where it has none of the channel.

    Raises Unreachable where it does not tell.
    """
    what = f"state of {channel}"
    answer = await connections.request(
        database,
        database.port,
        "GET",
        f"/{quote(channel_database(channel), safe='')}/statedb_savepoint",
        what,
        deadline=deadline,
        tls=False,
        login=(couchdb.USER, password),
    )
    if answer.status == HTTPStatus.NOT_FOUND:
        return 0
    if answer.status == HTTPStatus.UNAUTHORIZED:
        raise _silent(database, what, "it does not take the password in its Secret")
    if answer.status != HTTPStatus.OK:
        raise _silent(database, what, f"it answers with status {answer.status}")
    try:
        return 1 + parse_json(answer.content, limit=JSON_BYTES)["BlockNum"].integer()
    except ShapeError as error:
        raise _silent(database, what, f"its answer cannot be read: {error}") from error


def _silent(database: Node, what: str, words: str) -> Unreachable:
    return Unreachable(f"{database.at()}: {what}: {words}", cause=words)
