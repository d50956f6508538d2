"""Failed calls as gRPC's client tells them."""

import grpc
from fabric_protos.gateway import gateway_pb2

from heddle.fabric import failures


def rpc_error(
    code: grpc.StatusCode, words: str, trailing: grpc.aio.Metadata | None = None
) -> grpc.aio.AioRpcError:
    """The error of a call that ended with a code and words."""
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailing or grpc.aio.Metadata(), words)


def gateway_error(
    code: grpc.StatusCode, words: str, *details: gateway_pb2.ErrorDetail
) -> grpc.aio.AioRpcError:
    """A gateway's error, with what each node told it."""
    status = failures._rpc_status()()
    for detail in details:
        status.details.add().Pack(detail)
    return rpc_error(code, words, grpc.aio.Metadata(("grpc-status-details-bin", status.SerializeToString())))
