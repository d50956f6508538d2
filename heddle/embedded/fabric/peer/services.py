"""Serve a peer's gRPC: Endorser, Deliver, Gateway, and health."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import grpc
import grpc.aio
from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.gossip import message_pb2
from fabric_protos.peer import events_pb2, proposal_pb2, proposal_response_pb2

from heddle.embedded.fabric.deliver import Delivery
from heddle.embedded.fabric.malformed import MALFORMED
from heddle.embedded.fabric.peer.channel import PeerChannel
from heddle.embedded.fabric.peer.disclosure import Asked, disclosed
from heddle.embedded.fabric.peer.endorser import Endorser
from heddle.embedded.fabric.peer.exchange import METHODS, SERVICE, Exchange
from heddle.embedded.fabric.peer.filtered import filtered_block
from heddle.embedded.fabric.peer.following import Following
from heddle.embedded.fabric.peer.gateway import Gateway
from heddle.embedded.fabric.peer.proposal import ProposalError
from heddle.embedded.fabric.peer.status import GatewayError, abort
from heddle.embedded.fabric.rpc import tls_certificate_of

__all__ = ["add_exchange", "add_services"]

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Proto: TypeAlias = Any
"""A message of any service, or its class."""


class _Services:
    def __init__(self, endorser: Endorser, delivery: Delivery, channels: Mapping[str, PeerChannel]) -> None:
        self._endorser = endorser
        self._delivery = delivery
        self._channels = channels

    async def process_proposal(
        self, request: proposal_pb2.SignedProposal, context: Context
    ) -> proposal_response_pb2.ProposalResponse:
        """Endorse a proposal. Refusals before anything runs are gRPC errors, all others responses."""
        try:
            return await self._endorser.process(request)
        except ProposalError as error:
            await context.abort(grpc.StatusCode.UNKNOWN, str(error))

    async def deliver(
        self, requests: AsyncIterator[common_pb2.Envelope], context: Context
    ) -> AsyncIterator[events_pb2.DeliverResponse]:
        """Deliver whole blocks of a channel."""
        async for _, found in self._delivery.serve(requests, tls_certificate_of(context)):
            if isinstance(found, int):
                yield events_pb2.DeliverResponse(status=found)
            else:
                yield events_pb2.DeliverResponse(block=found)

    async def deliver_filtered(
        self, requests: AsyncIterator[common_pb2.Envelope], context: Context
    ) -> AsyncIterator[events_pb2.DeliverResponse]:
        """Deliver transaction ids and validation codes only."""
        async for channel, found in self._delivery.serve(requests, tls_certificate_of(context)):
            if isinstance(found, int):
                yield events_pb2.DeliverResponse(status=found)
                continue
            try:
                yield events_pb2.DeliverResponse(filtered_block=filtered_block(channel, found))
            except MALFORMED:
                # As upstream: the stream goes on after it.
                yield events_pb2.DeliverResponse(status=common_pb2.Status.BAD_REQUEST)

    async def deliver_with_private_data(
        self, requests: AsyncIterator[common_pb2.Envelope], context: Context
    ) -> AsyncIterator[events_pb2.DeliverResponse]:
        """Deliver whole blocks, each with the private data that the client may see."""
        asked = Asked(requests)
        async for channel, found in self._delivery.serve(aiter(asked), tls_certificate_of(context)):
            if isinstance(found, int):
                yield events_pb2.DeliverResponse(status=found)
            else:
                both = disclosed(self._channels[channel], found, asked.signed)
                yield events_pb2.DeliverResponse(block_and_private_data=both)


def _refusing(method: Callable[[Any, Context], Awaitable[Any]]) -> Callable[[Any, Context], Awaitable[Any]]:
    """Turn a GatewayError into the gRPC status that it names."""

    async def call(request: Proto, context: Context) -> Proto:
        try:
            return await method(request, context)
        except GatewayError as error:
            await abort(context, error)

    return call


def _refusing_stream(
    method: Callable[[Any, Context], AsyncIterator[Any]],
) -> Callable[[Any, Context], AsyncIterator[Any]]:
    """Turn errors into statuses as `_refusing` does, for a method that answers with a stream."""

    async def call(request: Proto, context: Context) -> AsyncIterator[Proto]:
        try:
            async for answer in method(request, context):
                yield answer
        except GatewayError as error:
            await abort(context, error)

    return call


def _unary(method: Callable[..., Any], request: Proto, response: Proto) -> "grpc.RpcMethodHandler[Any, Any]":
    return grpc.unary_unary_rpc_method_handler(
        method, request_deserializer=request.FromString, response_serializer=response.SerializeToString
    )


def _stream(method: Callable[..., Any]) -> "grpc.RpcMethodHandler[Any, Any]":
    return grpc.stream_stream_rpc_method_handler(
        method,
        request_deserializer=common_pb2.Envelope.FromString,
        response_serializer=events_pb2.DeliverResponse.SerializeToString,
    )


def _gateway_methods(gateway: Gateway, following: Following) -> "dict[str, grpc.RpcMethodHandler[Any, Any]]":
    pb = gateway_pb2
    events = grpc.unary_stream_rpc_method_handler(
        _refusing_stream(following.chaincode_events),
        request_deserializer=pb.SignedChaincodeEventsRequest.FromString,
        response_serializer=pb.ChaincodeEventsResponse.SerializeToString,
    )
    return {
        "Evaluate": _unary(_refusing(gateway.evaluate), pb.EvaluateRequest, pb.EvaluateResponse),
        "Endorse": _unary(_refusing(gateway.endorse), pb.EndorseRequest, pb.EndorseResponse),
        "Submit": _unary(_refusing(gateway.submit), pb.SubmitRequest, pb.SubmitResponse),
        "CommitStatus": _unary(
            _refusing(following.commit_status), pb.SignedCommitStatusRequest, pb.CommitStatusResponse
        ),
        "ChaincodeEvents": events,
    }


def _exchange_method(exchange: Exchange, name: str) -> "grpc.RpcMethodHandler[Any, Any]":
    """Return the method of a call that stand-ins have among themselves."""

    async def call(request: common_pb2.Envelope, context: Context) -> Proto:
        try:
            return await exchange.answer(name, request)
        except PermissionError as error:
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, str(error))
        except MALFORMED as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))

    return _unary(call, common_pb2.Envelope, message_pb2.GossipMessage)


def add_exchange(server: grpc.aio.Server, exchange: Exchange) -> None:
    """Register what other stand-ins ask."""
    methods = {name: _exchange_method(exchange, name) for name in METHODS}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))


def add_services(
    server: grpc.aio.Server,
    endorser: Endorser,
    delivery: Delivery,
    gateway: Gateway,
    following: Following,
    channels: Mapping[str, PeerChannel],
) -> None:
    """Register everything that the peer's listener answers."""
    services = _Services(endorser, delivery, channels)
    endorsement = {
        "ProcessProposal": _unary(
            services.process_proposal, proposal_pb2.SignedProposal, proposal_response_pb2.ProposalResponse
        )
    }
    events = {
        "Deliver": _stream(services.deliver),
        "DeliverFiltered": _stream(services.deliver_filtered),
        "DeliverWithPrivateData": _stream(services.deliver_with_private_data),
    }
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler("protos.Endorser", endorsement),
            grpc.method_handlers_generic_handler("protos.Deliver", events),
            grpc.method_handlers_generic_handler("gateway.Gateway", _gateway_methods(gateway, following)),
        )
    )
