"""Write a policy in Fabric's words, so that two different policies never have the same text."""

from fabric_protos.common import policies_pb2

from heddle.configtx import values
from heddle.configtx.expression import expression_of, parse_expression
from heddle.errors import ConfigtxError
from heddle.protobuf import enum_name
from heddle.text import escaped, shown_bytes

__all__ = ["policy_text"]


def policy_text(policy: policies_pb2.Policy) -> str:
    """Return `MAJORITY Admins`, `OR('Org1MSP.admin')`; where words do not say all, also the bytes."""
    try:
        text, exact = _words(policy)
    except ConfigtxError as error:
        text, exact = f"cannot be read ({error.message})", False
    return text if exact else f"{text} [{shown_bytes(policy.value)}]"


def _words(policy: policies_pb2.Policy) -> tuple[str, bool]:
    """Return the policy in words, and whether they stand for these bytes alone. Raises ConfigtxError."""
    data = policy.value
    if policy.type == policies_pb2.Policy.IMPLICIT_META:
        meta = values.parse(policies_pb2.ImplicitMetaPolicy(), data, "an implicit meta policy")
        known = policies_pb2.ImplicitMetaPolicy(rule=meta.rule, sub_policy=meta.sub_policy)
        rule = enum_name(policies_pb2.ImplicitMetaPolicy.Rule.DESCRIPTOR, meta.rule)
        return f"{rule} {escaped(meta.sub_policy)}", known.SerializeToString() == data
    if policy.type == policies_pb2.Policy.SIGNATURE:
        envelope = values.parse(policies_pb2.SignaturePolicyEnvelope(), data, "a signature policy")
        text = expression_of(envelope)
        return text, _reads_back(text, data)
    return f"a policy of type {enum_name(policies_pb2.Policy.PolicyType.DESCRIPTOR, policy.type)}", False


def _reads_back(text: str, data: bytes) -> bool:
    try:
        return parse_expression(text).SerializeToString(deterministic=True) == data
    except ConfigtxError:
        return False
