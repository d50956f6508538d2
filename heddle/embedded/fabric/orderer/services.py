"""Serve an orderer's gRPC: AtomicBroadcast, and the calls of the other stand-ins."""

import json
import logging
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import grpc
import grpc.aio
from fabric_protos.common import common_pb2
from fabric_protos.orderer import ab_pb2, cluster_pb2, clusterserver_pb2

from heddle.configtx.filters import envelope_signed_data
from heddle.embedded.fabric.access import Denied, channel_header_of
from heddle.embedded.fabric.channelconfig import ORDERER_WRITERS
from heddle.embedded.fabric.deliver import Delivery
from heddle.embedded.fabric.malformed import MALFORMED
from heddle.embedded.fabric.metrics import Metrics
from heddle.embedded.fabric.orderer.chain import OrdererChain
from heddle.embedded.fabric.orderer.cluster import METHOD, SERVICE
from heddle.embedded.fabric.orderer.intake import Rejected
from heddle.embedded.fabric.orderer.messages import decode
from heddle.embedded.fabric.orderer.registrar import Registrar
from heddle.embedded.fabric.orderer.wishes import authenticated
from heddle.embedded.fabric.rpc import tls_certificate_of
from heddle.errors import ConfigtxError

__all__ = ["add_services"]

_LOG = logging.getLogger("orderer.services")
_STATUS = common_pb2.Status
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class _Services:
    def __init__(self, registrar: Registrar, delivery: Delivery, metrics: Metrics) -> None:
        self._registrar = registrar
        self._delivery = delivery
        self._metrics = metrics

    async def broadcast(
        self, requests: AsyncIterator[common_pb2.Envelope], _: Context
    ) -> AsyncIterator[ab_pb2.BroadcastResponse]:
        """Answer each envelope; end the stream at the first refusal, as upstream does."""
        async for envelope in requests:
            status, info = _STATUS.SUCCESS, ""
            try:
                await self._registrar.broadcast(envelope)
            except Rejected as refusal:
                status, info = refusal.status, str(refusal)
                _LOG.warning("Rejecting broadcast: %s: %s", _STATUS.Name(status), info)
            self._metrics.add("broadcast_processed_count", status=_STATUS.Name(status))
            yield ab_pb2.BroadcastResponse(status=status, info=info)
            if status != _STATUS.SUCCESS:
                return

    async def deliver(
        self, requests: AsyncIterator[common_pb2.Envelope], context: Context
    ) -> AsyncIterator[ab_pb2.DeliverResponse]:
        """Send the blocks asked for, then a status."""
        async for _, found in self._delivery.serve(requests, tls_certificate_of(context)):
            if isinstance(found, int):
                yield ab_pb2.DeliverResponse(status=found)
            else:
                yield ab_pb2.DeliverResponse(block=found)

    async def step(
        self, requests: AsyncIterator[cluster_pb2.StepRequest], context: Context
    ) -> AsyncIterator[cluster_pb2.StepResponse]:
        """Take messages of Raft's, which have no answers; end the stream where the channel is not here."""
        async for request in requests:
            channel = request.consensus_request.channel
            chain = self._registrar.served(channel)
            if chain is None:
                await context.abort(grpc.StatusCode.UNKNOWN, f"channel {channel} doesn't exist")
            await chain.wishes.take_transfer(request.consensus_request.payload)
        nothing: tuple[cluster_pb2.StepResponse, ...] = ()
        for response in nothing:
            yield response

    async def node_step(
        self, requests: AsyncIterator[clusterserver_pb2.ClusterNodeServiceStepRequest], context: Context
    ) -> AsyncIterator[clusterserver_pb2.ClusterNodeServiceStepResponse]:
        """Take messages of a BFT channel's consenter, which says first who it is; they have no answers."""
        chain, sender = None, 0
        async for request in requests:
            if chain is None:
                chain, sender = self._consenter(request.node_authrequest), request.node_authrequest.from_id
                if chain is None:
                    await context.abort(grpc.StatusCode.UNAUTHENTICATED, "access denied")
            else:
                await chain.wishes.take_view_change(sender, request.node_conrequest.payload)
        nothing: tuple[clusterserver_pb2.ClusterNodeServiceStepResponse, ...] = ()
        for response in nothing:
            yield response

    def _consenter(self, request: clusterserver_pb2.NodeAuthRequest) -> OrdererChain | None:
        """Return the channel whose consenter calls; None if it is no BFT channel's."""
        chain = self._registrar.served(request.channel)
        if chain is None or not chain.config.bft:
            return None
        return chain if authenticated(request, chain.config.settings.consenters, me=chain.me.id) else None

    async def cluster(self, request: bytes, _: Context) -> bytes:
        """Answer another orderer; a caller that is no member of an orderer organization is turned away."""
        try:
            answer = await self._answer(common_pb2.Envelope.FromString(request))
        except (*MALFORMED, ConfigtxError, KeyError, TypeError, Denied) as error:
            _LOG.warning("Rejecting a cluster call: %s", error)
            answer = {"error": str(error)}
        return json.dumps(answer).encode()

    async def _answer(self, envelope: common_pb2.Envelope) -> dict[str, Any]:
        chain = self._registrar.chain(channel_header_of(envelope).channel_id)
        if chain is None:
            return {"error": "channel does not exist"}
        chain.config.check(ORDERER_WRITERS, envelope_signed_data(envelope))
        return await chain.receive(decode(common_pb2.Payload.FromString(envelope.payload).data))


def add_services(server: grpc.aio.Server, registrar: Registrar, delivery: Delivery, metrics: Metrics) -> None:
    """Register everything that the orderer's listener answers."""
    services = _Services(registrar, delivery, metrics)
    broadcast = grpc.stream_stream_rpc_method_handler(
        services.broadcast,
        request_deserializer=common_pb2.Envelope.FromString,
        response_serializer=ab_pb2.BroadcastResponse.SerializeToString,
    )
    deliver = grpc.stream_stream_rpc_method_handler(
        services.deliver,
        request_deserializer=common_pb2.Envelope.FromString,
        response_serializer=ab_pb2.DeliverResponse.SerializeToString,
    )
    step = grpc.stream_stream_rpc_method_handler(
        services.step,
        request_deserializer=cluster_pb2.StepRequest.FromString,
        response_serializer=cluster_pb2.StepResponse.SerializeToString,
    )
    node_step = grpc.stream_stream_rpc_method_handler(
        services.node_step,
        request_deserializer=clusterserver_pb2.ClusterNodeServiceStepRequest.FromString,
        response_serializer=clusterserver_pb2.ClusterNodeServiceStepResponse.SerializeToString,
    )
    atomic = {"Broadcast": broadcast, "Deliver": deliver}
    cluster: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        METHOD: grpc.unary_unary_rpc_method_handler(services.cluster)
    }
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler("orderer.AtomicBroadcast", atomic),
            grpc.method_handlers_generic_handler("orderer.Cluster", {"Step": step}),
            grpc.method_handlers_generic_handler("orderer.ClusterNodeService", {"Step": node_step}),
            grpc.method_handlers_generic_handler(SERVICE, cluster),
        )
    )
