"""Policy expressions become the bytes that Fabric's own parser makes."""

import pytest
from fabric_protos.peer import policy_pb2

from heddle.errors import ConfigtxError
from heddle.fabric.definition import DEFAULT_POLICY
from heddle.fabric.endorsement_policy import signature_policy, validation_parameter


def test_nested_gates_number_their_principals_first() -> None:
    """Fabric evaluates inner gates before outer ones; an own order would be another policy to it."""
    policy = signature_policy("OR('A.member', AND('B.peer', 'A.member'))")
    names = [identity.principal for identity in policy.identities]
    assert [b"B" in names[0], b"A" in names[1], b"A" in names[2]] == [True] * 3
    outer = policy.rule.n_out_of
    assert (outer.n, outer.rules[0].signed_by) == (1, 2)
    assert [rule.signed_by for rule in outer.rules[1].n_out_of.rules] == [0, 1]


def test_gates_need_one_all_or_a_number() -> None:
    """OR wants one, AND all, OutOf what it says."""
    for text, count in (
        ("or('A.peer','B.peer')", 1),
        ('AND("A.peer", "B.peer")', 2),
        ("OutOf(2,'A.peer','B.peer','C.peer')", 2),
    ):
        assert signature_policy(text).rule.n_out_of.n == count


def test_empty_is_the_channel_s_own_policy() -> None:
    """Without a policy Fabric's default holds, and a path names another policy of the channel."""
    assert validation_parameter("") == DEFAULT_POLICY
    named = policy_pb2.ApplicationPolicy.FromString(validation_parameter("/Channel/Application/Admins"))
    assert named.channel_config_policy_reference == "/Channel/Application/Admins"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("A.peer", "unexpected '.peer'"),
        ("'A.peer'", "expected AND"),
        ("OR('A.boss')", "not MSP.role"),
        ("OR('A.peer'", "expected , or )"),
        ("OR('A.peer') x", "after its end"),
        ("OutOf('A.peer','B.peer')", "begins with a number"),
        ("OutOf(4,'A.peer','B.peer')", "4 out of 2"),
        ("OR('A.peer'; 'B.peer')", "unexpected"),
    ],
)
def test_a_wrong_expression_says_what_is_wrong(text: str, why: str) -> None:
    """A mistake is named, and never becomes some other policy."""
    with pytest.raises(ConfigtxError, match="endorsement policy") as raised:
        validation_parameter(text)
    assert why in str(raised.value)
