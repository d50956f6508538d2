"""Hand the gateway's transactions to the ordering service.

Source: internal/pkg/gateway/submit.go (Fabric 3.1.5).
"""

import asyncio
import random
from collections.abc import Sequence

import grpc
import grpc.aio
from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.orderer import ab_pb2

from heddle.calls import end_requests
from heddle.embedded.fabric.channelconfig import ChannelConfig
from heddle.embedded.fabric.peer.channel import PeerChannel
from heddle.embedded.fabric.peer.status import GatewayError
from heddle.embedded.fabric.rpc import Dialled, open_stream
from heddle.protobuf import enum_name
from heddle.quorum import quorum

__all__ = ["submit"]

_CODE = grpc.StatusCode
_DEADLINE = 30.0
"""Seconds for an orderer's answer: peer.gateway.broadcastTimeout."""
_EXISTS = "failed to submit request: request already exists"


async def submit(channel: PeerChannel, dialled: Dialled, envelope: common_pb2.Envelope) -> None:
    """Hand an envelope to the first orderer that takes it, or with BFT to a quorum. Raises GatewayError."""
    config, endpoints = channel.config, list(channel.gateway_orderers())
    if not endpoints:
        raise GatewayError(_CODE.UNAVAILABLE, "no orderer nodes available")
    random.shuffle(endpoints)
    if config.bft:
        await _to_quorum(config, dialled, envelope, endpoints)
    else:
        await _to_one(config, dialled, envelope, endpoints)


async def _to_one(
    config: ChannelConfig, dialled: Dialled, envelope: common_pb2.Envelope, endpoints: Sequence[str]
) -> None:
    details = []
    for address in endpoints:
        status, words = await _broadcast(config, dialled, address, envelope)
        if status == common_pb2.Status.SUCCESS:
            return
        if 400 <= status < 500:  # the client's mistake: no other orderer will think otherwise
            raise GatewayError(_CODE.ABORTED, words)
        if not status:
            details.append(gateway_pb2.ErrorDetail(address=address, message=words))
    raise GatewayError(_CODE.UNAVAILABLE, "no orderers could successfully process transaction", details)


async def _to_quorum(
    config: ChannelConfig, dialled: Dialled, envelope: common_pb2.Envelope, endpoints: Sequence[str]
) -> None:
    sent = [_broadcast(config, dialled, address, envelope) for address in endpoints]
    answers = await asyncio.gather(*sent)
    details = [
        gateway_pb2.ErrorDetail(address=address, message=words)
        for address, (status, words) in zip(endpoints, answers, strict=True)
        if status != common_pb2.Status.SUCCESS and not words.endswith(_EXISTS)
    ]
    count = len(endpoints)
    if count - len(details) < quorum(count, bft=True):
        words = (
            "insufficient number of orderers could successfully process transaction "
            "to satisfy quorum requirement"
        )
        raise GatewayError(_CODE.UNAVAILABLE, words, details)


async def _broadcast(
    config: ChannelConfig, dialled: Dialled, address: str, envelope: common_pb2.Envelope
) -> tuple[int, str]:
    """Return an orderer's status, 0 for none, and its words as a gateway repeats them."""
    call = open_stream(
        dialled.to(address, config.orderer_roots),
        "/orderer.AtomicBroadcast/Broadcast",
        common_pb2.Envelope,
        ab_pb2.BroadcastResponse,
        _DEADLINE,
    )
    try:
        await call.write(envelope)
        await end_requests(call)
        async for answer in call:
            name = enum_name(common_pb2.Status.DESCRIPTOR, answer.status)
            words = f"received unsuccessful response from orderer: status={name}, info={answer.info}"
            return answer.status, words
    except grpc.aio.AioRpcError as error:
        return 0, f"rpc error: code = {error.code().name} desc = {error.details()}"
    finally:
        call.cancel()
    return 0, "EOF"
