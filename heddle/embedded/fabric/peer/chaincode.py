"""Call chaincode that runs as a service: connect as a client, speak the peer's side of the shim protocol.

Source: core/chaincode/handler.go, core/chaincode/extcc (Fabric 3.1.5).
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import grpc
import grpc.aio
from fabric_protos.peer import chaincode_pb2, chaincode_shim_pb2, proposal_pb2

from heddle.durations import seconds
from heddle.embedded.fabric.peer.packages import Connection, Package
from heddle.embedded.fabric.peer.requests import RequestRefused
from heddle.embedded.fabric.rpc import client_channel, open_stream

__all__ = ["ChaincodeError", "ChaincodeServer", "Invocation", "Message"]

_LOG = logging.getLogger("peer.chaincode")
Message: TypeAlias = chaincode_shim_pb2.ChaincodeMessage


class ChaincodeError(Exception):
    """A chaincode that cannot be run, or did not finish, in Fabric's words."""


@dataclass(kw_only=True)
class Invocation:
    """Run one transaction of one chaincode under simulation; `answer` answers its requests."""

    channel: str
    transaction_id: str
    proposal: proposal_pb2.SignedProposal
    input: chaincode_pb2.ChaincodeInput
    kind: Message.Type.ValueType
    answer: Callable[[Message], Awaitable[bytes]]
    done: asyncio.Future[Message] = field(init=False)

    def __post_init__(self) -> None:
        """Bind to the running loop."""
        self.done = asyncio.get_running_loop().create_future()


class ChaincodeServer:
    """The connection to one package's server; made at the first use, and again after it broke.

    Args:
        package: says where and how.
        timeout: seconds that one transaction may take.
        failed: is told of each connection that could not be made.
    """

    def __init__(self, package: Package, timeout: float, failed: Callable[[], None]) -> None:
        self._package = package
        self._failed = failed
        self._timeout = timeout
        self._lock = asyncio.Lock()
        self._outgoing: asyncio.Queue[Message] = asyncio.Queue()
        self._reader: asyncio.Task[None] | None = None
        self._channel: grpc.aio.Channel | None = None
        self._running: dict[tuple[str, str], Invocation] = {}
        self._answers: set[asyncio.Task[None]] = set()

    async def execute(self, invocation: Invocation) -> Message:
        """Run one transaction: COMPLETED or ERROR. Raises ChaincodeError when there is neither."""
        await self._connect()
        key = (invocation.channel, invocation.transaction_id)
        if key in self._running:
            raise ChaincodeError(f"error sending: txid: {key[1]}({key[0]}) exists")
        self._running[key] = invocation
        try:
            self._send(invocation, invocation.kind, invocation.input.SerializeToString(), proposal=True)
            async with asyncio.timeout(self._timeout):
                return await invocation.done
        except TimeoutError as error:
            raise ChaincodeError("error sending: timeout expired while executing transaction") from error
        finally:
            del self._running[key]

    async def close(self) -> None:
        """Close the connection to the chaincode."""
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
                self._failed()
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
                words = "error sending: chaincode stream terminated"
                invocation.done.set_exception(ChaincodeError(words))

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
        task = asyncio.create_task(self._respond(invocation, message))
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _respond(self, invocation: Invocation, message: Message) -> None:
        try:
            self._send(invocation, Message.RESPONSE, await invocation.answer(message))
        except RequestRefused as refusal:
            self._send(invocation, Message.ERROR, str(refusal).encode())

    def _send(
        self, invocation: Invocation, kind: Message.Type.ValueType, payload: bytes, *, proposal: bool = False
    ) -> None:
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
