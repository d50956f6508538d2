"""Make signable requests: configuration updates that go from one organization's administrator to the next.

A request is a small JSON text, so that it can be sent, kept and looked at with anything. Whoever receives one
has it from others: reading is under limits, and its summary is only what the sender says. `review.review`
tells what the update really does to the channel's configuration; show that before anybody signs.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from fabric_protos.common import common_pb2, configtx_pb2

from heddle.configtx import values
from heddle.configtx.envelope import sign_update, update_envelope
from heddle.configtx.names import check_channel_id
from heddle.configtx.policies import Identity
from heddle.errors import ConfigtxError, IdentityError
from heddle.identity.keys import verify
from heddle.identity.signer import Signer
from heddle.plain import Plain, ShapeError, parse_json

__all__ = [
    "MAX_BYTES",
    "Request",
    "merge_requests",
    "new_request",
    "printable",
    "request_envelope",
    "request_from_bytes",
    "request_to_bytes",
    "sign_request",
    "signature_of",
    "update_of",
    "with_envelope",
]

FORMAT: Final = "heddle/signable-request/1"
MAX_BYTES: Final = 8 * 1024 * 1024
"""Bytes of a request at most. Orderers take messages up to 10 MiB; forty MSPs have half of one."""
MAX_SIGNATURES: Final = 256
MAX_SIGNATURE_BYTES: Final = 64 * 1024
MAX_LINES: Final = 2000
MAX_LINE: Final = 1000
_HINT: Final = "Expected a file that `heddle channel request` has written."
_KEYS: Final = ("format", "channel", "sequence", "update", "signatures", "summary")


@dataclass(frozen=True, kw_only=True)
class Request:
    """A configuration update that still needs signatures.

    `sequence` is that of the configuration from which it was computed; `update` is `common.ConfigUpdate`,
    `signatures` are `common.ConfigSignature`, all as bytes: what has been signed is never serialized again.
    """

    channel: str
    sequence: int
    update: bytes
    signatures: tuple[bytes, ...] = ()
    summary: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Return the update's SHA-256 in hex, by which two people know that they mean the same request."""
        return hashlib.sha256(self.update).hexdigest()


def new_request(update: bytes, config: configtx_pb2.Config, *, summary: Sequence[str] = ()) -> Request:
    """Return a request for an update (`common.ConfigUpdate` bytes) of a channel with this configuration.

    Raises:
        ConfigtxError: no update, or larger than a request may be.
    """
    lines = tuple(printable(line[:MAX_LINE]) for line in summary[:MAX_LINES])
    request = Request(
        channel=update_of(update).channel_id, sequence=config.sequence, update=update, summary=lines
    )
    return _checked(request)


def request_to_bytes(request: Request) -> bytes:
    """Return the request as a text for people and programs, ASCII. Raises as `new_request` does."""
    _checked(request)
    content = {
        "format": FORMAT,
        "channel": request.channel,
        "sequence": request.sequence,
        "summary": list(request.summary),
        "update": base64.b64encode(request.update).decode(),
        "signatures": [base64.b64encode(one).decode() for one in request.signatures],
    }
    data = json.dumps(content, indent=2).encode() + b"\n"
    _limit(data)
    return data


def request_from_bytes(data: bytes) -> Request:
    """Read a request that came from somebody.

    Raises:
        ConfigtxError: no request, too large, or about something else than it says.
    """
    _limit(data)
    try:
        content = parse_json(data, limit=MAX_BYTES)
        if content.object().get("format") != FORMAT:
            raise ConfigtxError(f"no request for signatures: expected format {FORMAT}", hint=_HINT)
        unknown = sorted(set(content.object()) - set(_KEYS))
        if unknown:
            raise _wrong(f"unknown field {unknown[0][:80]!r}")
        return _checked(
            Request(
                channel=content["channel"].text(),
                sequence=content["sequence"].integer(),
                update=_bytes(content["update"]),
                signatures=tuple(map(_bytes, content["signatures"].items())),
                summary=content["summary"].texts(),
            )
        )
    except ShapeError as error:
        raise _wrong(str(error)) from error


def sign_request(request: Request, signer: Signer) -> Request:
    """Return the request with this administrator's signature; the same request if it has it already.

    What others have put there in this name, but is none, gives way.

    Raises:
        IdentityError: the key cannot be used.
    """
    mine = [one for one in request.signatures if _creator(one) == signer.serialized]
    if any(_holds(request.update, one) for one in mine):
        return request
    signature = sign_update(request.update, signer).SerializeToString()
    others = (one for one in request.signatures if one not in mine)
    return _checked(replace(request, signatures=(*others, signature)))


def merge_requests(first: Request, *others: Request) -> Request:
    """Return one request with the signatures of all; each signer's first one that holds stays.

    Raises:
        ConfigtxError: they are not copies of the same request.
    """
    for other in others:
        if (other.channel, other.sequence, other.update) != (first.channel, first.sequence, first.update):
            raise ConfigtxError(
                f"two different requests: {first.channel} {first.digest[:12]} at sequence {first.sequence}, "
                f"and {other.channel} {other.digest[:12]} at sequence {other.sequence}",
                hint="Signatures hold for one request only. Have the newer one signed by everybody.",
            )
    order = dict.fromkeys(one for each in (first, *others) for one in each.signatures)
    stays: dict[bytes, bytes] = {}
    for one in order:
        creator = _creator(one)
        # A file that has somebody's name on what is no signature must not keep the real one out.
        if creator not in stays or (not _holds(first.update, stays[creator]) and _holds(first.update, one)):
            stays[creator] = one
    kept = tuple(one for one in order if stays[_creator(one)] == one)
    return _checked(replace(first, signatures=kept))


def with_envelope(request: Request, envelope: common_pb2.Envelope) -> Request:
    """Return the request with the signatures that `peer channel signconfigtx` has written to an envelope.

    Raises:
        ConfigtxError: no update, or another one.
    """
    payload = values.parse(common_pb2.Payload(), envelope.payload, "the envelope's payload")
    content = values.parse(configtx_pb2.ConfigUpdateEnvelope(), payload.data, "the configuration update")
    signatures = tuple(one.SerializeToString() for one in content.signatures[: MAX_SIGNATURES + 1])
    other = _checked(replace(request, update=content.config_update, signatures=signatures))
    return merge_requests(request, other)


def request_envelope(request: Request, submitter: Signer) -> common_pb2.Envelope:
    """Return the message for Broadcast, with every signature that was collected.

    It is what `peer channel signconfigtx` and `peer channel update` take, too.
    """
    signatures = [signature_of(one) for one in request.signatures]
    return update_envelope(request.update, signatures, submitter)


def _checked(request: Request) -> Request:
    check_channel_id(request.channel)
    if not 0 <= request.sequence < 2**64:
        raise _wrong(f"sequence: {request.sequence}, expected a number from 0")
    if len(request.update) > MAX_BYTES:
        raise _wrong(f"update: {len(request.update)} bytes, expected at most {MAX_BYTES}")
    named = update_of(request.update).channel_id
    if named != request.channel:
        raise _wrong(f"update: it is for channel {named[:80]!r}, the request for {request.channel!r}")
    if len(request.signatures) > MAX_SIGNATURES:
        raise _wrong(f"signatures: {len(request.signatures)} of them, expected at most {MAX_SIGNATURES}")
    for one in request.signatures:
        _creator(one)
    if len(request.summary) > MAX_LINES:
        raise _wrong(f"summary: {len(request.summary)} lines, expected at most {MAX_LINES}")
    for line in request.summary:
        if len(line) > MAX_LINE or line != printable(line):
            raise _wrong(f"summary: expected lines of up to {MAX_LINE} printable characters")
    return request


def printable(text: str) -> str:
    """Return the text without what could move a terminal's cursor."""
    return "".join(mark if mark.isprintable() else "\N{REPLACEMENT CHARACTER}" for mark in text)


def _creator(signature: bytes) -> bytes:
    if len(signature) > MAX_SIGNATURE_BYTES:
        raise _wrong(f"signatures: one of {len(signature)} bytes, expected at most {MAX_SIGNATURE_BYTES}")
    about = signature_of(signature).signature_header
    creator = values.parse(common_pb2.SignatureHeader(), about, "a signature's header").creator
    Identity.parse(creator)
    return creator


def _holds(update: bytes, signature: bytes) -> bool:
    """Tell whether a signature was made with the key of the certificate that it names."""
    message = signature_of(signature)
    try:
        certificate = Identity.parse(_creator(signature)).certificate
        return verify(certificate, message.signature_header + update, message.signature)
    except IdentityError:  # no certificate, or no usable key
        return False


def signature_of(data: bytes) -> configtx_pb2.ConfigSignature:
    """Read one of a request's signatures. Raises ConfigtxError."""
    return values.parse(configtx_pb2.ConfigSignature(), data, "a signature of the request")


def update_of(data: bytes) -> configtx_pb2.ConfigUpdate:
    """Read a request's update. Raises ConfigtxError."""
    return values.parse(configtx_pb2.ConfigUpdate(), data, "the request's update")


def _limit(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise ConfigtxError(f"a request for signatures of {len(data)} bytes, expected at most {MAX_BYTES}")


def _bytes(text: Plain) -> bytes:
    try:
        return base64.b64decode(text.text(), validate=True)
    except (binascii.Error, ValueError) as error:
        if isinstance(error, ShapeError):
            raise
        raise text.unlike("base64") from error


def _wrong(problem: str) -> ConfigtxError:
    return ConfigtxError(f"a request for signatures: {problem}", hint=_HINT)
