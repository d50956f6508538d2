"""Errors are answers: node, address, Fabric's words, next step."""

import grpc
import pytest
from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2

from heddle.errors import Refused, Unreachable
from heddle.fabric.failures import refused_status, rpc_failure
from heddle.fabric.node import ClientTls, Node
from tests.fabric.errors import gateway_error, rpc_error

NODE = Node(name="orderer1", msp_id="M", host="o1.example", port=7050, namespace="fabric", pod="orderer1-0")


@pytest.mark.parametrize(
    ("code", "details"),
    [
        (grpc.StatusCode.UNAVAILABLE, "connection refused"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded"),
        (grpc.StatusCode.UNKNOWN, "Stream removed"),
    ],
)
def test_a_lost_call_says_nothing_of_the_node(code: grpc.StatusCode, details: str) -> None:
    """'Stream removed' is a broken connection, although gRPC calls it an unknown answer."""
    failure = rpc_failure(NODE, "deliver block 0 of a", rpc_error(code, details), tunnel='pods "x" not found')
    assert isinstance(failure, Unreachable)
    assert "orderer1 (o1.example:7050, pod fabric/orderer1-0): deliver block 0 of a" in failure.message
    assert details in failure.message
    assert 'pods "x" not found' in failure.message
    assert failure.hint


@pytest.mark.parametrize(
    ("tunnel", "cause", "hint"),
    [
        (
            "API server: HTTP 400 pod orderer1-0 does not have a host assigned",
            "API server: HTTP 400 pod orderer1-0 does not have a host assigned",
            "not scheduled",
        ),
        (
            'API server: HTTP 404 pods "orderer1-0" not found',
            'API server: HTTP 404 pods "orderer1-0" not found',
            "look at its StatefulSet",
        ),
        (
            "error forwarding port 7050 to pod 37f8, uid : failed to execute portforward in namespace "
            '"/run/netns/cni-a0": failed to connect to localhost:7050 inside namespace "37f8", IPv4: dial '
            "tcp4 127.0.0.1:7050: connect: connection refused IPv6 dial tcp6: address localhost: none",
            "port 7050 of its pod refuses connections",
            "is the node running",
        ),
        *(
            (f"API server https://k: {words}", f"API server https://k: {words}", "kubectl port-forward")
            for words in (
                "it cannot be used",
                "no close frame received or sent",
                "timed out during opening handshake",
                "HTTP 403 pods is forbidden",
            )
        ),
    ],
)
def test_a_broken_tunnel_says_why_and_not_that_tls_failed(tunnel: str, cause: str, hint: str) -> None:
    """A connection that ends is a failed handshake to gRPC, also where no pod has ever answered."""
    details = "last error: UNAVAILABLE: ipv4:127.0.0.1:34845: Handshake read failed (Socket closed)"
    failure = rpc_failure(NODE, "connect", rpc_error(grpc.StatusCode.UNAVAILABLE, details), tunnel=tunnel)
    assert isinstance(failure, Unreachable)
    assert failure.cause == cause
    assert hint in failure.hint
    assert tunnel in failure.message


@pytest.mark.parametrize("words", ["Handshake read failed (Socket closed)", "Socket closed"])
def test_a_connection_that_is_cut_is_no_matter_of_certificates(words: str) -> None:
    """Also where the next connection works by then, so that the tunnel says nothing."""
    failure = rpc_failure(NODE, "connect", rpc_error(grpc.StatusCode.UNAVAILABLE, f"last error: {words}"))
    assert "ended in the middle" in failure.hint
    refused = rpc_failure(NODE, "connect", rpc_error(grpc.StatusCode.UNAVAILABLE, "Ssl handshake failed: x"))
    assert "TLS failed" in refused.hint


def test_an_answer_keeps_fabric_s_words() -> None:
    """Status and words can be told apart from Heddle's own."""
    failure = rpc_failure(
        NODE, "endorse", rpc_error(grpc.StatusCode.FAILED_PRECONDITION, "no such chaincode")
    )
    assert isinstance(failure, Refused)
    assert (failure.status, failure.words) == (9, "no such chaincode")


def test_a_status_has_a_name_and_a_next_step() -> None:
    """What Broadcast and Deliver answer with, also when they add no words."""
    failure = refused_status(NODE, "broadcast", common_pb2.SERVICE_UNAVAILABLE, "no Raft leader")
    assert failure.message.endswith("broadcast: SERVICE_UNAVAILABLE: no Raft leader")
    assert "majority" in failure.hint
    assert "ask a consenter" in refused_status(NODE, "deliver", common_pb2.NOT_FOUND).hint


def test_no_key_in_a_message() -> None:
    """Keys do not show where their holder is printed."""
    assert "secret" not in repr(ClientTls(certificate=b"c", private_key=b"secret"))


def test_what_a_chaincode_says_is_told_once() -> None:
    """The gateway repeats it as a detail, with who said it; another peer's other words stay."""
    said = {"peer0:7051": "chaincode response 500, no such asset", "peer1:7051": "timeout"}
    details = [
        gateway_pb2.ErrorDetail(address=address, msp_id="AMSP", message=words)
        for address, words in said.items()
    ]
    told = f"evaluate call to endorser returned error: {said['peer0:7051']}"
    error = gateway_error(grpc.StatusCode.UNKNOWN, told, *details)

    failure = rpc_failure(NODE, "evaluate assets", error)

    assert failure.message.count("no such asset") == 1
    assert failure.message.endswith("no such asset; said by peer0:7051 (AMSP); peer1:7051 (AMSP): timeout")
