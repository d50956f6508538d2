"""The Gateway service: it finds endorsers and orderers for clients that know one peer only.

Source: internal/pkg/gateway (Fabric 3.1.5). Upstream finds peers of other organizations by gossip; a stand-in
asks the anchor peers of the channel's configuration. CommitStatus and ChaincodeEvents are in `following`.
"""

import logging
from collections.abc import Sequence
from typing import Any, TypeAlias

import grpc
import grpc.aio
from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.orderer import ab_pb2
from fabric_protos.peer import (
    proposal_pb2,
)

from heddle.standin.access import Denied
from heddle.standin.peer.channel import PeerChannel
from heddle.standin.peer.definitions import Committed, definition
from heddle.standin.peer.endorsements import Answer, Endorsements, assembled, refusal, response_of
from heddle.standin.peer.endorser import Endorser
from heddle.standin.peer.peer import Peer
from heddle.standin.peer.proposal import ProposalError, Unpacked, unpack
from heddle.standin.peer.status import GatewayError
from heddle.standin.rpc import open_stream

__all__ = ["Gateway"]

_LOG = logging.getLogger("peer.gateway")
_CODE = grpc.StatusCode
_DEADLINE = 30.0
"""Seconds; peer.gateway.endorsementTimeout and broadcastTimeout."""
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class Gateway:
    """One peer's gateway."""

    def __init__(self, peer: Peer, endorser: Endorser, address: str) -> None:
        self._peer = peer
        self._endorser = endorser
        self._address = address

    # --- the service's methods

    async def evaluate(
        self, request: gateway_pb2.EvaluateRequest, _: Context
    ) -> gateway_pb2.EvaluateResponse:
        """Ask one peer and return what the chaincode says."""
        proposal = self._unpacked(request.proposed_transaction)
        own = self._peer.members.msp_id
        wanted = list(request.target_organizations) or [own]
        if own in wanted:
            answer = await self._local(
                request.proposed_transaction, "evaluate call to endorser returned error: "
            )
        else:
            [(answer, *_rest)] = await self._ask_organizations(
                proposal, request.proposed_transaction, wanted[:1]
            )
        return gateway_pb2.EvaluateResponse(result=response_of(answer))

    async def endorse(self, request: gateway_pb2.EndorseRequest, _: Context) -> gateway_pb2.EndorseResponse:
        """Gather enough endorsements and assemble the transaction for the client to sign."""
        proposal = self._unpacked(request.proposed_transaction)
        channel = self._channel(proposal.channel)
        gathered = Endorsements()
        if request.endorsing_organizations:
            await self._gather(
                gathered, proposal, request.proposed_transaction, request.endorsing_organizations
            )
        else:
            await self._gather(gathered, proposal, request.proposed_transaction, [self._peer.members.msp_id])
            for msp_id in channel.config.peer_msps:
                if msp_id != self._peer.members.msp_id and not self._enough(channel, proposal, gathered):
                    await self._gather_if_there(gathered, proposal, request.proposed_transaction, msp_id)
            if not self._enough(channel, proposal, gathered):
                words = (
                    "failed to collect enough transaction endorsements, see attached details for more info"
                )
                raise GatewayError(_CODE.ABORTED, words, gathered.details)
        return gateway_pb2.EndorseResponse(prepared_transaction=assembled(proposal, gathered))

    async def submit(self, request: gateway_pb2.SubmitRequest, _: Context) -> gateway_pb2.SubmitResponse:
        """Hand the transaction to the first orderer that takes it."""
        if not request.prepared_transaction.signature:
            raise GatewayError(_CODE.INVALID_ARGUMENT, "prepared transaction must be signed")
        channel = self._channel(request.channel_id)
        details = []
        for address in channel.config.orderer_endpoints:
            words = await self._broadcast(address, channel, request.prepared_transaction)
            if not words:
                return gateway_pb2.SubmitResponse()
            details.append(gateway_pb2.ErrorDetail(address=address, message=words))
        words = "no orderers could successfully process transaction"
        raise GatewayError(_CODE.UNAVAILABLE, words, details)

    # --- endorsements

    async def _gather(
        self,
        gathered: Endorsements,
        proposal: Unpacked,
        signed: proposal_pb2.SignedProposal,
        msp_ids: Sequence[str],
    ) -> None:
        own = self._peer.members.msp_id
        if own in msp_ids:
            answer = await self._local(signed, "")
            gathered.add(answer, self._address, own)
        others = [msp_id for msp_id in msp_ids if msp_id != own]
        for answer, address, msp_id in await self._ask_organizations(proposal, signed, others):
            words = refusal(answer)
            if words:
                gathered.details.append(
                    gateway_pb2.ErrorDetail(address=address, msp_id=msp_id, message=words)
                )
            else:
                gathered.add(answer, address, msp_id)

    async def _gather_if_there(
        self,
        gathered: Endorsements,
        proposal: Unpacked,
        signed: proposal_pb2.SignedProposal,
        msp_id: str,
    ) -> None:
        """An organization whose peers do not answer is done without, where the policy can be."""
        try:
            await self._gather(gathered, proposal, signed, [msp_id])
        except GatewayError as error:
            if error.code is not _CODE.UNAVAILABLE:
                raise
            gathered.details.append(gateway_pb2.ErrorDetail(msp_id=msp_id, message=str(error)))

    async def _local(self, signed: proposal_pb2.SignedProposal, prefix: str) -> Answer:
        """This peer's own answer; a refusal becomes the status that upstream's gateway gives it."""
        code, words = None, ""
        try:
            answer = await self._endorser.process(signed)
            words = refusal(answer)
            code = _CODE.UNKNOWN if words.startswith("chaincode response") else _CODE.ABORTED
        except ProposalError as error:
            code, words = _CODE.FAILED_PRECONDITION, str(error)
        if not words:
            return answer
        own = self._peer.members.msp_id
        detail = gateway_pb2.ErrorDetail(address=self._address, msp_id=own, message=words)
        if prefix:
            retried = "failed to evaluate transaction, see attached details for more info"
            raise GatewayError(code, retried if code == _CODE.ABORTED else prefix + words, [detail])
        words = "failed to endorse transaction, see attached details for more info"
        raise GatewayError(_CODE.ABORTED, words, [detail])

    async def _ask_organizations(
        self, proposal: Unpacked, signed: proposal_pb2.SignedProposal, msp_ids: Sequence[str]
    ) -> list[tuple[Answer, str, str]]:
        """One answer per organization, from the first of its anchor peers that gives one."""
        settings = self._channel(proposal.channel).config.settings
        answers: list[tuple[Answer, str, str]] = []
        for organization in settings.peer_organizations:
            msp = organization.msp
            if msp.msp_id not in msp_ids:
                continue
            roots = b"\n".join((*msp.tls_root_certificates, *msp.tls_intermediate_certificates))
            for address in organization.anchor_peers:
                answer = await self._ask(address, roots, signed)
                if answer is not None:
                    answers.append((answer, address, msp.msp_id))
                    break
        missing = set(msp_ids) - {msp_id for _, _, msp_id in answers}
        if missing:
            words = f"no endorsers found in organization(s) {', '.join(sorted(missing))}: their anchor peers"
            raise GatewayError(_CODE.UNAVAILABLE, f"{words} do not answer, or the channel names none")
        return answers

    async def _ask(self, address: str, roots: bytes, signed: proposal_pb2.SignedProposal) -> Answer | None:
        method = self._peer.dialled.to(address, roots).unary_unary(
            "/protos.Endorser/ProcessProposal",
            request_serializer=proposal_pb2.SignedProposal.SerializeToString,
            response_deserializer=Answer.FromString,
        )
        try:
            answer: Answer = await method(signed, timeout=_DEADLINE)
        except grpc.aio.AioRpcError as error:
            _LOG.warning("%s does not endorse: %s %s", address, error.code().name, error.details())
            return None
        return answer

    def _enough(self, channel: PeerChannel, proposal: Unpacked, gathered: Endorsements) -> bool:
        defined = definition(Committed(channel.state), proposal.chaincode)
        if defined is None:
            return False
        try:
            channel.config.check_application_policy(defined.validation_parameter, *gathered.signed())
        except Denied:
            return False
        return True

    # --- small things

    def _unpacked(self, signed: proposal_pb2.SignedProposal) -> Unpacked:
        if not signed.proposal_bytes:
            raise GatewayError(
                _CODE.INVALID_ARGUMENT, "the proposed transaction must contain a signed proposal"
            )
        try:
            proposal = unpack(signed)
        except ProposalError as error:
            words = f"failed to unpack transaction proposal: {error}"
            raise GatewayError(_CODE.INVALID_ARGUMENT, words) from error
        self._channel(proposal.channel)
        return proposal

    def _channel(self, name: str) -> PeerChannel:
        channel = self._peer.channels.get(name)
        if channel is None:
            words = f"no peers available to evaluate chaincode in channel {name}: channel not found"
            raise GatewayError(_CODE.FAILED_PRECONDITION, words)
        return channel

    async def _broadcast(self, address: str, channel: PeerChannel, envelope: common_pb2.Envelope) -> str:
        """Why an orderer did not take it; empty when it did."""
        call = open_stream(
            self._peer.dialled.to(address, channel.config.orderer_roots),
            "/orderer.AtomicBroadcast/Broadcast",
            common_pb2.Envelope,
            ab_pb2.BroadcastResponse,
            _DEADLINE,
        )
        try:
            await call.write(envelope)
            await call.done_writing()
            async for answer in call:
                if answer.status == common_pb2.Status.SUCCESS:
                    return ""
                name = common_pb2.Status.Name(answer.status)
                return f"received unsuccessful response from orderer: status={name}, info={answer.info}"
        except grpc.aio.AioRpcError as error:
            return f"rpc error: code = {error.code().name} desc = {error.details()}"
        finally:
            call.cancel()
        return "the stream ended without an answer"
