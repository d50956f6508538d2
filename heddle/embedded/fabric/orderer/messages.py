"""Encode the messages of stand-in orderers to each other, as JSON in a signed Envelope."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from fabric_protos.common import common_pb2

__all__ = ["Append", "Bye", "Fetch", "Message", "Stand", "Submit", "Vote", "decode", "encode"]


@dataclass(frozen=True, kw_only=True)
class Vote:
    """Asks for a promise to follow the candidate in a term.

    The candidate has `height` blocks, and has perhaps accepted the next one: in the term `pending`, else 0.
    `handed_by`: the leader that wants the candidate to lead; promises to that one do not stand in the way.
    """

    candidate: str
    term: int
    height: int
    pending: int
    handed_by: str = ""


@dataclass(frozen=True, kw_only=True)
class Append:
    """A leader's heartbeat: its term, what is committed, who is active, and the block to accept, if any."""

    leader: str
    term: int
    height: int
    active: tuple[str, ...]
    block: common_pb2.Block | None


@dataclass(frozen=True, kw_only=True)
class Bye:
    """The leader stops; another one may be found at once."""

    leader: str


@dataclass(frozen=True, kw_only=True)
class Stand:
    """The leader, with `height` blocks, asks a member to lead in its place."""

    leader: str
    height: int


@dataclass(frozen=True, kw_only=True)
class Submit:
    """A follower passes on a client's envelope that it has validated."""

    envelope: bytes


@dataclass(frozen=True, kw_only=True)
class Fetch:
    """Asks for one committed block; -1 asks only for the height."""

    number: int


Message = Vote | Append | Bye | Stand | Submit | Fetch
_KINDS: dict[str, type[Message]] = {kind.__name__: kind for kind in (Vote, Append, Bye, Stand, Submit, Fetch)}


def encode(message: Message) -> bytes:
    """Return a message as JSON; bytes and blocks as base64."""
    fields: dict[str, Any] = dict(vars(message))
    if isinstance(message, Append) and message.block is not None:
        fields["block"] = base64.b64encode(message.block.SerializeToString()).decode()
    if isinstance(message, Submit):
        fields["envelope"] = base64.b64encode(message.envelope).decode()
    return json.dumps({"kind": type(message).__name__, **fields}).encode()


def decode(data: bytes) -> Message:
    """Read a message that `encode` wrote. Raises ValueError, KeyError or TypeError for anything else."""
    fields = json.loads(data)
    kind = _KINDS[fields.pop("kind")]
    if kind is Append:
        fields["active"] = tuple(fields["active"])
        if fields["block"] is not None:
            fields["block"] = common_pb2.Block.FromString(base64.b64decode(fields["block"]))
    if kind is Submit:
        fields["envelope"] = base64.b64decode(fields["envelope"])
    return kind(**fields)
