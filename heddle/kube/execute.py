"""Run a command in a pod's container through the API server.

Protocol: k8s.io/apimachinery pkg/util/remotecommand. Frames of `v4.channel.k8s.io` start with a channel byte:
0 carries the command's input, 1 its output, 2 its errors, 3 a Status object when it has ended. There is no
half-close, so a command has to know itself where its input ends.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import websockets
from websockets.asyncio.client import ClientConnection

from heddle.errors import Forbidden, KubeError, Unreachable
from heddle.kube.apiserver import ApiServer
from heddle.kube.websocket import connection_words, open_websocket
from heddle.plain import ShapeError, parse_json
from heddle.text import printable

__all__ = ["Ended", "execute"]

_INPUT, _OUTPUT, _ERRORS, _STATUS = range(4)
_PROTOCOL = "v4.channel.k8s.io"
_CHUNK = 32 * 1024
_SECONDS = 300.0
_LARGEST_STATUS = 64 * 1024
_MOST_WORDS = 400
_REFUSED = {401, 403}


@dataclass(frozen=True, kw_only=True)
class Ended:
    """Hold what a command wrote that ended well."""

    output: bytes
    errors: bytes


async def execute(
    server: ApiServer,
    namespace: str,
    pod: str,
    command: Sequence[str],
    *,
    stdin: bytes = b"",
    deadline: float = _SECONDS,
) -> Ended:
    """Run a command, an argument list, in the only container of a pod; return what it wrote.

    Not all of `stdin` need arrive: some runtimes end it early, after nothing or after some kilobytes, and the
    command that reads it to its end knows nothing of that (seen of containerd 1.6 on Linux 6.18, by kubectl,
    too). So a command has to tell how much it has read.

    Raises KubeError: the API server refused, or the command failed, in its words. Unreachable: the way to it
    broke, so that nobody knows what it did.
    """
    query = [("command", each) for each in command]
    query += [("stdin", "true")] if stdin else []
    query += [("stdout", "true"), ("stderr", "true")]
    path = f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(pod)}/exec?{urlencode(query)}"
    what = f"pod {namespace}/{pod}: {command[0]}"
    try:
        async with asyncio.timeout(deadline):
            async with await open_websocket(server, path, _PROTOCOL) as stream:
                return await _run(stream, stdin, what)
    except (KubeError, Unreachable):
        raise
    except websockets.InvalidStatus as error:
        kind = Forbidden if error.response.status_code in _REFUSED else KubeError
        if error.response.status_code >= 500:  # the kubelet or its runtime is not there yet
            raise Unreachable(f"{what}: {connection_words(server, error)}") from error
        raise kind(f"{what}: {connection_words(server, error)}") from error
    except (TimeoutError, OSError, websockets.WebSocketException) as error:
        raise Unreachable(f"{what}: no answer: {connection_words(server, error)}") from error


async def _run(stream: ClientConnection, stdin: bytes, what: str) -> Ended:
    sender = asyncio.ensure_future(_send(stream, stdin))
    output, errors = bytearray(), bytearray()
    try:
        async for frame in stream:
            data = frame.encode() if isinstance(frame, str) else frame
            channel, content = data[0] if data else None, data[1:]
            if channel == _OUTPUT:
                output += content
            elif channel == _ERRORS:
                errors += content
            elif channel == _STATUS and content:
                _expect_success(content, bytes(errors), what)
                return Ended(output=bytes(output), errors=bytes(errors))
    finally:
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)
    raise Unreachable(f"{what}: its connection ended before it did")


async def _send(stream: ClientConnection, stdin: bytes) -> None:
    for start in range(0, len(stdin), _CHUNK):
        await stream.send(bytes((_INPUT,)) + stdin[start : start + _CHUNK])
        # Nothing else makes this loop wait while there is room in the buffer: the end of the connection would
        # be noticed only after writing all of the rest to it.
        await asyncio.sleep(0)


def _expect_success(status: bytes, errors: bytes, what: str) -> None:
    """Raise KubeError unless the command ended well."""
    try:
        said = parse_json(status, limit=_LARGEST_STATUS)
        good, message = said["status"].text() == "Success", said.get("message")
        words = message.text() if message else "it failed"
    except ShapeError as error:
        raise KubeError(f"{what}: a status that is none: {error}") from None
    if not good:
        said_itself = printable(errors.decode(errors="replace").strip())[-_MOST_WORDS:]
        raise KubeError(f"{what}: {said_itself or printable(words)}")
