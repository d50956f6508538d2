"""Read and write endorsement policies: the text that people write, the bytes that organizations approve."""

from fabric_protos.peer import policy_pb2

from heddle.configtx import values
from heddle.configtx.expression import expression_of, parse_expression

__all__ = [
    "DEFAULT_POLICY",
    "DEFAULT_POLICY_PATH",
    "application_policy",
    "application_policy_text",
    "policy_bytes",
    "policy_text",
]

DEFAULT_POLICY_PATH = "/Channel/Application/Endorsement"
DEFAULT_POLICY: bytes = policy_pb2.ApplicationPolicy(
    channel_config_policy_reference=DEFAULT_POLICY_PATH
).SerializeToString()
"""The endorsement policy of a definition that names none."""


def policy_bytes(text: str | None) -> bytes:
    """Return a serialized ApplicationPolicy; None is the channel's default. Raises ConfigtxError."""
    return DEFAULT_POLICY if text is None else bytes(application_policy(text).SerializeToString())


def policy_text(content: bytes) -> str | None:
    """Return the text that `policy_bytes` was given. Raises ConfigtxError for bytes that are no policy."""
    if content == DEFAULT_POLICY:
        return None
    policy = values.parse(policy_pb2.ApplicationPolicy(), content, "an endorsement policy")
    return application_policy_text(policy)


def application_policy(text: str) -> policy_pb2.ApplicationPolicy:
    """Return the policy of a text: the path of a channel policy begins with '/'."""
    if text.startswith("/"):
        return policy_pb2.ApplicationPolicy(channel_config_policy_reference=text)
    return policy_pb2.ApplicationPolicy(signature_policy=parse_expression(text))


def application_policy_text(policy: policy_pb2.ApplicationPolicy) -> str:
    """Return the text of a policy, as `application_policy` reads it. Raises ConfigtxError."""
    if policy.WhichOneof("Type") == "signature_policy":
        return expression_of(policy.signature_policy)
    return policy.channel_config_policy_reference
