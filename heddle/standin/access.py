"""Who signed a message, and whether a channel's policies let them.

Source: protoutil/signeddata.go, common/crypto/expiration.go (Fabric 3.1.5).
"""

from datetime import UTC, datetime

from fabric_protos.common import common_pb2, configtx_pb2
from fabric_protos.msp import identities_pb2

from heddle.configtx.policies import SignedData, signed_data_refusal
from heddle.errors import IdentityError
from heddle.identity.expiry import not_after
from heddle.standin.malformed import MALFORMED

__all__ = ["Denied", "SignedData", "channel_header_of", "check_policy", "expired", "signed_data"]


class Denied(Exception):  # noqa: N818 - an answer, not a mistake
    """A signature that is not enough, in Fabric's words."""


def signed_data(envelope: common_pb2.Envelope) -> SignedData:
    """The outer signature of an envelope. Raises one of MALFORMED for a malformed one."""
    payload = common_pb2.Payload.FromString(envelope.payload)
    if not payload.HasField("header"):
        raise ValueError("missing header")
    header = common_pb2.SignatureHeader.FromString(payload.header.signature_header)
    return SignedData(envelope.payload, header.creator, envelope.signature)


def channel_header_of(envelope: common_pb2.Envelope) -> common_pb2.ChannelHeader:
    """The channel header of an envelope. Raises one of MALFORMED for a malformed one."""
    payload = common_pb2.Payload.FromString(envelope.payload)
    return common_pb2.ChannelHeader.FromString(payload.header.channel_header)


def check_policy(group: configtx_pb2.ConfigGroup, path: str, *signed: SignedData) -> None:
    """Raises Denied unless the signatures satisfy the policy at `path` of the channel's tree."""
    refusal = signed_data_refusal(group, path, list(signed))
    if refusal:
        raise Denied(refusal)


def expired(creator: bytes) -> bool:
    """Whether an identity's certificate has run out; false for one that cannot be read, as upstream."""
    try:
        certificate = identities_pb2.SerializedIdentity.FromString(creator).id_bytes
        return datetime.now(UTC) > not_after(certificate)
    except (*MALFORMED, IdentityError):
        return False
