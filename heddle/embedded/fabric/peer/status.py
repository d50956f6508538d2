"""Make errors with details, as `google.rpc.Status`, without another package for one small message."""

from collections.abc import Sequence
from typing import Any, NoReturn, TypeAlias

import grpc
import grpc.aio
from fabric_protos.gateway import gateway_pb2
from google.protobuf import any_pb2

__all__ = ["GatewayError", "abort"]

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class GatewayError(Exception):
    """A refusal with its gRPC status, and what each node said."""

    def __init__(
        self, code: grpc.StatusCode, words: str, details: Sequence[gateway_pb2.ErrorDetail] = ()
    ) -> None:
        super().__init__(words)
        self.code = code
        self.details = details


def _field(number: int, content: bytes) -> bytes:
    """Encode one length-delimited protobuf field."""
    length, size = len(content), bytearray()
    while length >= 0x80:
        size.append(length & 0x7F | 0x80)
        length >>= 7
    size.append(length)
    return bytes([number << 3 | 2]) + bytes(size) + content


def _status_metadata(
    code: grpc.StatusCode, message: str, details: Sequence[any_pb2.Any]
) -> tuple[tuple[str, bytes], ...]:
    """Return trailing metadata with `code`, `message` and `details` (google/rpc/status.proto)."""
    number: int = code.value[0]
    content = bytes([0x08, number]) + _field(2, message.encode())
    for detail in details:
        content += _field(3, detail.SerializeToString())
    return (("grpc-status-details-bin", content),)


async def abort(context: Context, error: GatewayError) -> NoReturn:
    """End a call with status, words and details, as Go's status.WithDetails does."""
    details = []
    for detail in error.details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        details.append(packed)
    if details:
        context.set_trailing_metadata(_status_metadata(error.code, str(error), details))
    await context.abort(error.code, str(error))
