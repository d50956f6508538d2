"""Make messages to orderers and peers: headers, signatures, the two envelopes of configuration updates.

Source: protoutil/txutils.go, protoutil/commonutils.go (Fabric 3.1.5).
"""

import hashlib
import secrets
import time
from collections.abc import Iterable
from typing import Final

from fabric_protos.common import common_pb2, configtx_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from heddle.configtx import values
from heddle.identity.signer import Signer

__all__ = [
    "channel_header",
    "new_nonce",
    "sign_update",
    "signature_header",
    "signed_envelope",
    "transaction_id",
    "update_envelope",
]

NONCE_BYTES: Final = 24


def new_nonce() -> bytes:
    """Return 24 random bytes; with the creator they make a transaction id that nobody else has."""
    return secrets.token_bytes(NONCE_BYTES)


def transaction_id(nonce: bytes, creator: bytes) -> str:
    """Return the SHA-256 of nonce and creator in hex; peers compute it again and refuse another."""
    return hashlib.sha256(nonce + creator).hexdigest()


def channel_header(
    header_type: int, channel: str, *, version: int = 0, tls_cert_hash: bytes = b""
) -> common_pb2.ChannelHeader:
    """Return a header with the current time in whole seconds, as Fabric makes it."""
    return common_pb2.ChannelHeader(
        type=header_type,
        version=version,
        timestamp=Timestamp(seconds=int(time.time())),
        channel_id=channel,
        tls_cert_hash=tls_cert_hash,
    )


def signature_header(signer: Signer, nonce: bytes | None = None) -> bytes:
    """Return `common.SignatureHeader` bytes that name the signer, with a fresh nonce unless one is given."""
    header = common_pb2.SignatureHeader(creator=signer.serialized, nonce=nonce or new_nonce())
    return bytes(header.SerializeToString())


def sign_update(update: bytes, signer: Signer) -> configtx_pb2.ConfigSignature:
    """Sign a configuration update (`common.ConfigUpdate` bytes) for one organization.

    It is bound to these very bytes: sign what will be sent, never a second serialization of it.
    """
    header = signature_header(signer)
    return configtx_pb2.ConfigSignature(signature_header=header, signature=signer.sign(header + update))


def update_envelope(
    update: bytes, signatures: Iterable[configtx_pb2.ConfigSignature], submitter: Signer
) -> common_pb2.Envelope:
    """Return the CONFIG_UPDATE envelope for Broadcast.

    Only `signatures` count as consent; the submitter's own, on the outside, only lets the message in.
    Raises ConfigtxError if `update` is none.
    """
    content = configtx_pb2.ConfigUpdateEnvelope(config_update=update, signatures=signatures)
    channel = values.parse(configtx_pb2.ConfigUpdate(), update, "the configuration update").channel_id
    return signed_envelope(common_pb2.CONFIG_UPDATE, channel, content.SerializeToString(), submitter)


def signed_envelope(
    header_type: int, channel: str, data: bytes, signer: Signer, *, tls_cert_hash: bytes = b""
) -> common_pb2.Envelope:
    """Return an envelope around `data`, signed.

    Args:
        header_type: `common.HeaderType`.
        channel: its id.
        data: the serialized message that the type announces.
        signer: creator and signature.
        tls_cert_hash: SHA-256 of the client's TLS certificate (DER); orderers with mutual TLS demand it
            on Deliver.
    """
    header = channel_header(header_type, channel, tls_cert_hash=tls_cert_hash)
    payload = common_pb2.Payload(data=data)
    payload.header.channel_header = header.SerializeToString()
    payload.header.signature_header = signature_header(signer)
    content = payload.SerializeToString()
    return common_pb2.Envelope(payload=content, signature=signer.sign(content))
