"""The Endorser service: system chaincodes, lifecycle, sample chaincode, and every refusal before them."""

from typing import Any

import grpc
import pytest
from fabric_protos.common import common_pb2, configtx_pb2
from fabric_protos.peer import peer_pb2_grpc, proposal_pb2

from heddle.configtx.blocks import block_hash
from heddle.fabric.connection import Connections
from heddle.identity.signer import Signer
from tests.contract.definitions import lifecycle_message, package
from tests.contract.messages import has_words
from tests.contract.proposals import proposal_at
from tests.contract.scene import Scene, cases


def _argument(scene: Scene, wanted: str | dict[str, Any]) -> bytes:
    """Text, `genesis`, `hash` of the genesis block, or `{<message>: {field: value}}` of the lifecycle."""
    if wanted == "genesis":
        return scene.genesis.SerializeToString()
    if wanted == "hash":
        return block_hash(scene.genesis.header)
    if wanted == "no application":
        return _without_application(scene.genesis).SerializeToString()
    if isinstance(wanted, str):
        return wanted.encode()
    [(kind, fields)] = wanted.items()
    if kind == "package":
        return package(fields)
    return lifecycle_message(kind, fields)


def _without_application(genesis: common_pb2.Block) -> common_pb2.Block:
    block = common_pb2.Block.FromString(genesis.SerializeToString())
    envelope = common_pb2.Envelope.FromString(block.data.data[0])
    payload = common_pb2.Payload.FromString(envelope.payload)
    config = configtx_pb2.ConfigEnvelope.FromString(payload.data)
    del config.config.channel_group.groups["Application"]
    payload.data = config.SerializeToString()
    envelope.payload = payload.SerializeToString()
    block.data.data[0] = envelope.SerializeToString()
    return block


def _signed(scene: Scene, call: dict[str, Any], signer: Signer) -> proposal_pb2.SignedProposal:
    args = [_argument(scene, wanted) for wanted in call["args"]]
    header = call.get("header", {})
    minutes = call.get("minutes", 0)
    proposal = proposal_at(
        signer, call.get("channel", ""), call["chaincode"], args, minutes=minutes, **header
    )
    if call.get("forge") == "nonsense":
        data = b"\x0a\xff"
        return proposal_pb2.SignedProposal(proposal_bytes=data, signature=signer.sign(data))
    if call.get("forge") == "signature":
        return proposal_pb2.SignedProposal(proposal_bytes=proposal.content, signature=signer.sign(b""))
    return proposal.signed(signer)


DEFAULTS = {"name": "fresh", "version": "1", "sequence": 1}
"""Of calls that take a definition."""


def _lifecycle(case: dict[str, Any]) -> dict[str, Any]:
    """A short case as a long one."""
    function, fields = case["call"], case.get("fields", {})
    if function in {
        "ApproveChaincodeDefinitionForMyOrg",
        "CheckCommitReadiness",
        "CommitChaincodeDefinition",
    }:
        fields = DEFAULTS | fields
    call = {
        "chaincode": "_lifecycle",
        "args": [function, case.get("raw", {f"{function}Args": fields})],
        "channel": case.get("channel", "channel"),
        "person": case.get("person", "alpha.admin"),
    }
    return case | {"call": call}


@pytest.mark.parametrize(
    "case", [*cases("proposals"), *map(_lifecycle, cases("lifecycle"))], ids=lambda case: case["name"]
)
async def test_answers(scene: Scene, connections: Connections, case: dict[str, Any]) -> None:
    """Status and words, as clients and people meet them."""
    signed = _signed(scene, case["call"], scene.person(case["call"]["person"]))
    stub = peer_pb2_grpc.EndorserStub(await connections.channel(scene.peer()))
    if not case["status"]:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.ProcessProposal(signed, timeout=20)
        assert refused.value.code() == grpc.StatusCode.UNKNOWN
        assert has_words(case["words"], refused.value.details())
        return
    answer = await stub.ProcessProposal(signed, timeout=20)
    assert answer.response.status == case["status"], answer.response.message
    assert has_words(case.get("words", ""), answer.response.message)
