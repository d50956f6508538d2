"""Serve Gateway's methods about what is committed: a transaction's status, and chaincode events.

Source: internal/pkg/gateway/{commitstatus,chaincodeevents}.go (Fabric 3.1.5).
"""

from collections.abc import AsyncIterator, Callable
from typing import Any, TypeAlias

import grpc
import grpc.aio
from fabric_protos.gateway import gateway_pb2
from fabric_protos.peer import chaincode_event_pb2

from heddle.embedded.fabric.access import Denied, SignedData
from heddle.embedded.fabric.channelconfig import APPLICATION_READERS
from heddle.embedded.fabric.malformed import MALFORMED
from heddle.embedded.fabric.peer.channel import PeerChannel
from heddle.embedded.fabric.peer.filtered import chaincode_events
from heddle.embedded.fabric.peer.peer import Peer
from heddle.embedded.fabric.peer.proposal import check_channel_policy
from heddle.embedded.fabric.peer.status import GatewayError

__all__ = ["Following"]

_CODE = grpc.StatusCode
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Event: TypeAlias = chaincode_event_pb2.ChaincodeEvent


class Following:
    """Answer clients that wait for a peer's blocks."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def commit_status(
        self, request: gateway_pb2.SignedCommitStatusRequest, _: Context
    ) -> gateway_pb2.CommitStatusResponse:
        """Wait until the transaction is in a block."""
        if not request.request:
            raise GatewayError(_CODE.INVALID_ARGUMENT, "a commit status request is required")
        try:
            content = gateway_pb2.CommitStatusRequest.FromString(request.request)
        except MALFORMED as error:
            raise GatewayError(_CODE.INVALID_ARGUMENT, f"invalid status request: {error}") from error
        for found, words in (
            (content.identity, "no identity provided"),
            (content.channel_id, "no channel ID provided"),
            (content.transaction_id, "transaction ID should not be empty"),
        ):
            if not found:
                raise GatewayError(_CODE.INVALID_ARGUMENT, words)
        signed = SignedData(request.request, content.identity, request.signature)
        place = await self._readable(content.channel_id, signed).settled(content.transaction_id)
        if place is None:
            raise GatewayError(_CODE.ABORTED, "the channel was closed")
        return gateway_pb2.CommitStatusResponse(result=place.code, block_number=place.block)

    async def chaincode_events(
        self, request: gateway_pb2.SignedChaincodeEventsRequest, _: Context
    ) -> AsyncIterator[gateway_pb2.ChaincodeEventsResponse]:
        """Yield the events of one chaincode, block by block, until the client has enough."""
        if not request.request:
            raise GatewayError(_CODE.INVALID_ARGUMENT, "a chaincode events request is required")
        try:
            content = gateway_pb2.ChaincodeEventsRequest.FromString(request.request)
        except MALFORMED as error:
            raise GatewayError(
                _CODE.INVALID_ARGUMENT, f"invalid chaincode events request: {error}"
            ) from error
        signed = SignedData(request.request, content.identity, request.signature)
        channel = self._readable(content.channel_id, signed)
        number, wanted = _start(channel, content), _matcher(content)
        while await channel.ledger.reached(number):
            found = [event for event in chaincode_events(channel.ledger.block(number)) if wanted(event)]
            if found:
                yield gateway_pb2.ChaincodeEventsResponse(block_number=number, events=found)
            number += 1
        raise GatewayError(_CODE.ABORTED, "the channel was closed")

    def _readable(self, name: str, signed: SignedData) -> PeerChannel:
        """Return the channel, if the signer may read it."""
        channel = self._peer.channels.get(name)
        if channel is None:
            words = f"Failed to get policy manager for channel [{name}]"
            raise GatewayError(_CODE.PERMISSION_DENIED, words)
        try:
            check_channel_policy(channel.config, APPLICATION_READERS, signed)
        except Denied as denied:
            raise GatewayError(_CODE.PERMISSION_DENIED, str(denied)) from denied
        return channel


def _start(channel: PeerChannel, request: gateway_pb2.ChaincodeEventsRequest) -> int:
    """Return the first block to look at: of the transaction seen last, else as asked, else the next one."""
    seen = channel.places.get(request.after_transaction_id)
    if seen is not None:
        return seen.block
    match request.start_position.WhichOneof("Type"):
        case None | "next_commit":
            return channel.ledger.height
        case "specified":
            return int(request.start_position.specified.number)
        case kind:
            words = f"invalid start position type: *orderer.SeekPosition_{kind.capitalize()}"
            raise GatewayError(_CODE.INVALID_ARGUMENT, words)


def _matcher(request: gateway_pb2.ChaincodeEventsRequest) -> Callable[[Event], bool]:
    """Return a filter for events of the chaincode after the transaction that the client saw last."""
    passed = not request.after_transaction_id

    def wanted(event: Event) -> bool:
        nonlocal passed
        if passed:
            return bool(event.chaincode_id == request.chaincode_id)
        passed = event.tx_id == request.after_transaction_id
        return False

    return wanted
