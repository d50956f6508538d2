"""Wait for transactions on a peer, and tell whether they are valid there (core/peer/deliverevents.go)."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import grpc
from fabric_protos.common import common_pb2
from fabric_protos.common.common_pb2 import Envelope
from fabric_protos.peer import events_pb2, events_pb2_grpc
from google.protobuf.message import DecodeError

from heddle.errors import Refused, Unreachable
from heddle.fabric.answers import unreadable, validation_code
from heddle.fabric.connection import Connections
from heddle.fabric.deliver import Position, deliver, many_blocks, one_block, one_config_block, seek_envelope
from heddle.fabric.failures import unreachable
from heddle.fabric.node import Node
from heddle.identity.signer import Signer
from heddle.waiting import Deadline, reading, retry

__all__ = ["Commit", "CommitWatch", "config_block", "deliver_block", "deliver_blocks", "watch_commits"]

_HINTS = {
    "MVCC_READ_CONFLICT": "Another transaction changed what it had read: read again and try again.",
    "PHANTOM_READ_CONFLICT": "Another transaction changed what it had read: read again and try again.",
    "ENDORSEMENT_POLICY_FAILURE": "Its endorsements do not satisfy the chaincode's policy: ask more peers.",
}


@dataclass(frozen=True, kw_only=True)
class Commit:
    """Locate a transaction in a block. `code` is its TxValidationCode, "VALID" when it changed the state."""

    transaction_id: str
    block: int
    code: str

    def expect_valid(self, where: str) -> "Commit":
        """Return the commit itself. Raises Refused when the peer found the transaction invalid."""
        if self.code == "VALID":
            return self
        raise Refused(
            f"{where}: transaction {self.transaction_id} in block {self.block}: {self.code}",
            words=self.code,
            hint=_HINTS.get(self.code, "It changed nothing. Look at the peer's log for the reason."),
        )


_Deliver: TypeAlias = grpc.aio.StreamStreamMultiCallable[Envelope, events_pb2.DeliverResponse]


def _filtered(channel: grpc.aio.Channel) -> _Deliver:
    return events_pb2_grpc.DeliverStub(channel).DeliverFiltered


def _blocks(channel: grpc.aio.Channel) -> _Deliver:
    return events_pb2_grpc.DeliverStub(channel).Deliver


class CommitWatch:
    """Follow the blocks of one peer as it commits them; made by `watch_commits`."""

    def __init__(
        self, connections: Connections, node: Node, channel: str, signer: Signer, *, deadline: float
    ) -> None:
        self._connections = connections
        self._node = node
        self._channel = channel
        self._signer = signer
        self._clock = Deadline(deadline)
        self._next: Position = "newest"
        self._stream: AsyncGenerator[events_pb2.DeliverResponse, None] | None = None
        self._seen: dict[str, Commit] = {}

    async def start(self, position: Position = "newest") -> None:
        """Read the first block: from then on nothing can be missed."""
        self._next = position
        await reading(lambda _: self._advance(), deadline=self._clock.left())

    async def transaction(self, transaction_id: str, *, patience: float | None = None) -> Commit:
        """Wait for a transaction's commit, valid or not. Raises Unreachable if there is none at the deadline.

        `patience` ends this wait earlier, and the watch goes on. A stream that breaks is taken up where it
        ended.
        """
        try:
            async with asyncio.timeout(patience):
                return await self._until(transaction_id)
        except TimeoutError as error:
            what = f"transaction {transaction_id} on {self._channel}"
            raise unreachable(self._node, what, f"in no block within {patience:.0f} s") from error

    async def _until(self, transaction_id: str) -> Commit:
        while transaction_id not in self._seen:
            try:
                await retry(lambda _: self._advance(), deadline=self._clock)
            except Unreachable as error:
                raise unreachable(
                    self._node,
                    f"transaction {transaction_id} on {self._channel}",
                    f"in no block within {self._clock.seconds:.0f} s ({error.message})",
                ) from error
        return self._seen[transaction_id]

    async def close(self) -> None:
        """End the stream of blocks."""
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.aclose()

    async def _advance(self) -> None:
        """Read the next block as the peer filters it."""
        what = f"deliver filtered blocks of {self._channel}"
        if self._stream is None:
            bound = self._connections.tls_cert_hash
            request = seek_envelope(
                self._channel, self._next, "max", self._signer, wait=True, tls_cert_hash=bound
            )
            left = self._clock.left()
            self._stream = deliver(
                self._connections, self._node, _filtered, request, what, deadline=left, kind="filtered_block"
            )
        try:
            block = (await anext(self._stream)).filtered_block
        except StopAsyncIteration:
            await self.close()
            raise unreachable(self._node, what, "the stream ended") from None
        except Refused as refusal:
            await self.close()
            if refusal.status != common_pb2.BAD_REQUEST:
                raise
            # Peers cannot filter a block in which somebody sent what is no transaction.
            await self._take_whole()
            return
        except BaseException:
            await self.close()
            raise
        self._next = block.number + 1
        for entry in block.filtered_transactions:
            code = validation_code(entry.tx_validation_code)
            commit = Commit(transaction_id=entry.txid, block=block.number, code=code)
            # The first counts: a copy that came later is DUPLICATE_TXID.
            self._seen.setdefault(entry.txid, commit)

    async def _take_whole(self) -> None:
        """Read the next block as it stands on the ledger."""
        left = self._clock.left()
        block = await deliver_block(
            self._connections, self._node, self._channel, self._next, self._signer, deadline=left, wait=True
        )
        codes = b"".join(block.metadata.metadata[common_pb2.TRANSACTIONS_FILTER :][:1])
        if len(codes) != len(block.data.data):
            raise unreadable(self._node, f"block {block.header.number}", "not a code for each transaction")
        self._next = block.header.number + 1
        for content, code in zip(block.data.data, codes, strict=True):
            with suppress(DecodeError):
                payload = common_pb2.Payload.FromString(common_pb2.Envelope.FromString(content).payload)
                header = common_pb2.ChannelHeader.FromString(payload.header.channel_header)
                found = Commit(
                    transaction_id=header.tx_id, block=block.header.number, code=validation_code(code)
                )
                self._seen.setdefault(header.tx_id, found)


@asynccontextmanager
async def watch_commits(
    connections: Connections, node: Node, channel: str, signer: Signer, *, deadline: float
) -> AsyncIterator[CommitWatch]:
    """Watch a peer's commits from now on: enter before you send the transaction.

    The signer must be among the channel's readers (ACL event/FilteredBlock).
    """
    watch = CommitWatch(connections, node, channel, signer, deadline=deadline)
    try:
        await watch.start()
        yield watch
    finally:
        await watch.close()


deliver_block = partial(one_block, method=_blocks)
"""Return a block of the peer's ledger; with `wait`, once the peer has committed it."""

deliver_blocks = partial(many_blocks, method=_blocks)
"""Yield blocks of the peer's ledger, one after the other."""

config_block = partial(one_config_block, method=_blocks)
"""Return the channel's latest configuration block that the peer has committed."""
