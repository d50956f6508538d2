"""Read blocks of orderers and peers (common/deliver/deliver.go): one request, a stream of answers."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from typing import Literal, Protocol, TypeAlias, TypeVar

import grpc
from fabric_protos.common import common_pb2
from fabric_protos.common.common_pb2 import Block, Envelope
from fabric_protos.orderer import ab_pb2

from heddle.calls import end_requests
from heddle.configtx.blocks import last_config_index
from heddle.configtx.envelope import signed_envelope
from heddle.errors import ConfigtxError
from heddle.fabric.answers import unreadable
from heddle.fabric.connection import Connections
from heddle.fabric.failures import refused_status, unreachable
from heddle.fabric.node import Node
from heddle.identity.signer import Signer
from heddle.waiting import Deadline, reading

__all__ = [
    "DeliverMethod",
    "Position",
    "deliver",
    "many_blocks",
    "one_block",
    "one_config_block",
    "seek_envelope",
]

Position: TypeAlias = int | Literal["newest", "oldest", "max"]
"""A block number, the last block (`newest`), the first (`oldest`), or as a stop no end at all (`max`)."""


class DeliverAnswer(Protocol):
    """Read an orderer's or a peer's DeliverResponse: a block, or the status that ends the stream."""

    @property
    def status(self) -> int:
        """Return the status with which the node ends the delivery."""

    @property
    def block(self) -> Block:
        """Return the block that the node delivers."""

    def WhichOneof(self, oneof_group: Literal["Type"]) -> str | None:  # noqa: N802 - protobuf's name
        """Return the name of the field that is set."""


Answer = TypeVar("Answer", bound=DeliverAnswer)

DeliverMethod: TypeAlias = Callable[[grpc.aio.Channel], grpc.aio.StreamStreamMultiCallable[Envelope, Answer]]
"""Picks the Deliver method of an orderer's or a peer's service."""

_MAX = 2**64 - 1


def seek_envelope(
    channel: str,
    start: Position,
    stop: Position,
    signer: Signer,
    *,
    wait: bool = False,
    best_effort: bool = False,
    tls_cert_hash: bytes = b"",
) -> Envelope:
    """Return the signed request for blocks `start` to `stop`; `wait` for those that do not exist yet.

    With `best_effort` an orderer answers from its own ledger also while its channel has no leader.
    """
    behaviour = ab_pb2.SeekInfo.BLOCK_UNTIL_READY if wait else ab_pb2.SeekInfo.FAIL_IF_NOT_READY
    on_error = ab_pb2.SeekInfo.BEST_EFFORT if best_effort else ab_pb2.SeekInfo.STRICT
    seek = ab_pb2.SeekInfo(
        start=_position(start), stop=_position(stop), behavior=behaviour, error_response=on_error
    )
    return signed_envelope(
        common_pb2.DELIVER_SEEK_INFO, channel, seek.SerializeToString(), signer, tls_cert_hash=tls_cert_hash
    )


def _position(position: Position) -> ab_pb2.SeekPosition:
    if position == "newest":
        return ab_pb2.SeekPosition(newest=ab_pb2.SeekNewest())
    if position == "oldest":
        return ab_pb2.SeekPosition(oldest=ab_pb2.SeekOldest())
    number = _MAX if position == "max" else position
    return ab_pb2.SeekPosition(specified=ab_pb2.SeekSpecified(number=number))


async def deliver(
    connections: Connections,
    node: Node,
    method: DeliverMethod[Answer],
    request: Envelope,
    what: str,
    *,
    deadline: float,
    kind: str = "block",
) -> AsyncGenerator[Answer, None]:
    """Yield a Deliver method's answers that hold a block (or another `kind` of content) until its SUCCESS.

    Raises Refused for any other status, Unreachable when the stream breaks, ends early or cannot be read.
    """
    call = method(await connections.channel(node))(timeout=deadline)
    try:
        await call.write(request)
        await end_requests(call)
        async for answer in call:
            # The channel turns what cannot be parsed into None, against its types.
            found = answer and answer.WhichOneof("Type")
            if found == kind:
                yield answer
            elif found != "status":
                raise unreadable(node, what, f"{kind} expected, {found or 'something else'} found")
            elif answer.status == common_pb2.SUCCESS:
                return
            else:
                raise refused_status(node, what, answer.status)
        raise unreachable(node, what, "the stream ended without a status")
    except grpc.aio.AioRpcError as error:
        raise connections.failure(node, what, error) from error
    finally:
        call.cancel()


async def one_block(
    connections: Connections,
    node: Node,
    channel: str,
    position: Position,
    signer: Signer,
    *,
    method: DeliverMethod[Answer],
    deadline: float,
    wait: bool = False,
    best_effort: bool = False,
) -> Block:
    """Return a block, asking again if the connection breaks. Raises Refused (NOT_FOUND) if there is none.

    `wait` until there is one. With `best_effort` an orderer answers also while its channel has no leader.
    """
    what = f"deliver block {position} of {channel}"

    async def attempt(left: float) -> Block:
        bound = connections.tls_cert_hash
        request = seek_envelope(
            channel, position, position, signer, wait=wait, best_effort=best_effort, tls_cert_hash=bound
        )
        async with aclosing(deliver(connections, node, method, request, what, deadline=left)) as answers:
            async for answer in answers:
                block = answer.block
                if isinstance(position, int) and block.header.number != position:
                    raise unreadable(node, what, f"it is block {block.header.number}")
                return block
        raise unreachable(node, what, "SUCCESS without a block")

    return await reading(attempt, deadline=deadline)


async def many_blocks(
    connections: Connections,
    node: Node,
    channel: str,
    start: int,
    stop: int,
    signer: Signer,
    *,
    method: DeliverMethod[Answer],
    deadline: float,
) -> AsyncGenerator[Block, None]:
    """Yield the blocks `start` to `stop` of the node's own ledger, of an orderer also without a leader.

    Raises as `deliver` does, after the blocks that came before; nothing is asked again.
    """
    what = f"deliver blocks {start} to {stop} of {channel}"
    request = seek_envelope(
        channel, start, stop, signer, best_effort=True, tls_cert_hash=connections.tls_cert_hash
    )
    async with aclosing(deliver(connections, node, method, request, what, deadline=deadline)) as answers:
        async for answer in answers:
            yield answer.block


async def one_config_block(
    connections: Connections,
    node: Node,
    channel: str,
    signer: Signer,
    *,
    method: DeliverMethod[Answer],
    deadline: float,
) -> Block:
    """Return the latest configuration block of the channel that this node has.

    Raises Unreachable when its newest block does not say which one that is.
    """
    clock = Deadline(deadline)
    read = partial(one_block, connections, node, channel, method=method)
    newest = await read("newest", signer, deadline=clock.left())
    try:
        number = last_config_index(newest)
    except ConfigtxError as error:
        raise unreadable(node, f"deliver block newest of {channel}", error.message) from error
    return newest if number == newest.header.number else await read(number, signer, deadline=clock.left())
