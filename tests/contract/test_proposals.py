"""The Endorser service: system chaincodes, lifecycle, sample chaincode, and every refusal before them."""

from typing import Any

import grpc
import pytest
from fabric_protos.common import common_pb2
from fabric_protos.peer import peer_pb2_grpc, proposal_pb2
from fabric_protos.peer.lifecycle import lifecycle_pb2

from heddle.fabric.connection import Connections
from heddle.fabric.endorser import new_proposal
from heddle.identity.signer import Signer
from tests.contract.scene import Scene, cases


def _argument(scene: Scene, text: str) -> bytes:
    if text == "genesis":
        return scene.genesis.SerializeToString()
    if not text.startswith("message:"):
        return text.encode()
    _, kind, *fields = text.split(":", 2)
    message = getattr(lifecycle_pb2, kind)()
    for field in ",".join(fields).split(",") if fields else []:
        name, value = field.split("=")
        wanted = type(getattr(message, name))
        setattr(message, name, value.encode() if wanted is bytes else wanted(value))
    return message.SerializeToString()


def _signed(scene: Scene, call: dict[str, Any], signer: Signer) -> proposal_pb2.SignedProposal:
    args = [_argument(scene, text) for text in call["args"]]
    proposal = new_proposal(signer, call.get("channel", ""), call["chaincode"], args)
    if call.get("forge") == "transaction_id":
        content = proposal_pb2.Proposal.FromString(proposal.content)
        header = common_pb2.Header.FromString(content.header)
        channel = common_pb2.ChannelHeader.FromString(header.channel_header)
        channel.tx_id = "0" * 64
        header.channel_header = channel.SerializeToString()
        content.header = header.SerializeToString()
        data = content.SerializeToString()
        return proposal_pb2.SignedProposal(proposal_bytes=data, signature=signer.sign(data))
    if call.get("forge") == "signature":
        return proposal_pb2.SignedProposal(proposal_bytes=proposal.content, signature=signer.sign(b""))
    return proposal.signed(signer)


@pytest.mark.parametrize("case", cases("proposals"), ids=lambda case: case["name"])
async def test_answers(scene: Scene, connections: Connections, case: dict[str, Any]) -> None:
    """Status and words, as clients and people meet them."""
    signed = _signed(scene, case["call"], scene.person(case["call"]["person"]))
    stub = peer_pb2_grpc.EndorserStub(await connections.channel(scene.peer()))
    if not case["status"]:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.ProcessProposal(signed, timeout=20)
        assert refused.value.code() == grpc.StatusCode.UNKNOWN
        assert case["words"] in refused.value.details()
        return
    answer = await stub.ProcessProposal(signed, timeout=20)
    assert answer.response.status == case["status"], answer.response.message
    assert case.get("words", "") in answer.response.message
