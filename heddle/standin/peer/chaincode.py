"""Chaincode as a service: the stand-in connects as a client, and speaks the peer's side of the shim protocol.

Source: core/chaincode/handler.go, core/chaincode/extcc (Fabric 3.1.5).
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import grpc
import grpc.aio
from fabric_protos.ledger.queryresult import kv_query_result_pb2
from fabric_protos.peer import (
    chaincode_event_pb2,
    chaincode_pb2,
    chaincode_shim_pb2,
    proposal_pb2,
    proposal_response_pb2,
)

from heddle.durations import seconds
from heddle.standin.malformed import MALFORMED
from heddle.standin.peer.packages import Connection, Package
from heddle.standin.peer.simulation import Simulation
from heddle.standin.rpc import client_channel, open_stream

__all__ = ["ChaincodeError", "ChaincodeServer", "Invocation"]

_LOG = logging.getLogger("peer.chaincode")
Message: TypeAlias = chaincode_shim_pb2.ChaincodeMessage
PAGE = 100
"""Entries of a range that go into one answer (ledger.state.totalQueryLimit is not enforced)."""


class ChaincodeError(Exception):
    """A chaincode that cannot be run, or did not finish, in Fabric's words."""


@dataclass(kw_only=True)
class Invocation:
    """One transaction of one chaincode under simulation."""

    name: str
    channel: str
    transaction_id: str
    proposal: proposal_pb2.SignedProposal
    input: chaincode_pb2.ChaincodeInput
    simulation: Simulation
    kind: int
    done: asyncio.Future[Message] = field(init=False)
    queries: dict[str, list[tuple[str, bytes]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Bind to the running loop."""
        self.done = asyncio.get_running_loop().create_future()


class ChaincodeServer:
    """The connection to one package's server; made at the first use, and again after it broke.

    Args:
        package: says where and how.
        timeout: seconds that one transaction may take.
    """

    def __init__(self, package: Package, timeout: float) -> None:
        self._package = package
        self._timeout = timeout
        self._lock = asyncio.Lock()
        self._outgoing: asyncio.Queue[Message] = asyncio.Queue()
        self._reader: asyncio.Task[None] | None = None
        self._channel: grpc.aio.Channel | None = None
        self._running: dict[tuple[str, str], Invocation] = {}

    async def execute(
        self, invocation: Invocation
    ) -> tuple[proposal_response_pb2.Response, chaincode_event_pb2.ChaincodeEvent | None]:
        """Run one transaction. Raises ChaincodeError."""
        await self._connect()
        key = (invocation.channel, invocation.transaction_id)
        self._running[key] = invocation
        try:
            self._send(invocation, invocation.kind, invocation.input.SerializeToString(), proposal=True)
            async with asyncio.timeout(self._timeout):
                message = await invocation.done
        except TimeoutError as error:
            raise ChaincodeError(
                f"failed to execute transaction {invocation.transaction_id}: "
                "timeout expired while executing transaction"
            ) from error
        finally:
            del self._running[key]
        if message.type == Message.ERROR:
            raise ChaincodeError(
                f"transaction returned with failure: {message.payload.decode(errors='replace')}"
            )
        event = message.chaincode_event if message.HasField("chaincode_event") else None
        return proposal_response_pb2.Response.FromString(message.payload), event

    async def close(self) -> None:
        """Hang up."""
        if self._reader:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader
        if self._channel:
            await self._channel.close(None)

    # --- the connection

    async def _connect(self) -> None:
        async with self._lock:
            if self._reader and not self._reader.done():
                return
            await self.close()
            connection = self._package.connection
            self._channel = _dial(connection)
            self._outgoing = asyncio.Queue()
            registered = asyncio.get_running_loop().create_future()
            self._reader = asyncio.create_task(self._chat(self._channel, registered))
            try:
                async with asyncio.timeout(max(seconds(connection.dial_timeout), 1.0)):
                    await registered
            except (TimeoutError, ChaincodeError) as error:
                await self.close()
                ccid, words = self._package.package_id, str(error) or "context deadline exceeded"
                raise ChaincodeError(
                    f"could not launch chaincode {ccid}: connection to {ccid} failed: error cannot create "
                    f"connection for {ccid}: error creating grpc connection to {connection.address}: {words}"
                ) from error

    async def _chat(self, channel: grpc.aio.Channel, registered: asyncio.Future[None]) -> None:
        """Read the server's messages until the stream ends; then nothing that runs can finish."""
        stream = open_stream(channel, "/protos.Chaincode/Connect", Message, Message)
        writer = asyncio.create_task(self._write(stream))
        try:
            async for message in stream:
                self._on(message, registered)
            words = "chaincode stream terminated"
        except grpc.aio.AioRpcError as error:
            words = f"{error.code().name}: {error.details()}"
        except ChaincodeError as error:
            words = str(error)
        finally:
            writer.cancel()
            stream.cancel()
        _LOG.warning("%s: %s", self._package.package_id, words)
        if not registered.done():
            registered.set_exception(ChaincodeError(words))
        for invocation in self._running.values():
            if not invocation.done.done():
                invocation.done.set_exception(ChaincodeError("chaincode stream terminated"))

    async def _write(self, stream: "grpc.aio.StreamStreamCall[Any, Any]") -> None:
        # One writer: gRPC takes no second message while one is on its way.
        with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            while True:
                await stream.write(await self._outgoing.get())

    def _on(self, message: Message, registered: asyncio.Future[None]) -> None:
        if message.type == Message.REGISTER:
            name = chaincode_pb2.ChaincodeID.FromString(message.payload).name
            if name != self._package.package_id:
                raise ChaincodeError(f"the server registers as {name}, not as {self._package.package_id}")
            self._outgoing.put_nowait(Message(type=Message.REGISTERED))
            self._outgoing.put_nowait(Message(type=Message.READY))
            if not registered.done():
                registered.set_result(None)
            return
        invocation = self._running.get((message.channel_id, message.txid))
        if invocation is None or message.type == Message.KEEPALIVE:
            return
        if message.type in {Message.COMPLETED, Message.ERROR}:
            if not invocation.done.done():
                invocation.done.set_result(message)
            return
        try:
            self._send(invocation, Message.RESPONSE, _answer(invocation, message))
        except (*MALFORMED, ChaincodeError) as error:
            self._send(invocation, Message.ERROR, str(error).encode())

    def _send(self, invocation: Invocation, kind: int, payload: bytes, *, proposal: bool = False) -> None:
        message = Message(
            type=kind, payload=payload, txid=invocation.transaction_id, channel_id=invocation.channel
        )
        if proposal:
            message.proposal.CopyFrom(invocation.proposal)
        self._outgoing.put_nowait(message)


def _dial(connection: Connection) -> grpc.aio.Channel:
    return client_channel(
        connection.address,
        roots=connection.root_certificate,
        certificate=connection.client_certificate,
        key=connection.client_key,
        tls=connection.tls_required,
    )


def _answer(invocation: Invocation, message: Message) -> bytes:
    """What the ledger says to a chaincode's request. Raises ValueError or ChaincodeError."""
    simulation, name = invocation.simulation, invocation.name
    match message.type:
        case Message.GET_STATE:
            get = chaincode_shim_pb2.GetState.FromString(message.payload)
            _public(get.collection)
            return simulation.get(name, get.key) or b""
        case Message.PUT_STATE:
            put = chaincode_shim_pb2.PutState.FromString(message.payload)
            _public(put.collection)
            simulation.put(name, put.key, put.value)
            return b""
        case Message.DEL_STATE:
            delete = chaincode_shim_pb2.DelState.FromString(message.payload)
            _public(delete.collection)
            simulation.delete(name, delete.key)
            return b""
        case Message.GET_STATE_BY_RANGE:
            return _range(invocation, chaincode_shim_pb2.GetStateByRange.FromString(message.payload))
        case Message.QUERY_STATE_NEXT:
            return _page(invocation, chaincode_shim_pb2.QueryStateNext.FromString(message.payload).id)
        case Message.QUERY_STATE_CLOSE:
            query = chaincode_shim_pb2.QueryStateClose.FromString(message.payload).id
            invocation.queries.pop(query, None)
            return bytes(chaincode_shim_pb2.QueryResponse(id=query).SerializeToString())
    kind = Message.Type.Name(message.type)
    raise ChaincodeError(f"{kind} is not supported by a stand-in peer; upstream's peers do it")


def _public(collection: str) -> None:
    if collection:
        raise ChaincodeError("private data are not supported by a stand-in peer; upstream's peers have them")


def _range(invocation: Invocation, request: chaincode_shim_pb2.GetStateByRange) -> bytes:
    _public(request.collection)
    metadata = chaincode_shim_pb2.QueryMetadata.FromString(request.metadata)
    start = metadata.bookmark or request.startKey
    found = invocation.simulation.between(invocation.name, start, request.endKey)
    query = f"{len(invocation.queries)}"
    if metadata.pageSize:
        page, rest = found[: metadata.pageSize], found[metadata.pageSize :]
        summary = chaincode_shim_pb2.QueryResponseMetadata(
            fetched_records_count=len(page), bookmark=rest[0][0] if rest else ""
        )
        return _response(query, page, more=False, metadata=summary.SerializeToString())
    invocation.queries[query] = found
    return _page(invocation, query)


def _page(invocation: Invocation, query: str) -> bytes:
    if query not in invocation.queries:
        raise ChaincodeError("query iterator not found")
    rest = invocation.queries[query]
    page, invocation.queries[query] = rest[:PAGE], rest[PAGE:]
    return _response(query, page, more=len(rest) > PAGE)


def _response(query: str, page: list[tuple[str, bytes]], *, more: bool, metadata: bytes = b"") -> bytes:
    response = chaincode_shim_pb2.QueryResponse(id=query, has_more=more, metadata=metadata)
    for key, value in page:
        entry = kv_query_result_pb2.KV(key=key, value=value)
        response.results.add(resultBytes=entry.SerializeToString())
    return bytes(response.SerializeToString())
