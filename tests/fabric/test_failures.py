"""Errors are answers: node, address, Fabric's words, next step."""

import grpc
import pytest
from fabric_protos.common import common_pb2

from heddle.errors import Refused, Unreachable
from heddle.fabric.failures import refused_status, rpc_failure
from heddle.fabric.node import ClientTls, Node

NODE = Node(name="orderer1", msp_id="M", host="o1.example", port=7050, namespace="fabric", pod="orderer1-0")


def _error(code: grpc.StatusCode, details: str) -> grpc.aio.AioRpcError:
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(), details)


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
    failure = rpc_failure(NODE, "deliver block 0 of a", _error(code, details), tunnel='pods "x" not found')
    assert isinstance(failure, Unreachable)
    assert "orderer1 (o1.example:7050, pod fabric/orderer1-0): deliver block 0 of a" in failure.message
    assert details in failure.message
    assert 'pods "x" not found' in failure.message
    assert failure.hint


def test_an_answer_keeps_fabric_s_words() -> None:
    """Status and words can be told apart from Heddle's own."""
    failure = rpc_failure(NODE, "endorse", _error(grpc.StatusCode.FAILED_PRECONDITION, "no such chaincode"))
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
