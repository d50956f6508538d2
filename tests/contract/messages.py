"""Messages that clients would not send: headers with a wrong time, forged signatures, odd types."""

import time

from fabric_protos.common import common_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from heddle.configtx.envelope import new_nonce, transaction_id
from heddle.identity.signer import Signer


def envelope(
    kind: int,
    channel: str,
    data: bytes,
    signer: Signer,
    *,
    minutes: float | None = 0,
    forged: bool = False,
) -> common_pb2.Envelope:
    """An envelope; `minutes` the clock is off (None: no time); forged: the signature is of other bytes."""
    nonce = new_nonce()
    header = common_pb2.ChannelHeader(
        type=kind, channel_id=channel, tx_id=transaction_id(nonce, signer.serialized)
    )
    if minutes is not None:
        header.timestamp.CopyFrom(Timestamp(seconds=int(time.time() + 60 * minutes)))
    payload = common_pb2.Payload(data=data)
    payload.header.channel_header = header.SerializeToString()
    payload.header.signature_header = common_pb2.SignatureHeader(
        creator=signer.serialized, nonce=nonce
    ).SerializeToString()
    content = payload.SerializeToString()
    return common_pb2.Envelope(payload=content, signature=signer.sign(b"" if forged else content))
