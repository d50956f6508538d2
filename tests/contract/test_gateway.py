"""Refusals of the Gateway service: which status, which words, and what each node said."""

from typing import Any

import grpc
import pytest
from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2, gateway_pb2_grpc
from fabric_protos.peer import proposal_pb2

from heddle.fabric import gateway
from heddle.fabric.connection import Connections
from heddle.fabric.endorser import Proposal
from heddle.fabric.failures import rpc_failure
from heddle.identity.signer import Signer
from tests.contract.messages import envelope, has_words
from tests.contract.proposals import proposal_at
from tests.contract.scene import Scene, cases


def _signed(case: dict[str, Any], proposal: Proposal, signer: Signer) -> proposal_pb2.SignedProposal:
    match case.get("spoil"):
        case "empty":
            return proposal_pb2.SignedProposal()
        case "nonsense":
            return proposal_pb2.SignedProposal(proposal_bytes=b"\x0a\xff", signature=b"x")
        case "signature":
            return proposal_pb2.SignedProposal(proposal_bytes=proposal.content, signature=signer.sign(b""))
    return proposal.signed(signer)


def _submission(case: dict[str, Any], channel: str, signer: Signer) -> gateway_pb2.SubmitRequest:
    size = 10485760 if case.get("spoil") == "size" else 10
    message = envelope(common_pb2.ENDORSER_TRANSACTION, "channel", bytes(size), signer)
    if case.get("spoil") == "unsigned":
        message.signature = b""
    if case.get("spoil") == "empty":
        return gateway_pb2.SubmitRequest(channel_id=channel)
    return gateway_pb2.SubmitRequest(channel_id=channel, prepared_transaction=message)


def _status(case: dict[str, Any], channel: str, signer: Signer) -> gateway_pb2.SignedCommitStatusRequest:
    spoil = case.get("spoil")
    content = gateway_pb2.CommitStatusRequest(
        transaction_id="" if spoil == "transaction" else "0" * 64,
        channel_id=channel,
        identity=b"" if spoil == "identity" else signer.serialized,
    ).SerializeToString()
    if spoil == "empty":
        return gateway_pb2.SignedCommitStatusRequest()
    signature = signer.sign(b"" if spoil == "signature" else content)
    return gateway_pb2.SignedCommitStatusRequest(request=content, signature=signature)


def _request(case: dict[str, Any], signer: Signer) -> Any:
    channel = case.get("channel", "channel")
    match case["method"]:
        case "Submit":
            return _submission(case, channel, signer)
        case "CommitStatus":
            return _status(case, channel, signer)
    chaincode, args = case.get("chaincode", "assets"), case.get("args", ["get", "first"])
    proposal = proposal_at(signer, channel, chaincode, args, minutes=case.get("minutes", 0))
    organizations = case.get("organizations", [])
    signed = _signed(case, proposal, signer)
    if case["method"] == "Evaluate":
        return gateway_pb2.EvaluateRequest(
            channel_id=channel, proposed_transaction=signed, target_organizations=organizations
        )
    return gateway_pb2.EndorseRequest(
        channel_id=channel, proposed_transaction=signed, endorsing_organizations=organizations
    )


@pytest.mark.parametrize("case", cases("gateway"), ids=lambda case: case["name"])
async def test_refusals(scene: Scene, connections: Connections, case: dict[str, Any]) -> None:
    """As SDKs see them."""
    request = _request(case, scene.person(case.get("person", "alpha.user")))
    stub = gateway_pb2_grpc.GatewayStub(await connections.channel(scene.peer()))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await getattr(stub, case["method"])(request, timeout=case.get("deadline", 20))
    assert refused.value.code().name == case["code"], refused.value.details()
    assert has_words(case["words"], refused.value.details())
    # As Heddle reads it: with what each endorser said.
    assert case.get("detail", "") in str(rpc_failure(scene.peer(), "ask", refused.value))


async def test_one_organization_on_request(scene: Scene, connections: Connections) -> None:
    """The client may name whom to ask; then nobody else is."""
    user = scene.person("beta.user")
    answer = await gateway.evaluate(
        connections,
        scene.peer("beta"),
        user,
        "channel",
        "assets",
        ["get", "first"],
        organizations=["AlphaMSP"],
        deadline=20,
    )
    assert b"first" in answer
    proposal = proposal_at(user, "channel", "assets", ["put", "asked", "ada", "1"])
    message = await gateway.endorse(
        connections, scene.peer("beta"), proposal, user, organizations=["AlphaMSP"], deadline=20
    )
    await gateway.submit(connections, scene.peer("beta"), proposal, message, deadline=20)
    commit = await gateway.commit_status(
        connections, scene.peer("beta"), "channel", proposal.transaction_id, user, deadline=20
    )
    assert commit.code == "ENDORSEMENT_POLICY_FAILURE"
