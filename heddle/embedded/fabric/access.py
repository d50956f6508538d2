"""Check a request's signer against a channel's policies."""

from fabric_protos.common import common_pb2, configtx_pb2

from heddle.configtx.policies import SignedData, signed_data_refusal

__all__ = ["Denied", "SignedData", "channel_header_of", "check_policy"]


class Denied(Exception):  # noqa: N818 - an answer, not a mistake
    """A signature that is not enough, in Fabric's words."""


def channel_header_of(envelope: common_pb2.Envelope) -> common_pb2.ChannelHeader:
    """Return the channel header of an envelope. Raises one of MALFORMED for a malformed one."""
    payload = common_pb2.Payload.FromString(envelope.payload)
    return common_pb2.ChannelHeader.FromString(payload.header.channel_header)


def check_policy(group: configtx_pb2.ConfigGroup, path: str, *signed: SignedData) -> None:
    """Raise Denied unless the signatures satisfy the policy at `path` of the channel's tree."""
    refusal = signed_data_refusal(group, path, list(signed))
    if refusal:
        raise Denied(refusal)
