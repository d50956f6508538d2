"""Policies between text and bytes."""

import re
from contextlib import suppress

import pytest
from fabric_protos.common import policies_pb2
from fabric_protos.msp import msp_principal_pb2
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from heddle.configtx.expression import (
    MAX_DEPTH,
    MAX_LENGTH,
    expression_of,
    parse_expression,
    parse_implicit_meta,
)
from heddle.configtx.roles import role_principal, signed_by_any
from heddle.errors import ConfigtxError
from tests.configtx.strategies import ROLES, expressions


def principals(text: str) -> list[tuple[str, str]]:
    found = []
    for one in parse_expression(text).identities:
        role = msp_principal_pb2.MSPRole.FromString(one.principal)
        found.append((role.msp_identifier, msp_principal_pb2.MSPRole.MSPRoleType.Name(role.role).lower()))
    return found


def test_inner_gates_are_numbered_first_and_nothing_twice_is_made_one() -> None:
    """Fabric's order: repetitions keep their own numbers, so that all organizations make the same bytes."""
    text = "OR('A.peer', AND('B.peer', 'A.peer'), OutOf(1, 'C.admin', 'A.peer'))"
    assert principals(text) == [
        ("B", "peer"),
        ("A", "peer"),
        ("C", "admin"),
        ("A", "peer"),
        ("A", "peer"),
    ]
    rules = parse_expression(text).rule.n_out_of.rules
    assert rules[0].signed_by == 4
    assert [sub.signed_by for sub in rules[1].n_out_of.rules] == [0, 1]
    assert [sub.signed_by for sub in rules[2].n_out_of.rules] == [2, 3]


@pytest.mark.parametrize("role", ROLES)
def test_every_role_is_read(role: str) -> None:
    """Member, admin, client, peer, orderer."""
    assert parse_expression(f"OR('Org-1.MSP.{role}')") == signed_by_any("Org-1.MSP", [role])


def test_gates_may_be_written_in_several_ways() -> None:
    """As is or upper, OutOf also lower; double quotes and any space are the same."""
    one = parse_expression("And('A.peer',Or('B.peer','C.peer'),OutOf(2,'D.peer','E.peer'))")
    lower = parse_expression("And('A.peer', Or('B.peer', 'C.peer'), outof(2, 'D.peer', 'E.peer'))")
    upper = parse_expression(" AND(\n\"A.peer\" ,\tOR('B.peer','C.peer'), OUTOF ( 2,'D.peer','E.peer')) ")
    assert one.SerializeToString() == lower.SerializeToString() == upper.SerializeToString()


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", 1, "found the end, expected AND, OR or OutOf"),
        ("'A.peer'", 1, "expected AND, OR or OutOf"),
        ("NOT('A.peer')", 1, "'NOT' is none of AND, OR, OutOf"),
        ("or('A.peer')", 1, "'or' is none of AND, OR, OutOf"),
        ("AND 'A.peer'", 5, "expected '('"),
        ("AND()", 5, "expected AND, OR or OutOf or a quoted principal"),
        ("AND('A.peer'", 13, "found the end, expected ',' or ')'"),
        ("AND('A.peer',)", 14, "expected AND"),
        ("AND('A.peer') x", 15, "after the last bracket"),
        ("AND(A.peer)", 5, "'A' is none of AND"),
        ("OR('A.boss')", 4, "one of member, admin, client, peer, orderer"),
        ("OR('A_1.peer')", 4, "letters, digits"),
        ("OR('.peer')", 4, "letters, digits"),
        ("OutOf('A.peer')", 7, "expected a number"),
        ("OutOf(1)", 8, "expected ','"),
        ("OutOf(-1, 'A.peer')", 7, "expected a number"),
        ("OutOf(3, 'A.peer')", 1, "3 out of 1: expected 0 to 1"),
        ("OR('A.peer', OutOf(9, 'A.peer'))", 14, "9 out of 1"),
        ("OutOf(" + "9" * 5000 + ", 'A.peer')", 7, "too large"),
        ("OR('A.peer)", 4, "expected AND, OR or OutOf or a quoted principal"),
        ("OR('A.peer' || 'B.peer')", 13, "found"),
        ("OutOf(٢, 'A.peer', 'B.peer')", 7, "expected a number"),
    ],
)
def test_an_error_says_where_and_what_is_allowed(text: str, place: int, words: str) -> None:
    """Each names the character, what stands there, and what may stand there."""
    with pytest.raises(ConfigtxError) as caught:
        parse_expression(text)
    assert f"character {place}:" in caught.value.message
    assert words in caught.value.message
    assert "Write for example" in caught.value.hint
    assert len(str(caught.value)) < 500


def test_length_and_depth_have_limits() -> None:
    """Neither a long nor a deep text costs more than its refusal."""
    assert parse_expression("OR(" * MAX_DEPTH + "'A.peer'" + ")" * MAX_DEPTH).identities
    with pytest.raises(ConfigtxError, match=f"more than {MAX_DEPTH} gates"):
        parse_expression("OR(" * (MAX_DEPTH + 1) + "'A.peer'" + ")" * (MAX_DEPTH + 1))
    with pytest.raises(ConfigtxError, match=f"at most {MAX_LENGTH}"):
        parse_expression("OR('A.peer'" + " " * MAX_LENGTH + ")")


@given(expressions)
def test_what_was_read_can_be_written_and_read_again(text: str) -> None:
    """The same bytes, whatever the shape."""
    envelope = parse_expression(text)
    again = parse_expression(expression_of(envelope))
    assert again.SerializeToString() == envelope.SerializeToString()


@given(st.text(max_size=40) | expressions.map(lambda text: text[: len(text) // 2]))
def test_any_text_is_a_policy_or_an_error(text: str) -> None:
    """Nothing but ConfigtxError, whatever is written."""
    with suppress(ConfigtxError):
        assert parse_expression(text).identities


@given(expressions)
def test_a_whole_policy_is_accepted(text: str) -> None:
    """What the test above cuts in half is a policy before that, and so are its bytes."""
    content = parse_expression(text).SerializeToString()
    assert expression_of(policies_pb2.SignaturePolicyEnvelope.FromString(content))


@given(st.binary(max_size=200))
def test_any_policy_from_others_can_be_written_or_is_an_error(data: bytes) -> None:
    """Random bytes that parse as a policy have a text or a reason why not."""
    with suppress(DecodeError, ConfigtxError):
        assert expression_of(policies_pb2.SignaturePolicyEnvelope.FromString(data))


def test_a_policy_from_others_that_cannot_be_is_an_error() -> None:
    """A number without its principal, gates deeper than the limit, a rule of nothing."""
    envelope = policies_pb2.SignaturePolicyEnvelope(identities=[role_principal("A", "peer")])
    with pytest.raises(ConfigtxError, match="empty rule"):
        expression_of(envelope)
    envelope.rule.signed_by = 1
    with pytest.raises(ConfigtxError, match=re.escape("names principal 1, but has 1")):
        expression_of(envelope)
    rule = envelope.rule
    for _ in range(MAX_DEPTH + 1):
        rule.n_out_of.n = 1
        rule = rule.n_out_of.rules.add()
    rule.signed_by = 0
    with pytest.raises(ConfigtxError, match="inside each other"):
        expression_of(envelope)


@pytest.mark.parametrize("text", ["ANY Readers", "ALL Writers", "MAJORITY Admins", "ANY a/b"])
def test_implicit_meta_policies_are_read(text: str) -> None:
    """One rule, one space, one name."""
    policy = parse_implicit_meta(text)
    rule = policies_pb2.ImplicitMetaPolicy.Rule.Name(policy.rule)
    assert f"{rule} {policy.sub_policy}" == text


@pytest.mark.parametrize(
    "text", ["", "ANY", "any Readers", "ANY  Readers", "ANY Readers Writers", "SOME Admins", "MAJORITY "]
)
def test_what_is_no_implicit_meta_policy_is_refused(text: str) -> None:
    """With what is allowed."""
    with pytest.raises(ConfigtxError, match="expected ALL, ANY or MAJORITY, one space"):
        parse_implicit_meta(text)
