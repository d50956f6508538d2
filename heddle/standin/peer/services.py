"""The gRPC services of a peer: Endorser, Deliver, Gateway, and health."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import grpc
import grpc.aio
from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.peer import events_pb2, proposal_pb2, proposal_response_pb2, transaction_pb2

from heddle.standin.deliver import Delivery
from heddle.standin.peer.endorser import Endorser
from heddle.standin.peer.gateway import Gateway
from heddle.standin.peer.proposal import ProposalError
from heddle.standin.peer.status import GatewayError, abort
from heddle.standin.peer.transaction import Headers, endorsed
from heddle.standin.rpc import tls_certificate_of

__all__ = ["add_services"]

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Proto: TypeAlias = Any
"""A generated message or its class; they ship no types."""
Code = transaction_pb2.TxValidationCode


class _Services:
    def __init__(self, endorser: Endorser, delivery: Delivery) -> None:
        self._endorser = endorser
        self._delivery = delivery

    async def process_proposal(
        self, request: proposal_pb2.SignedProposal, context: Context
    ) -> proposal_response_pb2.ProposalResponse:
        """Refusals before anything runs are gRPC errors, all others responses."""
        try:
            return await self._endorser.process(request)
        except ProposalError as error:
            await context.abort(grpc.StatusCode.UNKNOWN, str(error))

    async def deliver(
        self, requests: AsyncIterator[common_pb2.Envelope], context: Context
    ) -> AsyncIterator[events_pb2.DeliverResponse]:
        """Whole blocks."""
        async for _, found in self._delivery.serve(requests, tls_certificate_of(context)):
            if isinstance(found, int):
                yield events_pb2.DeliverResponse(status=found)
            else:
                yield events_pb2.DeliverResponse(block=found)

    async def deliver_filtered(
        self, requests: AsyncIterator[common_pb2.Envelope], context: Context
    ) -> AsyncIterator[events_pb2.DeliverResponse]:
        """Transaction ids and validation codes only."""
        async for channel, found in self._delivery.serve(requests, tls_certificate_of(context)):
            if isinstance(found, int):
                yield events_pb2.DeliverResponse(status=found)
            else:
                yield events_pb2.DeliverResponse(filtered_block=_filtered(channel, found))


def _filtered(channel: str, block: common_pb2.Block) -> events_pb2.FilteredBlock:
    """Source: core/peer/deliverevents.go toFilteredBlock."""
    filtered = events_pb2.FilteredBlock(channel_id=channel, number=block.header.number)
    codes = block.metadata.metadata[common_pb2.TRANSACTIONS_FILTER]
    for code, data in zip(codes, block.data.data, strict=True):
        headers = Headers.of(common_pb2.Envelope.FromString(data))
        one = filtered.filtered_transactions.add(
            txid=headers.channel.tx_id, type=headers.channel.type, tx_validation_code=code
        )
        if headers.channel.type == common_pb2.ENDORSER_TRANSACTION:
            one.transaction_actions.SetInParent()
            if code == Code.VALID:
                _add_event(one, headers)
    return filtered


def _add_event(one: events_pb2.FilteredTransaction, headers: Headers) -> None:
    event = endorsed(headers).event
    if event.chaincode_id:
        event.payload = b""
        one.transaction_actions.chaincode_actions.add(chaincode_event=event)


def _refusing(method: Callable[[Any, Context], Awaitable[Any]]) -> Callable[[Any, Context], Awaitable[Any]]:
    """Turns a GatewayError into the gRPC status that it names."""

    async def call(request: Proto, context: Context) -> Proto:
        try:
            return await method(request, context)
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


def add_services(server: grpc.aio.Server, endorser: Endorser, delivery: Delivery, gateway: Gateway) -> None:
    """Register everything that the peer's listener answers."""
    services = _Services(endorser, delivery)
    pb = gateway_pb2
    endorsement = {
        "ProcessProposal": _unary(
            services.process_proposal, proposal_pb2.SignedProposal, proposal_response_pb2.ProposalResponse
        )
    }
    events = {"Deliver": _stream(services.deliver), "DeliverFiltered": _stream(services.deliver_filtered)}
    gateways = {
        "Evaluate": _unary(_refusing(gateway.evaluate), pb.EvaluateRequest, pb.EvaluateResponse),
        "Endorse": _unary(_refusing(gateway.endorse), pb.EndorseRequest, pb.EndorseResponse),
        "Submit": _unary(_refusing(gateway.submit), pb.SubmitRequest, pb.SubmitResponse),
        "CommitStatus": _unary(
            _refusing(gateway.commit_status), pb.SignedCommitStatusRequest, pb.CommitStatusResponse
        ),
    }
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler("protos.Endorser", endorsement),
            grpc.method_handlers_generic_handler("protos.Deliver", events),
            grpc.method_handlers_generic_handler("gateway.Gateway", gateways),
        )
    )
