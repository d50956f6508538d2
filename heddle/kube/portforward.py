"""Forward a port to a pod over a websocket of the API server.

Protocol: k8s.io/kubelet pkg/cri/streaming/portforward/websocket.go. `v4.channel.k8s.io` frames start with a
channel byte: 0 carries data, 1 the error text; the first frame of each channel is the port, two bytes, little
endian. There is no half-close: either side's end closes the websocket.
"""

import asyncio
import contextlib
import struct

import websockets
from websockets.asyncio.client import ClientConnection

from heddle.kube.apiserver import ApiServer
from heddle.kube.client import KubeClient, pod_path
from heddle.kube.listener import LocalListener
from heddle.kube.websocket import connection_words, open_websocket
from heddle.text import printable

__all__ = ["Forward"]

_DATA, _ERROR = 0, 1
_CHUNK = 64 * 1024
_PORT = struct.Struct("<H")


class Forward(LocalListener):
    """A pod's port behind a listener on 127.0.0.1.

    `grpc`: the port is that of the pod's gRPC server, which a node that moves has changed or will change.
    Once the pod's machine could not forward a connection, the next one goes to the port that the pod calls
    `grpc`. Other ports stay: a pod that has just started refuses them, too, and does not name all of them.
    """

    def __init__(self, server: ApiServer, namespace: str, pod: str, port: int, *, grpc: bool = False) -> None:
        super().__init__()
        self._server = server
        self._grpc = grpc
        self._wanted = self._port = port
        self._pod = pod_path(namespace, pod)
        self._refused = False
        """Whether the pod's machine could not forward the last connection."""

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._grpc and self._refused:
            self._refused, self._port = False, await self._listening()
        async with await self._open() as tunnel:
            self.trouble = ""
            await self._pump(reader, writer, tunnel)

    def _words(self, error: Exception) -> str:
        return connection_words(self._server, error)

    async def _open(self) -> ClientConnection:
        path = f"{self._pod}/portforward?ports={self._port}"
        return await open_websocket(self._server, path, "v4.channel.k8s.io")

    async def _listening(self) -> int:
        """Return the wanted port if the pod has it, else that of its gRPC server, as far as it is known."""
        async with KubeClient(self._server) as client:
            response = await client.send("GET", self._pod)
        if response.status_code != 200:
            return self._port
        containers = response.json().get("spec", {}).get("containers", ())
        ports = [each for container in containers for each in container.get("ports", ())]
        if any(each.get("containerPort") == self._wanted for each in ports):
            return self._wanted
        return next((each["containerPort"] for each in ports if each.get("name") == "grpc"), self._wanted)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tunnel: ClientConnection
    ) -> None:
        """Carry bytes both ways until either side ends."""
        inward = asyncio.create_task(self._inward(tunnel, writer))
        outward = asyncio.create_task(self._outward(reader, tunnel))
        try:
            await asyncio.wait((inward, outward), return_when=asyncio.FIRST_COMPLETED)
            if outward.done() and not outward.result():
                await inward  # the tunnel has closed; what it said before is still to be read
        finally:
            inward.cancel()
            outward.cancel()
            await asyncio.gather(inward, outward, return_exceptions=True)
        if not inward.cancelled():
            inward.result()

    @staticmethod
    async def _outward(reader: asyncio.StreamReader, tunnel: ClientConnection) -> bool:
        """Send what the local side sends. Return True when that side has ended, False when the tunnel has."""
        try:
            while chunk := await reader.read(_CHUNK):
                await tunnel.send(bytes((_DATA,)) + chunk)
        except websockets.ConnectionClosed:
            return False
        except ConnectionError:
            pass
        return True

    async def _inward(self, tunnel: ClientConnection, writer: asyncio.StreamWriter) -> None:
        opened: set[int] = set()
        async for frame in tunnel:
            data = frame.encode() if isinstance(frame, str) else frame
            channel, content = data[0] if data else None, data[1:]
            if channel not in (_DATA, _ERROR):
                self.trouble = f"API server {self._server.url}: a frame of no channel of a port-forward"
                return
            if channel not in opened:
                if len(content) != _PORT.size or _PORT.unpack(content)[0] != self._port:
                    self.trouble = f"API server {self._server.url}: a port-forward to another port"
                    return
                opened.add(channel)
            elif channel == _DATA:
                writer.write(content)
                with contextlib.suppress(ConnectionError):  # the local side has gone; `_outward` notices
                    await writer.drain()
            elif content:
                self.trouble, self._refused = printable(content.decode(errors="replace").strip()), True
                return
