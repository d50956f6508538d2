"""Send proposals to the Endorser service of peers, and make transactions of what they endorsed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import grpc
from fabric_protos.common import common_pb2
from fabric_protos.common.common_pb2 import Envelope
from fabric_protos.peer import (
    chaincode_pb2,
    peer_pb2_grpc,
    proposal_pb2,
    proposal_response_pb2,
    transaction_pb2,
)
from google.protobuf.message import Message

from heddle.configtx.envelope import channel_header, new_nonce, signature_header, transaction_id
from heddle.configtx.values import MessageT
from heddle.errors import FabricError
from heddle.fabric.answers import message_of, unreadable
from heddle.fabric.connection import Connections
from heddle.fabric.failures import answered
from heddle.fabric.node import Node
from heddle.identity.signer import Signer
from heddle.waiting import reading

__all__ = ["LIFECYCLE", "Proposal", "evaluate", "new_proposal", "propose", "query", "transaction"]

Argument = str | bytes
LIFECYCLE = "_lifecycle"


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """Hold a chaincode call before it is signed: its transaction id and the `peer.Proposal` bytes."""

    transaction_id: str
    channel: str
    chaincode: str
    function: str
    content: bytes

    def signed(self, signer: Signer) -> proposal_pb2.SignedProposal:
        """Return the proposal with its creator's signature over the bytes."""
        return proposal_pb2.SignedProposal(proposal_bytes=self.content, signature=signer.sign(self.content))


def new_proposal(
    signer: Signer,
    channel: str,
    chaincode: str,
    args: Sequence[Argument],
    *,
    header_type: int = common_pb2.ENDORSER_TRANSACTION,
    transient: Mapping[str, bytes] | None = None,
    is_init: bool = False,
    tls_cert_hash: bytes = b"",
) -> Proposal:
    """Make a proposal of `signer`; the first argument is the function. Source: protoutil/proputils.go."""
    raw = [arg.encode() if isinstance(arg, str) else arg for arg in args]
    nonce = new_nonce()
    tx_id = transaction_id(nonce, signer.serialized)
    chaincode_id = chaincode_pb2.ChaincodeID(name=chaincode)
    extension = proposal_pb2.ChaincodeHeaderExtension(chaincode_id=chaincode_id)
    announced = channel_header(header_type, channel, tls_cert_hash=tls_cert_hash)
    announced.tx_id = tx_id
    announced.extension = extension.SerializeToString()
    header = common_pb2.Header(
        channel_header=announced.SerializeToString(), signature_header=signature_header(signer, nonce)
    )
    payload = proposal_pb2.ChaincodeProposalPayload(
        input=_invocation(chaincode_id, raw, is_init=is_init), TransientMap=dict(transient or {})
    )
    proposal = proposal_pb2.Proposal(header=header.SerializeToString(), payload=payload.SerializeToString())
    return Proposal(
        transaction_id=tx_id,
        channel=channel,
        chaincode=chaincode,
        function=raw[0].decode(errors="replace") if raw else "",
        content=proposal.SerializeToString(),
    )


def _invocation(chaincode_id: chaincode_pb2.ChaincodeID, args: Sequence[bytes], *, is_init: bool) -> bytes:
    spec = chaincode_pb2.ChaincodeSpec(
        # Fabric's own clients say GOLANG for chaincode of any language; peers do not look at it.
        type=chaincode_pb2.ChaincodeSpec.GOLANG,
        chaincode_id=chaincode_id,
        input=chaincode_pb2.ChaincodeInput(args=args, is_init=is_init),
    )
    return bytes(chaincode_pb2.ChaincodeInvocationSpec(chaincode_spec=spec).SerializeToString())


async def propose(
    connections: Connections, node: Node, proposal: Proposal, signer: Signer, *, deadline: float
) -> proposal_response_pb2.ProposalResponse:
    """Return the peer's response, of a status below 400.

    Raises Refused with its message otherwise, Unreachable where its state database did not answer it.
    Not retried by itself: that is safe for anything but `cscc` joins and chaincode installations.
    """
    what = f"{proposal.chaincode} {proposal.function}".strip()
    if proposal.channel:
        what += f" on {proposal.channel}"
    stub = peer_pb2_grpc.EndorserStub(await connections.channel(node))
    try:
        answer = await stub.ProcessProposal(proposal.signed(signer), timeout=deadline)
    except grpc.aio.AioRpcError as error:
        raise connections.failure(node, what, error) from error
    if answer is None:
        raise unreadable(node, what, "no ProposalResponse")
    status, words = answer.response.status, answer.response.message
    if status >= 400 or status < 200:
        raise answered(node, what, status, words, told=str(status))
    return answer


async def evaluate(
    connections: Connections,
    node: Node,
    signer: Signer,
    channel: str,
    chaincode: str,
    args: Sequence[Argument],
    *,
    deadline: float,
    transient: Mapping[str, bytes] | None = None,
) -> bytes:
    """Call a chaincode on this peer without a transaction; call again if the connection breaks."""

    async def attempt(left: float) -> bytes:
        proposal = new_proposal(
            signer, channel, chaincode, args, transient=transient, tls_cert_hash=connections.tls_cert_hash
        )
        answer = await propose(connections, node, proposal, signer, deadline=left)
        return answer.response.payload

    return await reading(attempt, deadline=deadline)


async def query(
    connections: Connections,
    node: Node,
    signer: Signer,
    channel: str,
    function: str,
    args: Message,
    result: MessageT,
    deadline: float,
) -> MessageT:
    """Call a function of `_lifecycle` with its message; fill `result` with the answer, and return it."""
    call: list[Argument] = [function, args.SerializeToString()]
    answer = await evaluate(connections, node, signer, channel, LIFECYCLE, call, deadline=deadline)
    return message_of(result, answer, node, f"{LIFECYCLE} {function}{f' on {channel}' if channel else ''}")


def transaction(
    proposal: Proposal, responses: Sequence[proposal_response_pb2.ProposalResponse], signer: Signer
) -> Envelope:
    """Make the signed transaction of a proposal and its endorsements. Source: protoutil/txutils.go.

    Raises FabricError when the endorsers' results differ: orderers would take it, peers would not.
    """
    payloads = {response.payload for response in responses}
    if len(payloads) != 1:
        raise FabricError(
            f"{proposal.chaincode} {proposal.function}: {len(payloads)} different results of the endorsers",
            hint="Their ledgers are not level yet, or the chaincode is not deterministic: try again.",
        )
    content = proposal_pb2.Proposal.FromString(proposal.content)
    header = common_pb2.Header.FromString(content.header)
    stripped = proposal_pb2.ChaincodeProposalPayload.FromString(content.payload)
    stripped.TransientMap.clear()  # never part of a transaction
    action = transaction_pb2.ChaincodeActionPayload(
        chaincode_proposal_payload=stripped.SerializeToString(),
        action=transaction_pb2.ChaincodeEndorsedAction(
            proposal_response_payload=payloads.pop(),
            endorsements=[response.endorsement for response in responses],
        ),
    )
    body = transaction_pb2.Transaction(
        actions=[
            transaction_pb2.TransactionAction(
                header=header.signature_header, payload=action.SerializeToString()
            )
        ]
    )
    payload = common_pb2.Payload(header=header, data=body.SerializeToString()).SerializeToString()
    return Envelope(payload=payload, signature=signer.sign(payload))
