"""Tell a node that no further request of a call comes."""

from typing import Any

import grpc

__all__ = ["end_requests"]


async def end_requests(call: "grpc.aio.StreamStreamCall[Any, Any]") -> None:
    """Tell a node that no further request comes, also where the call has just ended.

    grpc.aio (1.85) then raises what is no RPC's error, though `write` does not. Why the call has ended, its
    answers tell, which are read next.
    """
    try:
        await call.done_writing()
    except grpc.aio.InternalError:
        return
