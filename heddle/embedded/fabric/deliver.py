"""Deliver a channel's blocks: the same service on orderers and peers.

Source: common/deliver/{deliver,acl,binding}.go, common/ledger/blockledger/fileledger/impl.go (Fabric 3.1.5).
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from fabric_protos.common import common_pb2
from fabric_protos.orderer import ab_pb2

from heddle.configtx.blocks import is_config_block
from heddle.configtx.filters import envelope_signed_data
from heddle.embedded.fabric.access import Denied, SignedData
from heddle.embedded.fabric.ledger import Ledger
from heddle.embedded.fabric.malformed import MALFORMED
from heddle.errors import ConfigtxError

__all__ = ["Chain", "Delivery", "Seek", "tls_hash"]

_LOG = logging.getLogger("deliver")
_STATUS = common_pb2.Status


class Chain(Protocol):
    """Name what delivery needs of a channel."""

    @property
    def ledger(self) -> Ledger:
        """Return the ledger with the channel's blocks."""

    @property
    def sequence(self) -> int:
        """Return the number of its configuration; readers are checked again when it grows."""

    def errored(self) -> bool:
        """Tell whether consensus is broken, so that readers who care are turned away."""

    def check_reader(self, data: SignedData) -> None:
        """Raise Denied unless the signer may read and has not expired."""


@dataclass(frozen=True, kw_only=True)
class Seek:
    """A request that was read: channel, signature, what is wanted."""

    channel: str
    signed: SignedData
    info: ab_pb2.SeekInfo


class _Stop(Exception):  # noqa: N818 - an answer, not a mistake
    def __init__(self, status: common_pb2.Status.ValueType) -> None:
        super().__init__(status)
        self.status = status


def tls_hash(pem: bytes) -> bytes:
    """Return the SHA-256 of the certificate's DER, as `ChannelHeader.tls_cert_hash`; empty for none."""
    if not pem:
        return b""
    return hashlib.sha256(x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)).digest()


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Deliver the blocks of one node's channels.

    Args:
        chain_of: the channel, or None when this node does not serve it.
        window: seconds by which a client's clock may differ.
        bound: whether requests must carry the hash of the client's TLS certificate (mutual TLS).
    """

    chain_of: Callable[[str], Chain | None]
    window: float = 15 * 60
    bound: bool = False

    async def serve(
        self, requests: AsyncIterator[common_pb2.Envelope], certificate: bytes
    ) -> AsyncIterator[tuple[str, common_pb2.Block | common_pb2.Status.ValueType]]:
        """Answer a stream: `(channel, block)` for each block, then `(channel, status)`.

        Args:
            requests: the client's envelopes; each is answered in full before the next is read.
            certificate: the client's TLS certificate, PEM.
        """
        async for envelope in requests:
            channel = ""
            try:
                seek = self._parsed(envelope, certificate)
                channel = seek.channel
                async for block in self._blocks(seek):
                    yield channel, block
            except _Stop as stop:
                yield channel, stop.status
                return
            yield channel, _STATUS.SUCCESS

    def _parsed(self, envelope: common_pb2.Envelope, certificate: bytes) -> Seek:
        try:
            payload = common_pb2.Payload.FromString(envelope.payload)
            header = common_pb2.ChannelHeader.FromString(payload.header.channel_header)
            info = ab_pb2.SeekInfo.FromString(payload.data)
            signed = envelope_signed_data(envelope)
        except (*MALFORMED, ConfigtxError) as error:
            raise _bad("malformed envelope: %s", error) from error
        if not header.HasField("timestamp"):
            raise _bad("channel header in envelope must contain timestamp")
        if abs(time.time() - header.timestamp.seconds) > self.window:
            raise _bad("envelope timestamp %s is more than %s apart", header.timestamp.seconds, self.window)
        if self.bound and header.tls_cert_hash != tls_hash(certificate):
            raise _bad("claimed TLS cert hash does not match the client's certificate, or there is none")
        return Seek(channel=header.channel_id, signed=signed, info=info)

    async def _blocks(self, seek: Seek) -> AsyncIterator[common_pb2.Block]:
        chain = self.chain_of(seek.channel)
        if chain is None:
            raise _Stop(_STATUS.NOT_FOUND)
        strict = seek.info.error_response == ab_pb2.SeekInfo.STRICT
        if strict and chain.errored():
            raise _Stop(_STATUS.SERVICE_UNAVAILABLE)
        checked = self._checked(chain, seek)
        number, stop = _bounds(chain.ledger, seek.info)
        while stop is None or number <= stop:
            if seek.info.behavior == ab_pb2.SeekInfo.FAIL_IF_NOT_READY and number >= chain.ledger.height:
                raise _Stop(_STATUS.NOT_FOUND)
            await self._ready(chain, number, strict=strict)
            if chain.sequence != checked:
                checked = self._checked(chain, seek)
            yield _shown(chain.ledger.block(number), seek.info)
            number += 1

    def _checked(self, chain: Chain, seek: Seek) -> int:
        try:
            chain.check_reader(seek.signed)
        except Denied as denied:
            _LOG.warning("[channel: %s] Client is not authorized: %s", seek.channel, denied)
            raise _Stop(_STATUS.FORBIDDEN) from denied
        return chain.sequence

    async def _ready(self, chain: Chain, number: int, *, strict: bool) -> None:
        while chain.ledger.height <= number:
            waiting = asyncio.ensure_future(chain.ledger.reached(number))
            done, _ = await asyncio.wait([waiting], timeout=0.5)
            if not done:
                waiting.cancel()
                if strict and chain.errored():
                    raise _Stop(_STATUS.SERVICE_UNAVAILABLE)
            elif not waiting.result():
                raise _Stop(_STATUS.NOT_FOUND)


def _shown(block: common_pb2.Block, info: ab_pb2.SeekInfo) -> common_pb2.Block:
    """Return the block, or what is enough to know that it exists: of a configuration always everything."""
    if info.content_type != ab_pb2.SeekInfo.HEADER_WITH_SIG or is_config_block(block):
        return block
    return common_pb2.Block(header=block.header, metadata=block.metadata)


def _bounds(ledger: Ledger, info: ab_pb2.SeekInfo) -> tuple[int, int | None]:
    """Return the first block and the last; None when there is no last."""
    if info.start.WhichOneof("Type") is None or info.stop.WhichOneof("Type") is None:
        raise _bad("seekInfo with missing start or stop")
    start = _position(ledger, info.start)
    if start > ledger.height:
        raise _Stop(_STATUS.NOT_FOUND)
    match info.stop.WhichOneof("Type"):
        case "oldest":
            return start, start
        case "newest":
            return start, start if info.start == info.stop else ledger.height - 1
        case "specified":
            if info.stop.specified.number < start:
                raise _bad("start number %d greater than stop number %d", start, info.stop.specified.number)
            return start, info.stop.specified.number
    return start, None


def _position(ledger: Ledger, position: ab_pb2.SeekPosition) -> int:
    match position.WhichOneof("Type"):
        case "oldest":
            return 0
        case "newest":
            return ledger.height - 1
        case "specified":
            return int(position.specified.number)
    return ledger.height


def _bad(words: str, *arguments: object) -> _Stop:
    _LOG.warning("Rejecting deliver request: " + words, *arguments)
    return _Stop(_STATUS.BAD_REQUEST)
