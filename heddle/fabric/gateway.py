"""Use the gateway of a peer, which finds the endorsers and the orderer (internal/pkg/gateway/api.go)."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import grpc
from fabric_protos.common import common_pb2
from fabric_protos.common.common_pb2 import Envelope
from fabric_protos.gateway import gateway_pb2, gateway_pb2_grpc
from fabric_protos.peer import proposal_pb2, proposal_response_pb2, transaction_pb2

from heddle.configtx.values import parse
from heddle.errors import Refused, Unreachable
from heddle.fabric.answers import message_of, unreadable, validation_code
from heddle.fabric.connection import Connections
from heddle.fabric.endorser import Argument, Proposal, new_proposal
from heddle.fabric.events import Commit
from heddle.fabric.failures import answered
from heddle.fabric.node import Node
from heddle.fabric.transactions import PATIENCE, Outcome
from heddle.identity.signer import Signer
from heddle.waiting import Deadline, no_answer, reading, retry

if TYPE_CHECKING:
    from fabric_protos.gateway.gateway_pb2_grpc import GatewayAsyncStub

__all__ = ["commit_status", "endorse", "evaluate", "invoke", "result_of", "submit"]

RequestT = TypeVar("RequestT")
AnswerT = TypeVar("AnswerT")

_NOT_YET_KNOWN = "no combination of peers can be derived"
_PROCESSED = "request already processed"
"""An orderer of BFT that has ordered it before (SmartBFT, requestpool.go): an earlier offer was taken."""
_LAST_SUBMIT = 1.0
"""Seconds that a submit needs: with less left, a lost answer would hide the reason that is known."""
_GOSSIP = 40.0
"""Seconds for gossip to tell of other peers: an anchor peer that joined the channel later is tried again
after 25 s (peer.gossip.reconnectInterval), and tells who it is every 4 s (publishStateInfoInterval)."""


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
    organizations: Sequence[str] = (),
) -> bytes:
    """Call a chaincode without a transaction; `organizations` (MSP ids) limits which peers are asked."""

    async def attempt(left: float) -> bytes:
        proposal = new_proposal(signer, channel, chaincode, args, transient=transient)
        request = gateway_pb2.EvaluateRequest(
            transaction_id=proposal.transaction_id,
            channel_id=channel,
            proposed_transaction=proposal.signed(signer),
            target_organizations=organizations,
        )
        answer = await _call(
            connections, node, lambda stub: stub.Evaluate, request, f"evaluate {chaincode}", left
        )
        return _payload(node, f"evaluate {chaincode} {proposal.function}", answer.result)

    return await reading(attempt, deadline=deadline)


async def endorse(
    connections: Connections,
    node: Node,
    proposal: Proposal,
    signer: Signer,
    *,
    deadline: float,
    organizations: Sequence[str] = (),
    gossip: float = _GOSSIP,
) -> Envelope:
    """Return the endorsed transaction, signed. Raises Refused with what each endorser said, or Unreachable.

    A peer that has just joined or come back learns from gossip who else can endorse. Until then it is asked
    again, for `gossip` seconds; 0 where another peer can be asked. Endorsing changes nothing, so that is
    safe.
    """
    request = gateway_pb2.EndorseRequest(
        transaction_id=proposal.transaction_id,
        channel_id=proposal.channel,
        proposed_transaction=proposal.signed(signer),
        endorsing_organizations=organizations,
    )
    what = f"endorse {proposal.chaincode} {proposal.function}"
    clock = Deadline(deadline)
    answer = await retry(
        lambda _: _call(connections, node, lambda stub: stub.Endorse, request, what, clock.left()),
        lambda error: isinstance(error, Refused) and _NOT_YET_KNOWN in error.words,
        deadline=min(gossip, deadline - 1),
        longest=0.5,
    )
    payload = answer.prepared_transaction.payload
    _expect_own(node, what, proposal, payload)
    return Envelope(payload=payload, signature=signer.sign(payload))


async def submit(
    connections: Connections,
    node: Node,
    proposal: Proposal,
    envelope: Envelope,
    *,
    deadline: float,
    attempts: int | None = None,
) -> None:
    """Have a transaction ordered; offer it again until the deadline while no orderer takes it.

    `attempts`: how often it is offered at most; once where another peer can be asked.

    That is safe: a transaction's id makes a second copy invalid. After Unreachable `commit_status` tells.
    Returns, too, when an orderer has ordered it already: no later offer would be taken.
    """
    request = gateway_pb2.SubmitRequest(
        transaction_id=proposal.transaction_id, channel_id=proposal.channel, prepared_transaction=envelope
    )
    what = f"submit transaction {proposal.transaction_id}"
    try:
        await retry(
            lambda left: _call(connections, node, lambda stub: stub.Submit, request, what, left),
            lambda error: no_answer(error) and _PROCESSED not in error.message,
            deadline=deadline,
            longest=0.5,
            least=_LAST_SUBMIT,
            attempts=attempts,
        )
    except Unreachable as error:
        if _PROCESSED not in error.message:
            raise


async def commit_status(
    connections: Connections,
    node: Node,
    channel: str,
    transaction_id: str,
    signer: Signer,
    *,
    deadline: float,
) -> Commit:
    """Wait until the peer has the transaction in a block, and return the commit with its code."""
    content = gateway_pb2.CommitStatusRequest(
        transaction_id=transaction_id, channel_id=channel, identity=signer.serialized
    ).SerializeToString()
    request = gateway_pb2.SignedCommitStatusRequest(request=content, signature=signer.sign(content))
    what = f"commit status of transaction {transaction_id}"

    async def attempt(left: float) -> Commit:
        answer = await _call(connections, node, lambda stub: stub.CommitStatus, request, what, left)
        code = validation_code(answer.result)
        return Commit(transaction_id=transaction_id, block=answer.block_number, code=code)

    return await reading(attempt, deadline=deadline)


async def invoke(
    connections: Connections,
    node: Node,
    signer: Signer,
    channel: str,
    chaincode: str,
    args: Sequence[Argument],
    *,
    deadline: float,
    transient: Mapping[str, bytes] | None = None,
    is_init: bool = False,
) -> Outcome:
    """Endorse, submit and wait for the commit. Raises Refused when the transaction is invalid.

    Submitted again when it is in no block for a while: an orderer's SUCCESS is no promise.
    """
    clock = Deadline(deadline)
    proposal = new_proposal(signer, channel, chaincode, args, transient=transient, is_init=is_init)
    envelope = await endorse(connections, node, proposal, signer, deadline=clock.left())

    async def submit_and_see(_: float) -> Commit:
        await submit(connections, node, proposal, envelope, deadline=clock.left())
        share = min(PATIENCE, clock.left())
        return await commit_status(
            connections, node, channel, proposal.transaction_id, signer, deadline=share
        )

    commit = await retry(submit_and_see, deadline=clock, least=_LAST_SUBMIT)
    commit.expect_valid(f"{node.at()}: {chaincode} {proposal.function} on {channel}")
    return Outcome(commit=commit, payload=result_of(node, envelope))


def result_of(node: Node, envelope: Envelope) -> bytes:
    """Return the chaincode's answer in a transaction that this node had endorsed."""
    what = "endorsed transaction"
    payload = message_of(common_pb2.Payload(), envelope.payload, node, what)
    actions = message_of(transaction_pb2.Transaction(), payload.data, node, what).actions
    if not actions:
        raise unreadable(node, what, "it has no action")
    content = actions[0].payload
    endorsed = message_of(transaction_pb2.ChaincodeActionPayload(), content, node, what).action
    response = proposal_response_pb2.ProposalResponsePayload()
    message_of(response, endorsed.proposal_response_payload, node, what)
    action = message_of(proposal_pb2.ChaincodeAction(), response.extension, node, what)
    return action.response.payload


def _expect_own(node: Node, what: str, proposal: Proposal, payload: bytes) -> None:
    """Raise Unreachable unless the payload is the transaction of our own proposal: nothing else is signed.

    An administrator's signature would make a configuration update of it as well.
    """
    own = parse(proposal_pb2.Proposal(), proposal.content, "proposal")
    header = parse(common_pb2.Header(), own.header, "header of the proposal")
    if message_of(common_pb2.Payload(), payload, node, what).header != header:
        raise unreadable(node, what, "it is the transaction of another proposal")


def _payload(node: Node, what: str, response: proposal_response_pb2.Response) -> bytes:
    if response.status >= 400:
        raise answered(node, what, response.status, response.message, told=str(response.status))
    return response.payload


async def _call(
    connections: Connections,
    node: Node,
    method: Callable[["GatewayAsyncStub"], "grpc.aio.UnaryUnaryMultiCallable[RequestT, AnswerT]"],
    request: RequestT,
    what: str,
    deadline: float,
) -> AnswerT:
    call = method(gateway_pb2_grpc.GatewayStub(await connections.channel(node)))
    try:
        answer = await call(request, timeout=deadline)
    except grpc.aio.AioRpcError as error:
        raise connections.failure(node, what, error) from error
    if answer is None:  # what cannot be parsed, against its types
        raise unreadable(node, what, f"no answer to {type(request).__name__}")
    return answer
