"""Messages that clients would not send: headers with a wrong time, forged signatures, odd types."""

import re
import time
from collections.abc import Mapping
from typing import Any

from fabric_protos.common import common_pb2
from fabric_protos.orderer import ab_pb2, ab_pb2_grpc
from google.protobuf.timestamp_pb2 import Timestamp

from heddle.configtx.envelope import new_nonce, transaction_id
from heddle.fabric.connection import Connections
from heddle.fabric.node import Node
from heddle.identity.signer import Signer

NOISE = b"\x07noise"
"""Bytes that are no protobuf message."""


def envelope(
    kind: int,
    channel: str,
    data: bytes,
    signer: Signer,
    *,
    minutes: float | None = 0,
    forged: bool = False,
    tls_cert_hash: bytes = b"",
) -> common_pb2.Envelope:
    """An envelope; `minutes` the clock is off (None: no time); forged: the signature is of other bytes."""
    nonce = new_nonce()
    header = common_pb2.ChannelHeader(
        type=kind,
        channel_id=channel,
        tx_id=transaction_id(nonce, signer.serialized),
        tls_cert_hash=tls_cert_hash,
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


def malformed(message: common_pb2.Envelope, how: str) -> common_pb2.Envelope:
    """A message with something missing or replaced by noise."""
    payload = common_pb2.Payload.FromString(message.payload)
    match how:
        case "nothing":
            return common_pb2.Envelope()
        case "noise":
            return common_pb2.Envelope(payload=NOISE, signature=message.signature)
        case "no signature":
            return common_pb2.Envelope(payload=message.payload)
        case "no header":
            payload.ClearField("header")
        case "noise as channel header":
            payload.header.channel_header = NOISE
        case "no signature header":
            payload.header.ClearField("signature_header")
        case "noise as signature header":
            payload.header.signature_header = NOISE
        case "noise as creator":
            payload.header.signature_header = common_pb2.SignatureHeader(creator=NOISE).SerializeToString()
        case "noise as content":
            payload.data = NOISE
        case _:
            raise ValueError(how)
    return common_pb2.Envelope(payload=payload.SerializeToString(), signature=message.signature)


def seek_info(wanted: Mapping[str, Any], height: int) -> ab_pb2.SeekInfo:
    """Where a case wants to start and stop (see tests/cases/contract/deliver.yaml) at this height."""
    info = ab_pb2.SeekInfo(
        behavior=ab_pb2.SeekInfo.BLOCK_UNTIL_READY
        if wanted.get("wait")
        else ab_pb2.SeekInfo.FAIL_IF_NOT_READY
    )
    info.content_type = ab_pb2.SeekInfo.SeekContentType.Value(wanted.get("content", "BLOCK"))
    for name in ("start", "stop"):
        match wanted.get(name):
            case None:
                continue
            case "oldest" | "newest" | "next_commit" as end:
                getattr(getattr(info, name), end).SetInParent()
            case place:
                number = {"beyond": height, "past": height + 1}.get(place, place)
                getattr(info, name).specified.number = number
    return info


async def offered(connections: Connections, node: Node, message: common_pb2.Envelope) -> tuple[str, str]:
    """What an orderer answers to one message on Broadcast: the status by its name, and the words."""
    stub = ab_pb2_grpc.AtomicBroadcastStub(await connections.channel(node))
    call = stub.Broadcast(timeout=20)
    await call.write(message)
    await call.done_writing()
    answer = await call.read()
    assert isinstance(answer, ab_pb2.BroadcastResponse), await call.details()
    return common_pb2.Status.Name(answer.status), answer.info


def same_words(expected: str, found: str) -> bool:
    """Return whether a node said these words; an ellipsis stands for anything."""
    pattern = ".*".join(re.escape(part) for part in expected.split("…"))
    return re.fullmatch(pattern, _every_build(found), re.DOTALL) is not None


def has_words(expected: str, found: str | None) -> bool:
    """Return whether these words are among those of a node."""
    return expected in _every_build(found or "")


def _every_build(words: str) -> str:
    # Go's protobuf writes 'proto:' with a no-break space in some builds, so that nobody relies on its errors.
    return words.replace("\N{NO-BREAK SPACE}", " ")
