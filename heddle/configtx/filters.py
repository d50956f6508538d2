"""Check what an orderer asks of every message before it looks inside, and a node of every reader.

Source: orderer/common/msgprocessor/*.go, protoutil/signeddata.go (Fabric 3.1.5).
"""

from datetime import UTC, datetime
from typing import Final

from fabric_protos.common import common_pb2, configtx_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2
from google.protobuf.message import DecodeError

from heddle.configtx import values
from heddle.configtx.policies import Identity, SignedData, signed_data_refusal
from heddle.errors import ConfigtxError, IdentityError
from heddle.identity.expiry import not_after

__all__ = ["PERMISSION_DENIED", "envelope_signed_data", "expired", "message_refusal"]

PERMISSION_DENIED: Final = "permission denied"
"""The end of a refusal that Broadcast answers with FORBIDDEN; any other is BAD_REQUEST."""


def message_refusal(
    config: configtx_pb2.Config, envelope: common_pb2.Envelope, *, now: datetime | None = None
) -> str:
    """Return why the channel's orderers do not take a message, in Fabric's words; empty if they do.

    Of a configuration update Fabric says before it: "config update for existing channel did not pass
    initial checks: ".
    """
    if not envelope.payload:
        return "Message was empty"
    orderer = values.group_at(config.channel_group, "Orderer")
    limit = values.read(orderer, "BatchSize", orderer_pb2.BatchSize()).absolute_max_bytes
    size = len(envelope.payload) + len(envelope.signature)
    if size > limit:
        return f"message payload is {size} bytes and exceeds maximum allowed {limit} bytes"
    try:
        signed = envelope_signed_data(envelope)
    except ConfigtxError as error:
        return f"could not convert message to signedData: {error.message}"
    if expired(signed.identity, now):
        return "broadcast client identity expired"
    kind = values.read(orderer, "ConsensusType", orderer_pb2.ConsensusType())
    maintenance = kind.state == orderer_pb2.ConsensusType.STATE_MAINTENANCE
    policy = "/Channel/Orderer/Writers" if maintenance else "/Channel/Writers"
    reason = signed_data_refusal(config.channel_group, policy, [signed])
    return f"{reason}: {PERMISSION_DENIED}" if reason else ""


def envelope_signed_data(envelope: common_pb2.Envelope) -> SignedData:
    """Return an envelope's payload, creator and signature. Raises ConfigtxError if it names no creator."""
    payload = values.parse(common_pb2.Payload(), envelope.payload, "the envelope's payload")
    if not payload.HasField("header"):
        raise ConfigtxError("Missing Header")
    try:
        header = common_pb2.SignatureHeader.FromString(payload.header.signature_header)
    except DecodeError as error:
        words = "GetSignatureHeaderFromBytes failed, err proto: cannot parse invalid wire-format data"
        raise ConfigtxError(words) from error
    return SignedData(envelope.payload, header.creator, envelope.signature)


def expired(identity: bytes, now: datetime | None = None) -> bool:
    """Tell whether the certificate of an identity (`msp.SerializedIdentity` bytes) has run out.

    Source: common/crypto/expiration.go.
    """
    try:
        return not_after(Identity.parse(identity).certificate) < (now or datetime.now(UTC))
    except (ConfigtxError, IdentityError):
        return False  # as in Fabric: what has no date does not expire, and fails at the signature
