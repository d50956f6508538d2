"""The Endorser service: simulate a proposal and sign the result.

Source: core/endorser/endorser.go (Fabric 3.1.5).
"""

import logging
from dataclasses import dataclass

from fabric_protos.peer import (
    chaincode_event_pb2,
    chaincode_pb2,
    proposal_pb2,
    proposal_response_pb2,
)

from heddle.standin.access import Denied
from heddle.standin.channelconfig import APPLICATION_WRITERS
from heddle.standin.peer.chaincode import ChaincodeError, Invocation, Message
from heddle.standin.peer.channel import PeerChannel
from heddle.standin.peer.definitions import LIFECYCLE, Committed, Definition, approval, definition
from heddle.standin.peer.lifecycle import lifecycle
from heddle.standin.peer.packages import Package
from heddle.standin.peer.peer import Peer
from heddle.standin.peer.proposal import (
    ProposalError,
    Unpacked,
    check_channel_policy,
    unpack,
    validate_proposal,
)
from heddle.standin.peer.simulation import Simulation
from heddle.standin.peer.system import cscc, error, qscc

__all__ = ["Endorser"]

_LOG = logging.getLogger("peer.endorser")
_SYSTEM_VERSION = "syscc"
_SYSTEM = {"cscc", "qscc", LIFECYCLE}
_INITIALIZED = "\x00initialized"
ERROR_THRESHOLD, ERROR = 400, 500


@dataclass(frozen=True, kw_only=True)
class _Result:
    """What a simulation gave."""

    response: proposal_response_pb2.Response
    version: str
    results: bytes = b""
    event: chaincode_event_pb2.ChaincodeEvent | None = None


class Endorser:
    """Processes proposals of one peer."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def process(self, signed: proposal_pb2.SignedProposal) -> proposal_response_pb2.ProposalResponse:
        """Raises ProposalError for what is refused before it runs; other failures are in the response."""
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
        simulation = Simulation(channel.state) if channel else None
        if proposal.chaincode == LIFECYCLE:
            response = lifecycle(self._peer, proposal, channel, simulation)
            results = simulation.results() if simulation else b""
            return _Result(response=response, version=_SYSTEM_VERSION, results=results)
        if channel is None or simulation is None:
            raise ChaincodeError(
                f"make sure the chaincode {proposal.chaincode} has been successfully defined on channel  "
                "and try again: could not get channel config for channel ''"
            )
        return await self._run(proposal, channel, simulation)

    async def _run(self, proposal: Unpacked, channel: PeerChannel, simulation: Simulation) -> _Result:
        name = proposal.chaincode
        package, defined = self._package(channel, name)
        kind = _initialization(proposal, defined, simulation)
        invocation = Invocation(
            name=name,
            channel=channel.name,
            transaction_id=proposal.transaction_id,
            proposal=proposal.signed,
            input=proposal.input,
            simulation=simulation,
            kind=kind,
        )
        try:
            response, event = await self._peer.server(package).execute(invocation)
        except ChaincodeError as problem:
            raise ChaincodeError(f"error in simulation: {problem}") from problem
        if event is not None:
            event.chaincode_id, event.tx_id = name, proposal.transaction_id
        return _Result(response=response, version=defined.version, results=simulation.results(), event=event)

    def _package(self, channel: PeerChannel, name: str) -> tuple[Package, Definition]:
        """The package that this organization approved for the committed definition, and the definition."""
        reads = Committed(channel.state)
        defined = definition(reads, name)
        words = (
            f"make sure the chaincode {name} has been successfully defined on channel {channel.name} "
            "and try again: "
        )
        if defined is None:
            raise ChaincodeError(f"{words}chaincode {name} not found")
        own = approval(reads, self._peer.members.msp_id, name, defined.sequence)
        if own is None:
            raise ChaincodeError(
                f"{words}chaincode definition for '{name}' at sequence {defined.sequence} on channel "
                f"'{channel.name}' has not yet been approved by this org"
            )
        package = self._peer.packages.get(own.source.local_package.package_id)
        if package is None:
            raise ChaincodeError(
                f"{words}chaincode definition for '{name}' exists, but chaincode is not installed"
            )
        return package, defined

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


def _initialization(proposal: Unpacked, defined: Definition, simulation: Simulation) -> int:
    """Whether the chaincode's Init or Invoke is called (chaincode_support.go CheckInvocation)."""
    name = proposal.chaincode
    words = ""
    if proposal.input.is_init and not defined.init_required:
        words = f"chaincode '{name}' does not require initialization but called as init"
    if defined.init_required:
        done = simulation.get(name, _INITIALIZED) == defined.version.encode()
        if proposal.input.is_init and done:
            words = f"chaincode '{name}' is already initialized but called as init"
        elif not proposal.input.is_init and not done:
            words = f"chaincode '{name}' has not been initialized for this version, must call as init first"
    if words:
        raise ChaincodeError(f"error in simulation: invalid invocation: {words}")
    if not proposal.input.is_init:
        return int(Message.TRANSACTION)
    simulation.put(name, _INITIALIZED, defined.version.encode())
    return int(Message.INIT)


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
