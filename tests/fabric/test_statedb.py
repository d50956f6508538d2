"""How far the state goes that a peer's CouchDB holds, as the database tells it."""

import asyncio
import json
from base64 import b64decode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from heddle.errors import Unreachable
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.fabric.node import Node
from heddle.fabric.statedb import channel_database, database_of, state_height

PEER = Node(name="peer0-a", msp_id="A", host="peer0-a", port=7051, namespace="fabric", pod="peer0-a-0")

DATABASE = database_of(PEER, "couchdb0-a")


@dataclass
class Couch:
    """Answer one path after CouchDB's manner, and keep who asked."""

    answers: Mapping[str, tuple[int, bytes]]
    node: Node = DATABASE
    logins: list[str] = field(default_factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        login = next(line for line in head.splitlines() if line.lower().startswith("authorization: "))
        self.logins.append(b64decode(login.split()[-1]).decode())
        missing = (404, b'{"error":"not_found","reason":"Database does not exist."}')
        status, body = self.answers.get(head.split()[1], missing)
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def couch(answers: Mapping[str, tuple[int, bytes]]) -> AsyncIterator[Couch]:
    found = Couch(answers)
    server = await asyncio.start_server(found.handle, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        found.node = replace(DATABASE, pod="", dial=f"127.0.0.1:{port}")
        yield found


async def asked(server: Couch, channel: str = "trade") -> int:
    async with Connections(DirectDialer()) as connections:
        return await state_height(connections, server.node, channel, "secret", deadline=5)


async def test_the_last_block_is_counted_from_zero() -> None:
    """A state of blocks 0 to 11 is one of twelve blocks; the database asks who wants to know."""
    savepoint = json.dumps({"_id": "statedb_savepoint", "BlockNum": 11, "TxNum": 0}).encode()
    async with couch({"/trade_/statedb_savepoint": (200, savepoint)}) as server:
        assert await asked(server) == 12
    assert server.logins == ["peer:secret"]


async def test_a_database_without_the_channel_has_no_state() -> None:
    """A new volume has no database at all; so has one that was emptied."""
    async with couch({}) as server:
        assert await asked(server) == 0


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, b'{"error":"unauthorized"}', "it does not take the password in its Secret"),
        (500, b"", "it answers with status 500"),
        (200, b"{}", "its answer cannot be read: BlockNum is missing"),
        (200, b'{"BlockNum": -1}', "its answer cannot be read: BlockNum: a number from 0"),
        (200, b"<html>", "its answer cannot be read: not JSON"),
    ],
)
async def test_what_it_does_not_tell_is_unknown(status: int, body: bytes, words: str) -> None:
    """Never no state: a peer would be restarted for it."""
    async with couch({"/trade_/statedb_savepoint": (status, body)}) as server:
        with pytest.raises(Unreachable) as caught:
            await asked(server)
    assert words in caught.value.message
    assert words.startswith("its answer") or caught.value.cause == words


@pytest.mark.parametrize(
    ("channel", "name"),
    [
        ("trade", "trade_"),
        ("trade.eu", "trade$eu_"),
        ("a" * 238, "a" * 238 + "_"),
        ("a" * 239, "a" * 50 + "(064b3d122abe25c36265f79fc794b0adf28a6c5e4fe8ed3661f2287e8cecadcc)_"),
    ],
    ids=["plain", "dots", "the longest", "longer"],
)
def test_a_channels_database_has_fabrics_name(channel: str, name: str) -> None:
    """As constructMetadataDBName and mapAndValidateDatabaseName make it."""
    assert channel_database(channel) == name
