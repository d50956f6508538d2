"""Compare two policies: does the new one ask for at least what the old one asked for?

The answer is conservative: a policy counts as no weaker only where that can be shown, so a doubt is told.
"""

from enum import Enum
from typing import Final, NamedTuple, TypeAlias

from fabric_protos.common import policies_pb2
from fabric_protos.msp.msp_principal_pb2 import MSPPrincipal

from heddle.configtx import values
from heddle.configtx.expression import MAX_DEPTH
from heddle.configtx.members import principal_organization
from heddle.errors import ConfigtxError

__all__ = ["Strength", "compare_policies"]

_RULES: Final = {
    policies_pb2.ImplicitMetaPolicy.ANY: 0,
    policies_pb2.ImplicitMetaPolicy.MAJORITY: 1,
    policies_pb2.ImplicitMetaPolicy.ALL: 2,
}
_MOST_RULES: Final = 200
"""Gates and principals of a policy that are compared: each with each, and policies come from others."""


class Strength(Enum):
    """Say how a new policy compares with the old one; the words stand before what is told of it."""

    NO_WEAKER = "no weaker"
    UNKNOWN = "may be weaker"
    WEAKER = "WEAKER"


class _Gate(NamedTuple):
    """`needed` of the rules must be satisfied."""

    needed: int
    rules: "tuple[_Rule, ...]"


_Rule: TypeAlias = "_Gate | bytes"
"""A gate, or the principal (bytes of `common.MSPPrincipal`) that must sign."""


def compare_policies(old: policies_pb2.Policy, new: policies_pb2.Policy) -> Strength:
    """Compare two policies of the same place, whose groups below are the same."""
    if old == new:
        return Strength.NO_WEAKER
    if old.type != new.type:
        return Strength.UNKNOWN
    try:
        if old.type == policies_pb2.Policy.IMPLICIT_META:
            return _compare_implicit(old, new)
        if old.type == policies_pb2.Policy.SIGNATURE:
            return _compare_rules(_rule_of(old), _rule_of(new))
    except ConfigtxError:
        pass  # A policy that cannot be read is satisfied by nobody, or by whom another release thinks.
    return Strength.UNKNOWN


def _compare_implicit(old: policies_pb2.Policy, new: policies_pb2.Policy) -> Strength:
    before, after = (
        values.parse(policies_pb2.ImplicitMetaPolicy(), each.value, "an implicit meta policy")
        for each in (old, new)
    )
    if before.sub_policy != after.sub_policy or not {before.rule, after.rule} <= _RULES.keys():
        return Strength.UNKNOWN
    return Strength.WEAKER if _RULES[after.rule] < _RULES[before.rule] else Strength.NO_WEAKER


def _compare_rules(old: "_Rule", new: "_Rule") -> Strength:
    if new == old or (_is_clear(old) and _implies(new, old, {})):
        return Strength.NO_WEAKER
    return Strength.WEAKER if _is_clear(new) and _implies(old, new, {}) else Strength.UNKNOWN


def _is_clear(rule: "_Rule") -> bool:
    """Tell whether more signatures never do a policy harm, which every proof here relies on.

    Fabric gives each signature to the first principal that it fits, and then may lack it for another one.
    That cannot happen where one is enough everywhere, or where all principals are of different organizations.
    """
    gates, principals = _parts(rule)
    owners = [principal_organization(MSPPrincipal.FromString(each)) for each in principals]
    return all(gate.needed == 1 for gate in gates) or len(set(owners)) == len(owners)


def _parts(rule: "_Rule") -> tuple[list[_Gate], list[bytes]]:
    """Return all gates and all principals of a rule, as often as they occur."""
    if not isinstance(rule, _Gate):
        return [], [rule]
    below = [_parts(each) for each in rule.rules]
    return [rule, *(gate for gates, _ in below for gate in gates)], [
        principal for _, principals in below for principal in principals
    ]


def _rule_of(policy: policies_pb2.Policy) -> "_Rule":
    envelope = values.parse(policies_pb2.SignaturePolicyEnvelope(), policy.value, "a signature policy")
    principals = [each.SerializeToString(deterministic=True) for each in envelope.identities]
    rule = _rule(envelope.rule, principals, MAX_DEPTH)
    gates, leaves = _parts(rule)
    if len(gates) + len(leaves) > _MOST_RULES:
        raise ConfigtxError("a signature policy that is too large to compare")
    return rule


def _rule(rule: policies_pb2.SignaturePolicy, principals: list[bytes], depth: int) -> "_Rule":
    if rule.WhichOneof("Type") == "n_out_of":
        if depth == 0:
            raise ConfigtxError("a signature policy with too many gates inside each other")
        return _Gate(rule.n_out_of.n, tuple(_rule(sub, principals, depth - 1) for sub in rule.n_out_of.rules))
    if rule.WhichOneof("Type") is None or not 0 <= rule.signed_by < len(principals):
        raise ConfigtxError("a signature policy with a principal that it does not have")
    return principals[rule.signed_by]


def _implies(new: "_Rule", old: "_Rule", known: dict[tuple[int, int], bool]) -> bool:
    """Tell whether it can be shown that all who satisfy `new` satisfy `old`.

    `known` keeps what was found of each pair: the same pairs come up on many ways.
    """
    pair = (id(new), id(old))
    if pair not in known:
        known[pair] = new == old or _gate_implies(new, old, known)
    return known[pair]


def _gate_implies(new: "_Rule", old: "_Rule", known: dict[tuple[int, int], bool]) -> bool:
    if isinstance(old, _Gate):
        if old.needed <= 0:
            return True
        if old.needed == 1 and any(_implies(new, rule, known) for rule in old.rules):
            return True
        if isinstance(new, _Gate) and _pairs_suffice(new, old, known):
            return True
    if not isinstance(new, _Gate) or new.needed <= 0:
        return False
    # Of `needed` rules that are satisfied at least one is then among those that imply the old policy alone.
    return sum(_implies(rule, old, known) for rule in new.rules) > len(new.rules) - new.needed


def _pairs_suffice(new: _Gate, old: _Gate, known: dict[tuple[int, int], bool]) -> bool:
    """Tell whether enough rules of the new gate imply rules of the old one, each another one."""
    left = list(old.rules)
    pairs = 0
    for rule in new.rules:
        match = next((index for index, each in enumerate(left) if _implies(rule, each, known)), None)
        if match is not None:
            del left[match]
            pairs += 1
    return new.needed - (len(new.rules) - pairs) >= old.needed
