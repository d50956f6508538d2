"""Find the request for signatures that an `up` has left in the state of its stack."""

from base64 import b64decode
from pathlib import Path

from heddle.configtx.request import Request, request_from_bytes
from heddle.errors import EngineError
from heddle.state.outputs import read_resources

__all__ = ["kept_request"]

_CHANNEL = "heddle:ledger:Channel"


def kept_request(folder: Path, stack: str, channel: str) -> Request:
    """Return the request of a channel in a stack's state. Raises EngineError if there is none."""
    resources = read_resources(folder, stack, _CHANNEL)
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
    return request_from_bytes(b64decode(requests[channel]))
