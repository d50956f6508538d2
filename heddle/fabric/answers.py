"""Read what nodes answer, under limits. Whoever runs a node decides what it answers: it may be anything.

An answer that cannot be read tells nothing of the node's state, so it is `Unreachable`, as no answer is.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from fabric_protos.peer import transaction_pb2

from heddle.configtx.values import MessageT, parse
from heddle.errors import ConfigtxError, Unreachable
from heddle.fabric.node import Node
from heddle.plain import Plain, ShapeError, parse_json

__all__ = ["JSON_BYTES", "HttpAnswer", "message_of", "plain_of", "unreadable", "validation_code"]

T = TypeVar("T")

JSON_BYTES = 8 * 1024 * 1024
"""Bytes of a JSON answer at most: some ten thousand channels."""


@dataclass(frozen=True, kw_only=True)
class HttpAnswer:
    """Hold the status and the whole body of an HTTP answer."""

    status: int
    content: bytes = field(repr=False)

    def text(self) -> str:
        """Return the body as text; bytes that are none are replaced."""
        return self.content.decode(errors="replace")


def unreadable(node: Node, what: str, why: str, *, port: int | None = None) -> Unreachable:
    """Return the error for a node that answered `what` with something that is no answer to it."""
    return Unreachable(
        f"{node.at(port)}: {what}: its answer cannot be read: {why}",
        hint="Is it a Fabric node of release 2.5 or 3, and does nothing between change what it says?",
    )


def message_of(message: MessageT, data: bytes, node: Node, what: str) -> MessageT:
    """Parse the node's answer to `what` into `message`. Raises Unreachable when it is no such message."""
    try:
        return parse(message, data, "it")
    except ConfigtxError as error:
        raise unreadable(node, what, error.message.removeprefix("it ")) from error


def plain_of(data: bytes, read: Callable[[Plain], T], node: Node, what: str, *, port: int | None) -> T:
    """Read the node's JSON answer to `what` by `read`. Raises Unreachable when it is of another shape."""
    try:
        return read(parse_json(data, limit=JSON_BYTES))
    except ShapeError as error:
        raise unreadable(node, what, str(error), port=port) from error


def validation_code(number: int) -> str:
    """Return the name of a TxValidationCode ("VALID"), or "code 99" where this release has no name for it."""
    known = transaction_pb2.TxValidationCode.DESCRIPTOR.values_by_number.get(number)
    return known.name if known else f"code {number}"
