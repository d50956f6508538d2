"""Pour bytes into the standard input of a pod's container.

Protocol: `v5.channel.k8s.io` (k8s.io/apimachinery pkg/util/remotecommand): frames start with a channel byte:
0 the standard input, 1 and 2 the outputs, 3 the outcome, 255 closes the channel whose number follows.
"""

from collections.abc import Iterable
from urllib.parse import quote

import websockets
from websockets.asyncio.client import ClientConnection

from heddle.errors import KubeError
from heddle.kube.apiserver import ApiServer
from heddle.kube.websocket import connection_words, open_websocket

__all__ = ["pour"]

_INPUT, _CLOSE = b"\x00", b"\xff"
_PROTOCOL = "v5.channel.k8s.io"
_CHUNK = 256 * 1024


async def pour(server: ApiServer, namespace: str, pod: str, container: str, content: Iterable[bytes]) -> None:
    """Write bytes to a running container's standard input and close it; return when the container ended.

    Whether it ended well, its pod says. The container must have `stdin` and `stdinOnce`: then its input ends
    also when this process does, so that it never waits for ever, and never takes half for the whole.

    Raises KubeError when the stream cannot be opened, or breaks.
    """
    path = f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(pod)}/attach"
    query = f"?container={quote(container)}&stdin=true&stdout=true&stderr=true"
    try:
        async with await open_websocket(server, path + query, _PROTOCOL) as stream:
            if stream.subprotocol != _PROTOCOL:
                raise KubeError(
                    f"the API server does not speak {_PROTOCOL}: it cannot end a container's input",
                    hint="Kubernetes 1.30 and later does.",
                )
            await _write(stream, content)
            async for _ in stream:
                pass  # what the container prints is in its log
    except KubeError:
        raise
    except Exception as error:
        raise KubeError(f"pod {pod}: its input broke off: {connection_words(server, error)}") from error


async def _write(stream: ClientConnection, content: Iterable[bytes]) -> None:
    try:
        for piece in content:
            for start in range(0, len(piece), _CHUNK):
                await stream.send(_INPUT + piece[start : start + _CHUNK])
        await stream.send(_CLOSE + _INPUT)
    except websockets.ConnectionClosedOK:
        return  # the container has ended before it read all: its pod says why
