"""Serve Gateway: find endorsers and orderers for clients that know one peer only.

Source: internal/pkg/gateway/{evaluate,endorse,registry}.go (Fabric 3.1.5). Upstream computes beforehand who
must endorse; a stand-in asks one organization after the other until the policies are satisfied. CommitStatus
and ChaincodeEvents are in `following`.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import grpc
import grpc.aio
from fabric_protos.gateway import gateway_pb2
from fabric_protos.peer import proposal_pb2

from heddle.embedded.fabric.peer.channel import PeerChannel
from heddle.embedded.fabric.peer.definitions import Committed, definition
from heddle.embedded.fabric.peer.endorsements import Answer, Endorsements, assembled, refusal, response_of
from heddle.embedded.fabric.peer.endorser import Endorser
from heddle.embedded.fabric.peer.neighbours import Neighbour, one_of_each_first, roots_of
from heddle.embedded.fabric.peer.ordering import submit
from heddle.embedded.fabric.peer.peer import Peer
from heddle.embedded.fabric.peer.proposal import FilterError, ProposalError, Unpacked, unpack
from heddle.embedded.fabric.peer.status import GatewayError

__all__ = ["Gateway"]

_LOG = logging.getLogger("peer.gateway")
_CODE = grpc.StatusCode
_DEADLINE = 30.0
"""Seconds for an endorsement: peer.gateway.endorsementTimeout."""
_NOBODY = "no combination of peers can be derived which satisfy the endorsement policy"
_NOT_ENOUGH = "failed to collect enough transaction endorsements, see attached details for more info"
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class Gateway:
    """Serve the gateway of one peer."""

    def __init__(self, peer: Peer, endorser: Endorser, address: str) -> None:
        self._peer = peer
        self._endorser = endorser
        self._address = address

    # --- the service's methods

    async def evaluate(
        self, request: gateway_pb2.EvaluateRequest, _: Context
    ) -> gateway_pb2.EvaluateResponse:
        """Ask one peer and return what the chaincode says."""
        signed = request.proposed_transaction
        try:
            proposal = _unpacked(signed)
        except ProposalError as error:
            words = f"failed to unpack transaction proposal: {error}"
            raise GatewayError(_CODE.INVALID_ARGUMENT, words) from error
        channel = self._peer.channels.get(proposal.channel)
        if channel is None:
            words = f"failed to get config for channel [{proposal.channel}]: "
            words += f"could not get last config for channel {proposal.channel}"
            raise GatewayError(_CODE.UNAVAILABLE, words)
        own = self._peer.members.msp_id
        if own in (request.target_organizations or [own]) and _defined(channel, proposal):
            return gateway_pb2.EvaluateResponse(result=response_of(await self._evaluated(signed)))
        for neighbour in self._in(channel, request.target_organizations):
            answer = await self._ask(channel, neighbour, signed)
            if answer is not None and not refusal(answer):
                return gateway_pb2.EvaluateResponse(result=response_of(answer))
        where = f"chaincode {proposal.chaincode} in channel {proposal.channel}"
        raise GatewayError(_CODE.FAILED_PRECONDITION, f"no peers available to evaluate {where}")

    async def endorse(self, request: gateway_pb2.EndorseRequest, _: Context) -> gateway_pb2.EndorseResponse:
        """Gather enough endorsements and assemble the transaction for the client to sign."""
        signed = request.proposed_transaction
        if not signed.proposal_bytes:
            words = "the proposed transaction must contain a signed proposal"
            raise GatewayError(_CODE.INVALID_ARGUMENT, words)
        try:
            proposal = _unpacked(signed)
        except ProposalError as error:
            raise GatewayError(_CODE.INVALID_ARGUMENT, str(error)) from error
        channel = self._peer.channels.get(proposal.channel)
        if channel is None or not _defined(channel, proposal):
            raise GatewayError(_CODE.FAILED_PRECONDITION, _NOBODY)
        if request.endorsing_organizations:
            gathered = await self._from_all(channel, signed, request.endorsing_organizations)
        else:
            gathered = await self._from_enough(channel, proposal, signed)
        return gateway_pb2.EndorseResponse(prepared_transaction=assembled(proposal, gathered))

    async def submit(self, request: gateway_pb2.SubmitRequest, _: Context) -> gateway_pb2.SubmitResponse:
        """Hand the transaction to the ordering service."""
        if not request.HasField("prepared_transaction"):
            raise GatewayError(_CODE.INVALID_ARGUMENT, "a prepared transaction is required")
        if not request.prepared_transaction.signature:
            raise GatewayError(_CODE.INVALID_ARGUMENT, "prepared transaction must be signed")
        channel = self._peer.channels.get(request.channel_id)
        if channel is None:
            words = f"failed to get config for channel [{request.channel_id}]"
            raise GatewayError(_CODE.FAILED_PRECONDITION, words)
        await submit(channel, self._peer.dialled, request.prepared_transaction)
        return gateway_pb2.SubmitResponse()

    # --- endorsements

    async def _from_all(
        self, channel: PeerChannel, signed: proposal_pb2.SignedProposal, msp_ids: Sequence[str]
    ) -> Endorsements:
        """Return an endorsement of each organization that the client names as enough."""
        own = self._peer.members.msp_id
        others = {neighbour.msp_id for neighbour in self._in(channel, msp_ids)}
        missing = [msp_id for msp_id in msp_ids if msp_id != own and msp_id not in others]
        if missing:
            words = f"failed to find any endorsing peers for org(s): {', '.join(missing)}"
            raise GatewayError(_CODE.UNAVAILABLE, words)
        gathered = Endorsements()
        if own in msp_ids:
            _, answer, words = await self._local(signed)
            gathered.take(answer, words, self._address, own)
        for msp_id in others:
            await self._gather(gathered, channel, signed, msp_id)
        if len(gathered.endorsements) < len(set(msp_ids)):
            raise GatewayError(_CODE.ABORTED, _NOT_ENOUGH, gathered.details)
        return gathered

    async def _from_enough(
        self, channel: PeerChannel, proposal: Unpacked, signed: proposal_pb2.SignedProposal
    ) -> Endorsements:
        """Ask this peer first, then other organizations' until the policies are satisfied."""
        own = self._peer.members.msp_id
        _, answer, words = await self._local(signed)
        gathered = Endorsements()
        gathered.take(answer, words, self._address, own)
        if words:
            failed = "failed to endorse transaction, see attached details for more info"
            raise GatewayError(_CODE.ABORTED, failed, gathered.details)
        others = self._in(channel, channel.config.peer_msps)
        others.sort(key=lambda one: one.msp_id == own)  # a second one of this organization helps least
        for neighbour in one_of_each_first(others):
            if gathered.enough(proposal, channel):
                return gathered
            answer = await self._ask(channel, neighbour, signed)
            if answer is not None:
                gathered.take(answer, refusal(answer), neighbour.address, neighbour.msp_id)
        if gathered.enough(proposal, channel):
            return gathered
        if not gathered.details:
            raise GatewayError(_CODE.FAILED_PRECONDITION, _NOBODY)
        raise GatewayError(_CODE.ABORTED, _NOT_ENOUGH, gathered.details)

    async def _gather(
        self,
        gathered: Endorsements,
        channel: PeerChannel,
        signed: proposal_pb2.SignedProposal,
        msp_id: str,
    ) -> None:
        """Add the endorsement of the first of an organization's peers that gives one."""
        for neighbour in self._in(channel, [msp_id]):
            answer = await self._ask(channel, neighbour, signed)
            if answer is not None and gathered.take(answer, refusal(answer), neighbour.address, msp_id):
                return

    async def _evaluated(self, signed: proposal_pb2.SignedProposal) -> Answer:
        code, answer, words = await self._local(signed)
        if answer is not None and not words:
            return answer
        own = self._peer.members.msp_id
        detail = gateway_pb2.ErrorDetail(address=self._address, msp_id=own, message=words)
        retried = code in {_CODE.ABORTED, _CODE.UNAVAILABLE}
        failed = "failed to evaluate transaction, see attached details for more info"
        said = failed if retried else f"evaluate call to endorser returned error: {words}"
        raise GatewayError(code, said, [detail])

    async def _local(self, signed: proposal_pb2.SignedProposal) -> tuple[grpc.StatusCode, Answer | None, str]:
        """Return this peer's own answer, and the status and words that a refusal gets (responseStatus)."""
        try:
            answer = await self._endorser.process(signed)
        except FilterError as error:
            return _CODE.UNAVAILABLE, None, str(error)
        except ProposalError as error:
            return _CODE.FAILED_PRECONDITION, None, str(error)
        words = refusal(answer)
        return (_CODE.UNKNOWN if words.startswith("chaincode response") else _CODE.ABORTED), answer, words

    async def _ask(
        self, channel: PeerChannel, neighbour: Neighbour, signed: proposal_pb2.SignedProposal
    ) -> Answer | None:
        roots = roots_of(channel.config, neighbour.msp_id)
        method = self._peer.dialled.to(neighbour.address, roots).unary_unary(
            "/protos.Endorser/ProcessProposal",
            request_serializer=proposal_pb2.SignedProposal.SerializeToString,
            response_deserializer=Answer.FromString,
        )
        try:
            answer: Answer = await method(signed, timeout=_DEADLINE)
        except grpc.aio.AioRpcError as error:
            _LOG.warning("%s does not endorse: %s %s", neighbour.address, error.code().name, error.details())
            return None
        return answer

    def _in(self, channel: PeerChannel, msp_ids: Iterable[str]) -> list[Neighbour]:
        """Return the other peers of these organizations."""
        wanted = set(msp_ids)
        return [one for one in self._peer.exchange.neighbours(channel) if one.msp_id in wanted]


def _unpacked(signed: proposal_pb2.SignedProposal) -> Unpacked:
    if not signed.proposal_bytes:
        raise ProposalError("a signed proposal is required")
    proposal = unpack(signed)
    if not proposal.channel:
        raise ProposalError("no channel id provided")
    return proposal


def _defined(channel: PeerChannel, proposal: Unpacked) -> bool:
    return definition(Committed(channel.state), proposal.chaincode) is not None
