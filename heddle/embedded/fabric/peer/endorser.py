"""Serve Endorser: simulate a proposal and sign the result.

Source: core/endorser/endorser.go (Fabric 3.1.5).
"""

import logging
from dataclasses import dataclass, replace

from fabric_protos.peer import (
    chaincode_event_pb2,
    chaincode_pb2,
    proposal_pb2,
    proposal_response_pb2,
)

from heddle.embedded.fabric.access import Denied
from heddle.embedded.fabric.channelconfig import APPLICATION_WRITERS
from heddle.embedded.fabric.peer.chaincode import ChaincodeError, Message
from heddle.embedded.fabric.peer.channel import PeerChannel
from heddle.embedded.fabric.peer.definitions import LIFECYCLE
from heddle.embedded.fabric.peer.execution import Execution, endorsable
from heddle.embedded.fabric.peer.lifecycle import lifecycle
from heddle.embedded.fabric.peer.peer import Peer
from heddle.embedded.fabric.peer.proposal import (
    ProposalError,
    Unpacked,
    check_channel_policy,
    unpack,
    validate_proposal,
)
from heddle.embedded.fabric.peer.simulation import Simulation
from heddle.embedded.fabric.peer.system import cscc, error, qscc

__all__ = ["Endorser"]

_LOG = logging.getLogger("peer.endorser")
_SYSTEM_VERSION = "syscc"
_SYSTEM = {"cscc", "qscc", LIFECYCLE}
ERROR_THRESHOLD, ERROR = 400, 500


@dataclass(frozen=True, kw_only=True)
class _Result:
    """Hold the outcome of a simulation."""

    response: proposal_response_pb2.Response
    version: str
    results: bytes = b""
    event: chaincode_event_pb2.ChaincodeEvent | None = None


class Endorser:
    """Processes proposals of one peer."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def process(self, signed: proposal_pb2.SignedProposal) -> proposal_response_pb2.ProposalResponse:
        """Answer a proposal. Raises ProposalError before anything runs; the response tells other failures."""
        proposal = unpack(signed)
        channel = None
        if proposal.channel:
            channel = self._peer.channels.get(proposal.channel)
            if channel is None:
                return _failed(f"channel '{proposal.channel}' not found")
        self._check(proposal, channel)
        try:
            result = await self._simulate(proposal, channel)
        except ChaincodeError as problem:
            _LOG.warning("Failed to invoke chaincode %s: %s", proposal.chaincode, problem)
            return _failed(str(problem))
        return self._answer(proposal, channel, result)

    def _check(self, proposal: Unpacked, channel: PeerChannel | None) -> None:
        peer = self._peer
        validate_proposal(proposal, peer.members, channel.config if channel else None, peer.window)
        if channel is None:
            return
        if proposal.transaction_id in channel.places:
            creator = proposal.signature_header.creator.hex()
            raise ProposalError(
                f"duplicate transaction found [{proposal.transaction_id}]. Creator [{creator}]"
            )
        if proposal.chaincode not in _SYSTEM:
            try:
                check_channel_policy(channel.config, APPLICATION_WRITERS, proposal.data)
            except Denied as denied:
                raise ProposalError(str(denied)) from denied

    async def _simulate(self, proposal: Unpacked, channel: PeerChannel | None) -> _Result:
        match proposal.chaincode:
            case "cscc":
                return _Result(response=cscc(self._peer, proposal), version=_SYSTEM_VERSION)
            case "qscc":
                return _Result(response=qscc(self._peer, proposal), version=_SYSTEM_VERSION)
        simulation = Simulation(channel.state, proposal.transaction_id) if channel else None
        if proposal.chaincode == LIFECYCLE:
            response = lifecycle(self._peer, proposal, channel, simulation)
            result = _Result(response=response, version=_SYSTEM_VERSION)
        elif channel is None or simulation is None:
            raise ChaincodeError(
                f"make sure the chaincode {proposal.chaincode} has been successfully defined on channel  "
                "and try again: could not get channel config for channel ''"
            )
        else:
            result = await self._run(proposal, channel, simulation)
        if channel is None or simulation is None or result.response.status >= ERROR:
            return result
        try:
            await self._peer.exchange.distribute(
                channel, proposal.transaction_id, simulation.private_results()
            )
        except ChaincodeError as problem:
            raise ChaincodeError(f"error in simulation: {problem}") from problem
        return replace(result, results=simulation.results())

    async def _run(self, proposal: Unpacked, channel: PeerChannel, simulation: Simulation) -> _Result:
        name = proposal.chaincode
        try:
            _, defined = endorsable(self._peer, channel, name)
        except ChaincodeError as problem:
            raise ChaincodeError(
                f"make sure the chaincode {name} has been successfully defined on channel {channel.name} "
                f"and try again: {problem}"
            ) from problem
        execution = Execution(peer=self._peer, proposal=proposal)
        try:
            message = await execution.invoke(channel, simulation, name, proposal.input)
        except ChaincodeError as problem:
            words = f"failed to execute transaction {proposal.transaction_id}: {problem}"
            raise ChaincodeError(f"error in simulation: {words}") from problem
        if message.type == Message.ERROR:
            words = message.payload.decode(errors="replace")
            raise ChaincodeError(f"error in simulation: transaction returned with failure: {words}")
        response = proposal_response_pb2.Response.FromString(message.payload)
        event = message.chaincode_event if message.HasField("chaincode_event") else None
        if event is not None:
            event.chaincode_id, event.tx_id = name, proposal.transaction_id
        return _Result(response=response, version=defined.version, event=event)

    def _answer(
        self, proposal: Unpacked, channel: PeerChannel | None, result: _Result
    ) -> proposal_response_pb2.ProposalResponse:
        payload = _payload(proposal, result)
        response = result.response
        if response.status >= ERROR:
            return proposal_response_pb2.ProposalResponse(response=response, payload=payload)
        if channel is None or response.status >= ERROR_THRESHOLD:
            return proposal_response_pb2.ProposalResponse(response=response)
        signer = self._peer.signer
        answer = proposal_response_pb2.ProposalResponse(version=1, response=response, payload=payload)
        answer.endorsement.endorser = signer.serialized
        answer.endorsement.signature = signer.sign(payload + signer.serialized)
        return answer


def _payload(proposal: Unpacked, result: _Result) -> bytes:
    action = proposal_pb2.ChaincodeAction(
        response=result.response,
        results=result.results,
        events=result.event.SerializeToString() if result.event else b"",
        chaincode_id=chaincode_pb2.ChaincodeID(name=proposal.chaincode, version=result.version),
    )
    content = proposal_response_pb2.ProposalResponsePayload(
        proposal_hash=proposal.hash, extension=action.SerializeToString(deterministic=True)
    )
    return bytes(content.SerializeToString(deterministic=True))


def _failed(words: str) -> proposal_response_pb2.ProposalResponse:
    return proposal_response_pb2.ProposalResponse(response=error(words))
