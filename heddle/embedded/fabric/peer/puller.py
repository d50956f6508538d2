"""Fetch a channel's blocks from its orderers and commit them.

Source: core/deliverservice, internal/pkg/peer/blocksprovider (Fabric 3.1.5).
"""

import asyncio
import logging
import random

import grpc
import grpc.aio
from fabric_protos.common import common_pb2
from fabric_protos.orderer import ab_pb2

from heddle.configtx.envelope import signed_envelope
from heddle.embedded.fabric.deliver import tls_hash
from heddle.embedded.fabric.peer.channel import PeerChannel
from heddle.embedded.fabric.peer.exchange import Exchange
from heddle.embedded.fabric.rpc import Dialled, open_stream
from heddle.errors import ConfigtxError
from heddle.identity.signer import Signer
from heddle.protobuf import enum_name

__all__ = ["pull"]

_LOG = logging.getLogger("peer.puller")
FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0
"""Seconds between attempts while no orderer delivers; doubled each time."""


async def pull(
    channel: PeerChannel, exchange: Exchange, dialled: Dialled, signer: Signer, tls_certificate: bytes
) -> None:
    """Keep a channel up to date, until cancelled; goes from orderer to orderer when one fails."""
    wait = FIRST_WAIT
    while True:
        endpoints = list(channel.config.orderer_endpoints)
        random.shuffle(endpoints)
        for endpoint in endpoints:
            height = channel.ledger.height
            try:
                await _pull_from(endpoint, channel, exchange, dialled, signer, tls_certificate)
            except (grpc.aio.AioRpcError, ConfigtxError, OSError) as error:
                words = error.details() if isinstance(error, grpc.aio.AioRpcError) else error
                _LOG.warning("[%s] cannot pull from %s: %s", channel.name, endpoint, words)
            if channel.ledger.height > height:
                wait = FIRST_WAIT
        await asyncio.sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT)


async def _pull_from(
    endpoint: str,
    channel: PeerChannel,
    exchange: Exchange,
    dialled: Dialled,
    signer: Signer,
    tls_certificate: bytes,
) -> None:
    channel_to = dialled.to(endpoint, channel.config.orderer_roots)
    call = open_stream(
        channel_to, "/orderer.AtomicBroadcast/Deliver", common_pb2.Envelope, ab_pb2.DeliverResponse
    )
    try:
        await call.write(_seek(channel, signer, tls_certificate))
        async for answer in call:
            if answer.WhichOneof("Type") == "status":
                name = enum_name(common_pb2.Status.DESCRIPTOR, answer.status)
                _LOG.warning("[%s] %s ends delivery: %s", channel.name, endpoint, name)
                return
            if answer.block.header.number == channel.ledger.height:
                channel.commit(answer.block, await exchange.gather(channel, answer.block))
    finally:
        call.cancel()


def _seek(channel: PeerChannel, signer: Signer, tls_certificate: bytes) -> common_pb2.Envelope:
    info = ab_pb2.SeekInfo(behavior=ab_pb2.SeekInfo.BLOCK_UNTIL_READY)
    info.start.specified.number = channel.ledger.height
    info.stop.specified.number = 2**64 - 1
    return signed_envelope(
        common_pb2.DELIVER_SEEK_INFO,
        channel.name,
        info.SerializeToString(),
        signer,
        tls_cert_hash=tls_hash(tls_certificate),
    )
