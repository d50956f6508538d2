"""Endorsement policies become the bytes that Fabric's own parser makes."""

import pytest
from fabric_protos.peer import policy_pb2

from heddle.errors import ConfigtxError
from heddle.fabric.definition import DEFAULT_POLICY
from heddle.provider.endorsement import policy_bytes, policy_text


def _identities(text: str) -> list[str]:
    policy = policy_pb2.ApplicationPolicy.FromString(policy_bytes(text)).signature_policy
    return [one.principal.decode(errors="replace") for one in policy.identities]


def test_inner_gates_are_numbered_first() -> None:
    """As expr evaluates: arguments that are gates before the principals beside them, repetitions kept."""
    names = _identities("OR('A.peer', AND('B.peer', 'C.peer'), 'A.peer')")
    assert [next(msp for msp in "ABC" if msp in name) for name in names] == ["B", "C", "A", "A"]


@pytest.mark.parametrize(
    "text",
    [
        "OR('Org1MSP.peer')",
        "AND('A.member', 'B.admin')",
        "OutOf(2, 'A.peer', OR('B.client', 'C.orderer'), 'D.peer')",
        "/Channel/Application/Endorsement2",
        None,
    ],
)
def test_bytes_read_back_as_written(text: str | None) -> None:
    """What the ledger holds can be shown, and compared with what is wanted."""
    assert policy_text(policy_bytes(text)) == text


def test_the_default() -> None:
    """Without a policy the channel's own holds, in the very bytes that Fabric's tools write."""
    assert policy_bytes(None) == DEFAULT_POLICY
    assert policy_bytes("/Channel/Application/Endorsement") == DEFAULT_POLICY


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("OR('A.peer'", "unexpected 'the end'"),
        ("XOR('A.peer')", "none of AND, OR, OutOf"),
        ("OR('A')", "is not <MSP id>"),
        ("OR('A.peer') x", "after the last bracket"),
        ("OutOf(5, 'A.peer')", "cannot be satisfied"),
        ("'A.peer'", "unexpected"),
    ],
)
def test_mistakes_are_shown(text: str, problem: str) -> None:
    """With the text, the problem and an example."""
    with pytest.raises(ConfigtxError, match=problem) as caught:
        policy_bytes(text)
    assert "Write for example" in str(caught.value)
