"""`google.rpc.Status` for errors with details, without another package for one small message."""

from collections.abc import Sequence

import grpc
from google.protobuf import any_pb2

__all__ = ["status_metadata"]


def _field(number: int, content: bytes) -> bytes:
    """One length-delimited protobuf field."""
    length, size = len(content), bytearray()
    while length >= 0x80:
        size.append(length & 0x7F | 0x80)
        length >>= 7
    size.append(length)
    return bytes([number << 3 | 2]) + bytes(size) + content


def status_metadata(
    code: grpc.StatusCode, message: str, details: Sequence[any_pb2.Any]
) -> tuple[tuple[str, bytes], ...]:
    """Trailing metadata that carries `code`, `message` and `details` (google/rpc/status.proto)."""
    number: int = code.value[0]
    content = bytes([0x08, number]) + _field(2, message.encode())
    for detail in details:
        content += _field(3, detail.SerializeToString())
    return (("grpc-status-details-bin", content),)
