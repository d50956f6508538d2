"""Endorsement policies: from the text that people write to the bytes that organizations approve, and back."""

from fabric_protos.peer import policy_pb2

from heddle.configtx import values
from heddle.configtx.expression import expression_of, parse_expression
from heddle.fabric.definition import DEFAULT_POLICY

__all__ = ["application_policy", "application_policy_text", "policy_bytes", "policy_text"]


def policy_bytes(text: str | None) -> bytes:
    """A serialized ApplicationPolicy; None is the channel's default. Raises ConfigtxError for no policy."""
    return DEFAULT_POLICY if text is None else bytes(application_policy(text).SerializeToString())


def policy_text(content: bytes) -> str | None:
    """What `policy_bytes` was given, for people. Raises ConfigtxError for bytes that are no policy."""
    if content == DEFAULT_POLICY:
        return None
    policy = values.parse(policy_pb2.ApplicationPolicy(), content, "an endorsement policy")
    return application_policy_text(policy)


def application_policy(text: str) -> policy_pb2.ApplicationPolicy:
    """A text that begins with '/' is the path of a channel policy, anything else a signature policy."""
    if text.startswith("/"):
        return policy_pb2.ApplicationPolicy(channel_config_policy_reference=text)
    return policy_pb2.ApplicationPolicy(signature_policy=parse_expression(text))


def application_policy_text(policy: policy_pb2.ApplicationPolicy) -> str:
    """The inverse of `application_policy`. Raises ConfigtxError."""
    if policy.WhichOneof("Type") == "signature_policy":
        return expression_of(policy.signature_policy)
    return str(policy.channel_config_policy_reference)
