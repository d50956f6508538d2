"""Gather the answers of endorsers and assemble them into a transaction.

Source: internal/pkg/gateway/{endorse,apiutils}.go, protoutil/txutils.go (Fabric 3.1.5).
"""

from dataclasses import dataclass, field
from typing import TypeAlias

from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.peer import proposal_pb2, proposal_response_pb2, transaction_pb2

from heddle.embedded.fabric.access import Denied
from heddle.embedded.fabric.peer.channel import PeerChannel
from heddle.embedded.fabric.peer.proposal import Unpacked
from heddle.embedded.fabric.peer.transaction import Headers, endorsed
from heddle.embedded.fabric.peer.validation import Verdict, needed_policies

__all__ = ["Answer", "Endorsements", "assembled", "refusal", "response_of"]

Answer: TypeAlias = proposal_response_pb2.ProposalResponse


@dataclass
class Endorsements:
    """Endorsements gathered so far; all must have endorsed the same payload."""

    payload: bytes = b""
    endorsements: list[proposal_response_pb2.Endorsement] = field(default_factory=list)
    details: list[gateway_pb2.ErrorDetail] = field(default_factory=list)

    def take(self, answer: Answer | None, words: str, address: str, msp_id: str) -> bool:
        """Take one endorsement, or note why it is none: `words` of a refusal, or another payload."""
        if not words and answer is not None:
            if not self.payload or answer.payload == self.payload:
                self.payload = answer.payload
                self.endorsements.append(answer.endorsement)
                return True
            words = "ProposalResponsePayloads do not match"
        self.details.append(gateway_pb2.ErrorDetail(address=address, msp_id=msp_id, message=words))
        return False

    def enough(self, proposal: Unpacked, channel: PeerChannel) -> bool:
        """Tell whether peers would find the policies satisfied."""
        transaction = endorsed(Headers.of(assembled(proposal, self)))
        try:
            for policy in needed_policies(transaction, channel.config, channel.state):
                channel.config.check_application_policy(policy, *transaction.endorsements)
        except (Denied, Verdict):
            return False
        return True


def refusal(answer: Answer) -> str:
    """Return why an answer is no endorsement (apiutils.go responseStatus); empty if it is one."""
    response = answer.response
    if 200 <= response.status < 400:
        return ""
    if response.status == 500 and not answer.payload:
        return str(response.message)
    return f"chaincode response {response.status}, {response.message}"


def response_of(answer: Answer) -> proposal_response_pb2.Response:
    """Return an answer's response with what the chaincode returned in it."""
    response = proposal_response_pb2.Response()
    response.CopyFrom(answer.response)
    content = proposal_response_pb2.ProposalResponsePayload.FromString(answer.payload)
    if answer.payload:
        response.payload = proposal_pb2.ChaincodeAction.FromString(content.extension).response.payload
    return response


def assembled(proposal: Unpacked, gathered: Endorsements) -> common_pb2.Envelope:
    """Return the unsigned transaction (protoutil CreateTx)."""
    action = transaction_pb2.ChaincodeActionPayload()
    visible = proposal_pb2.ChaincodeProposalPayload.FromString(proposal.payload)
    visible.TransientMap.clear()
    action.chaincode_proposal_payload = visible.SerializeToString()
    action.action.proposal_response_payload = gathered.payload
    action.action.endorsements.extend(gathered.endorsements)
    header = common_pb2.Header.FromString(proposal.header)
    transaction = transaction_pb2.Transaction()
    transaction.actions.add(header=header.signature_header, payload=action.SerializeToString())
    payload = common_pb2.Payload(data=transaction.SerializeToString())
    payload.header.CopyFrom(header)
    return common_pb2.Envelope(payload=payload.SerializeToString())
