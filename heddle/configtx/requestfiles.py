"""Read requests for signatures from files that people sent, and merge their copies."""

from collections.abc import Mapping

from fabric_protos.common.common_pb2 import Envelope

from heddle.configtx import values
from heddle.configtx.request import Request, merge_requests, request_from_bytes, with_envelope
from heddle.errors import ConfigtxError

__all__ = ["merge_copies", "read_copy"]


def read_copy(name: str, content: bytes) -> Request:
    """Return the request in a file. Raises ConfigtxError with the file's name."""
    try:
        return request_from_bytes(content)
    except ConfigtxError as error:
        raise ConfigtxError(f"{name}: {error.message}", hint=error.hint) from error


def merge_copies(files: Mapping[str, bytes]) -> Request:
    """Return one request with the signatures of all its copies, by their files' names.

    A copy is what `heddle channel request` has written, or an envelope that `peer channel signconfigtx` has
    signed. Raises ConfigtxError for anything else, and if no file is the request itself.
    """
    requests = {name: content for name, content in files.items() if content[:1] == b"{"}
    if not requests:
        raise ConfigtxError(
            f"{', '.join(files)}: no request for signatures",
            hint="Give at least one file that `heddle channel request` has written.",
        )
    request = merge_requests(*(read_copy(name, content) for name, content in requests.items()))
    for name, content in files.items():
        if name not in requests:
            request = with_envelope(request, values.parse(Envelope(), content, f"{name}: an envelope"))
    return request
