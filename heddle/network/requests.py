"""Find what an `up` has left of a channel in the state of its stack: a request, the last proved block."""

from base64 import b64decode
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from heddle.configtx.request import Request, request_from_bytes
from heddle.configtx.trust import ConfigMark, read_mark
from heddle.errors import EngineError
from heddle.plugin.values import Properties
from heddle.state.outputs import read_resources

__all__ = ["CHANNEL_TYPE", "kept_marks", "kept_request"]

CHANNEL_TYPE: Final = "heddle:ledger:Channel"
"""As `heddle.schema.channel` declares it, whose import would cost each command a fifth of a second."""


def kept_request(folder: Path, stack: str, channel: str) -> Request:
    """Return the request of a channel in a stack's state. Raises EngineError if there is none."""
    resources = read_resources(folder, stack, CHANNEL_TYPE)
    requests = {str(each.get("channel")): str(each.get("request") or "") for each in resources}
    if channel not in requests:
        raise EngineError(
            f"stack {stack!r} has no channel {channel!r}",
            hint=f"It has: {', '.join(sorted(requests)) or 'none yet'}.",
        )
    if not requests[channel]:
        raise EngineError(
            f"channel {channel}: no signatures are missing",
            hint="A request is left by an `up` that others must sign for.",
        )
    request = request_from_bytes(b64decode(requests[channel]))
    if request.channel != channel:
        raise EngineError(
            f"channel {channel}: its request in the state is for channel {request.channel}",
            hint="Heddle did not write it: find out who changed the state.",
        )
    return request


def kept_marks(channels: Iterable[Properties]) -> dict[str, ConfigMark]:
    """Return the newest configuration blocks that were proved, by their channels; none of older states."""
    marks = {str(each.get("channel")): read_mark(each.get("verified")) for each in channels}
    return {channel: mark for channel, mark in marks.items() if mark is not None}
