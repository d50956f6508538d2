"""Policies are called no weaker only where that is true for whoever signs."""

import itertools

import pytest
from fabric_protos.common import policies_pb2
from hypothesis import given
from hypothesis import strategies as st

from heddle.configtx.expression import parse_expression, parse_implicit_meta
from heddle.configtx.strength import Strength, compare_policies
from tests.configtx.strategies import gates

POLICY = policies_pb2.Policy
LEAVES = st.sampled_from(["'A.admin'", "'B.admin'", "'C.peer'"])
LEAF = "'A.admin'"
SMALL = gates(st.recursive(LEAVES, gates, max_leaves=6))


def policy(text: str) -> policies_pb2.Policy:
    if "(" in text:
        return POLICY(type=POLICY.SIGNATURE, value=parse_expression(text).SerializeToString())
    return POLICY(type=POLICY.IMPLICIT_META, value=parse_implicit_meta(text).SerializeToString())


@pytest.mark.parametrize(
    ("old", "new", "strength"),
    [
        ("MAJORITY Admins", "ALL Admins", Strength.NO_WEAKER),
        ("MAJORITY Admins", "ANY Admins", Strength.WEAKER),
        ("ALL Admins", "MAJORITY Admins", Strength.WEAKER),
        ("MAJORITY Admins", "MAJORITY Writers", Strength.UNKNOWN),
        ("MAJORITY Admins", "OR('A.admin')", Strength.UNKNOWN),
        ("OR('A.admin', 'B.admin')", "OR('A.admin')", Strength.NO_WEAKER),
        ("OR('A.admin')", "OR('A.admin', 'A.member')", Strength.WEAKER),
        ("AND('A.admin', 'B.admin')", "OR('A.admin', 'B.admin')", Strength.WEAKER),
        ("OutOf(2, 'A.admin', 'B.admin', 'C.admin')", "AND('A.admin', 'B.admin')", Strength.NO_WEAKER),
        ("AND('A.admin', 'B.admin')", "OutOf(2, 'A.admin', 'B.admin', 'C.admin')", Strength.WEAKER),
        ("OR('A.admin')", "OR('B.admin')", Strength.UNKNOWN),
        ("AND('A.admin', 'A.admin')", "AND('A.admin')", Strength.WEAKER),
    ],
)
def test_what_is_weaker(old: str, new: str, strength: Strength) -> None:
    """What can be shown is said, the rest may be weaker."""
    assert compare_policies(policy(old), policy(new)) is strength


def test_a_policy_that_cannot_be_read_may_be_weaker() -> None:
    """Another release may read it."""
    broken = POLICY(type=POLICY.SIGNATURE, value=b"\xff")
    assert compare_policies(policy("OR('A.admin')"), broken) is Strength.UNKNOWN
    assert compare_policies(policy("OR('A.admin')"), POLICY(type=POLICY.MSP)) is Strength.UNKNOWN


def test_a_policy_too_large_to_compare_may_be_weaker() -> None:
    """Comparing costs each with each, and the sender chooses how many there are."""
    many, fewer = (policy(f"OutOf(3, {', '.join([LEAF] * count)})") for count in (400, 300))
    assert compare_policies(many, fewer) is Strength.UNKNOWN


def satisfied(envelope: policies_pb2.SignaturePolicyEnvelope, signers: tuple[bytes, ...]) -> bool:
    """Tell whether signers, each one principal, satisfy a policy (common/cauthdsl/cauthdsl.go)."""

    def walk(rule: policies_pb2.SignaturePolicy, used: list[bool]) -> bool:
        if rule.WhichOneof("Type") == "n_out_of":
            count = 0
            for sub in rule.n_out_of.rules:
                attempt = list(used)
                if walk(sub, attempt):
                    count += 1
                    used[:] = attempt
            return count >= rule.n_out_of.n
        wanted = envelope.identities[rule.signed_by].principal
        for index, signer in enumerate(signers):
            if not used[index] and signer == wanted:
                used[index] = True
                return True
        return False

    return walk(envelope.rule, [False] * len(signers))


@given(old=SMALL, new=SMALL)
def test_no_set_of_signers_contradicts_it(old: str, new: str) -> None:
    """Every set of up to two signers per principal that satisfies the new policy satisfied the old one."""
    if compare_policies(policy(old), policy(new)) is not Strength.NO_WEAKER:
        return
    before, after = parse_expression(old), parse_expression(new)
    principals = sorted({each.principal for each in (*before.identities, *after.identities)})
    for counts in itertools.product(range(3), repeat=len(principals)):
        signers = tuple(p for p, count in zip(principals, counts, strict=True) for _ in range(count))
        assert not satisfied(after, signers) or satisfied(before, signers), signers
