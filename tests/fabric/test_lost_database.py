"""A peer whose CouchDB is away answers, but knows nothing: that is no word about the ledger."""

from pathlib import Path

import grpc
import pytest
from fabric_protos.gateway import gateway_pb2
from fabric_protos.peer import proposal_response_pb2

from heddle.errors import Refused, Unreachable
from heddle.fabric import lifecycle
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.fabric.failures import rpc_failure
from heddle.fabric.node import Node
from tests.fabric.errors import gateway_error
from tests.fabric.hostile import SIGNER, hostile_node

QUERY = "failed to invoke backing implementation of '…': could not query metadata: "
AWAY = 'http error calling couchdb: Get "http://couchdb0.svc:5984/channel": connection refused'
LOCKED = "error handling CouchDB request. Error:unauthorized,  Status Code:401,  Reason:Name or password"
LOST = "error handling CouchDB request. Error:not_found,  Status Code:404,  Reason:Database does not exist."
MALFORMED = "error handling CouchDB request. Error:bad_request,  Status Code:400,  Reason:invalid UTF-8 JSON"


async def answered(folder: Path, words: str) -> None:
    """Ask a peer that refuses with these words for an approval."""
    response = proposal_response_pb2.Response(status=500, message=QUERY + words)
    async with hostile_node(folder) as peer, Connections(DirectDialer()) as connections:
        peer.answers = [proposal_response_pb2.ProposalResponse(response=response).SerializeToString()]
        await lifecycle.approved(connections, peer.node, "channel", "assets", SIGNER, deadline=1)


@pytest.mark.parametrize("words", [AWAY, LOCKED])
async def test_what_a_peer_cannot_read_is_unknown(tmp_path: Path, words: str) -> None:
    """So that `refresh` keeps the state with a warning, and goes on to see that the volume is lost."""
    with pytest.raises(Unreachable, match="its state database does not answer") as unknown:
        await answered(tmp_path, words)

    assert unknown.value.cause == "its state database does not answer"
    assert words in unknown.value.message
    assert "CouchDB" in unknown.value.hint


async def test_a_lost_database_is_said_to_be_lost(tmp_path: Path) -> None:
    """The peer goes on over the new one, which is empty: what it answers says nothing of the ledger."""
    with pytest.raises(Unreachable) as unknown:
        await answered(tmp_path, LOST)

    assert unknown.value.cause == "its state database was lost"


@pytest.mark.parametrize("words", [MALFORMED, "something else"])
async def test_other_words_are_an_answer(tmp_path: Path, words: str) -> None:
    """As a query that CouchDB does not take."""
    with pytest.raises(Refused, match="500"):
        await answered(tmp_path, words)


NODE = Node(name="peer0", msp_id="AMSP", host="peer0.a", port=7051)
TOLD = "chaincode response 500, GET_STATE failed: transaction ID: 1: "
NO_MORE = "failed to endorse transaction, see attached details for more info"


@pytest.mark.parametrize("words", [AWAY, LOCKED])
@pytest.mark.parametrize("code", [grpc.StatusCode.ABORTED, grpc.StatusCode.UNKNOWN])
def test_what_a_gateway_s_endorser_cannot_read_is_unknown(code: grpc.StatusCode, words: str) -> None:
    """Whoever of them it is: the error names the peer, which need not be the gateway itself."""
    other = gateway_pb2.ErrorDetail(address="peer0.b:7051", msp_id="BMSP", message=TOLD + words)
    told = (
        NO_MORE
        if code is grpc.StatusCode.ABORTED
        else f"evaluate call to endorser returned error: {TOLD}{words}"
    )

    failure = rpc_failure(NODE, "endorse assets", gateway_error(code, told, other))

    assert isinstance(failure, Unreachable)
    assert failure.cause == "the state database of peer0.b:7051 (BMSP) does not answer"
    assert failure.message.startswith(
        "peer0 (peer0.a:7051): endorse assets: the state database of peer0.b:7051"
    )
    assert failure.message.count("couchdb" if words == AWAY else "unauthorized") >= 1


@pytest.mark.parametrize("words", [MALFORMED, "no such asset"])
def test_what_a_gateway_s_endorser_refuses_is_an_answer(words: str) -> None:
    """The same words decide as of a peer that is asked itself."""
    detail = gateway_pb2.ErrorDetail(address="peer0.a:7051", msp_id="AMSP", message=TOLD + words)
    failure = rpc_failure(NODE, "endorse assets", gateway_error(grpc.StatusCode.ABORTED, NO_MORE, detail))
    assert isinstance(failure, Refused)
    assert words in failure.message
