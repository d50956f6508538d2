"""An API server on loopback with the pods of an instance and their logs, as far as `heddle logs` asks."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

NAMESPACE = "fabric-dev"


@dataclass
class Pod:
    """A pod with the logs of its container's runs, the newest last; lines as an API server gives them."""

    name: str
    labels: dict[str, str]
    runs: list[list[str]] = field(default_factory=lambda: [[]])
    uid: str = ""
    package: str = ""
    running: bool = True
    silent: bool = False
    """Whether its machine gives no answer."""

    def __post_init__(self) -> None:
        self.uid = self.uid or f"uid-{self.name}"

    def plain(self) -> dict[str, Any]:
        """The object as the API server has it."""
        ended = {"reason": "Error", "exitCode": 2, "finishedAt": "2026-11-29T19:39:59Z"}
        state: dict[str, Any] = {
            "name": "node",
            "containerID": f"containerd://{self.uid}-{len(self.runs)}",
            "restartCount": len(self.runs) - 1,
            "state": {"running": {}} if self.running else {"terminated": ended},
            "lastState": {"terminated": ended} if len(self.runs) > 1 else {},
        }
        env = [{"name": "CHAINCODE_ID", "value": self.package}] if self.package else []
        return {
            "metadata": {"name": self.name, "uid": self.uid, "labels": self.labels},
            "spec": {"containers": [{"name": "node", "env": env}]},
            "status": {"containerStatuses": [state]},
        }


class Cluster:
    """Serves pods; `change` is called on its loop after each change that a test makes."""

    def __init__(self, pods: list[Pod]) -> None:
        self.pods = {pod.name: pod for pod in pods}
        self.objects: dict[str, Any] = {}
        """What else there is, by path: an object, or the items of a list."""
        self.requests: list[str] = []
        self.cut = 0
        """Counts up when all connections that are open are to break."""
        self._changed = asyncio.Condition()
        self._port = 0
        self._answers: set[asyncio.Task[None]] = set()

    @property
    def kubeconfig(self) -> str:
        here = {"cluster": {"server": f"http://127.0.0.1:{self._port}"}, "name": "here"}
        context = {"name": "here", "context": {"cluster": "here", "user": "anybody"}}
        user = {"name": "anybody", "user": {"token": "t"}}
        return yaml.safe_dump(
            {"current-context": "here", "contexts": [context], "clusters": [here], "users": [user]}
        )

    async def start(self) -> asyncio.Server:
        """Listen on a free port."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        return server

    async def change(self) -> None:
        """Tell those who watch and follow that something is another way."""
        async with self._changed:
            self._changed.notify_all()

    async def close(self) -> None:
        """End all answers."""
        for task in self._answers:
            task.cancel()
        await asyncio.gather(*self._answers, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._handle(reader, writer))
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, target, _ = head.splitlines()[0].split(" ")
        self.requests.append(f"{method} {target}")
        url = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        parts = url.path.split("/")
        try:
            if parts[-1] == "log":
                await self._log(writer, parts[-2], query)
            elif query.get("watch"):
                await self._watch(writer)
            else:
                self._object(writer, url.path)
        except ConnectionError:
            pass
        finally:
            writer.close()

    def _object(self, writer: asyncio.StreamWriter, path: str) -> None:
        """Answer with an object or a list; every list is there, most are empty."""
        pods = {pod.name: pod.plain() for pod in self.pods.values()}
        found = self.objects.get(path)
        if path.endswith("/pods"):
            found = list(pods.values())
        elif path.rpartition("/pods/")[1]:
            found = pods.get(path.rpartition("/")[2])
        elif found is None and path.rpartition("/")[2].endswith("s"):
            found = []
        if isinstance(found, list):
            found = {"metadata": {"resourceVersion": "7"}, "items": found}
        answer(writer, 200 if found else 404, found or {"message": f"{path} not found"})

    async def _watch(self, writer: asyncio.StreamWriter) -> None:
        _begin(writer)
        before, cut = {pod.uid: pod.plain() for pod in self.pods.values()}, self.cut
        while cut == self.cut:
            now = {pod.uid: pod.plain() for pod in self.pods.values()}
            gone = [each for uid, each in before.items() if uid not in now]
            fresh = [each for uid, each in now.items() if before.get(uid) != each]
            for kind, each in [
                *(("DELETED", each) for each in gone),
                *(("MODIFIED", each) for each in fresh),
            ]:
                _chunk(writer, json.dumps({"type": kind, "object": each}))
            await writer.drain()
            before = now
            async with self._changed:
                await self._changed.wait()

    async def _log(self, writer: asyncio.StreamWriter, name: str, query: dict[str, str]) -> None:
        pod = self.pods[name]
        while pod.silent:
            async with self._changed:
                await self._changed.wait()
        if "previous" in query and len(pod.runs) < 2:
            answer(
                writer, 400, {"message": f'previous terminated container "node" in pod "{name}" not found'}
            )
            return
        number, cut = len(pod.runs) - (2 if "previous" in query else 1), self.cut
        _begin(writer)
        sent = 0
        while cut == self.cut:
            lines = pod.runs[number]
            for line in lines[sent:]:
                if line[:20].replace(".", "Z") >= query.get("sinceTime", ""):
                    _chunk(writer, line if "timestamps" in query else line.partition(" ")[2])
            sent = len(lines)
            await writer.drain()
            over = number < len(pod.runs) - 1 or not pod.running or self.pods.get(name) is not pod
            if "follow" not in query or over:
                writer.write(b"0\r\n\r\n")
                return
            async with self._changed:
                await self._changed.wait()


def _begin(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n")


def _chunk(writer: asyncio.StreamWriter, line: str) -> None:
    data = f"{line}\n".encode()
    writer.write(b"%x\r\n%s\r\n" % (len(data), data))


def answer(writer: asyncio.StreamWriter, status: int, body: Any) -> None:
    """Send an object as JSON, or a text as it is."""
    text = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    writer.write(b"HTTP/1.1 %d Told\r\nContent-Length: %d\r\n" % (status, len(text)))
    date = formatdate(usegmt=True).encode()
    writer.write(b"Date: %s\r\nConnection: close\r\n\r\n%s" % (date, text))


@contextmanager
def served(cluster: Cluster) -> Iterator[Cluster]:
    """Serve in a thread of its own, for commands that run a loop of theirs."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(cluster.start())
        ready.set()
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    try:
        yield cluster
    finally:
        asyncio.run_coroutine_threadsafe(cluster.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
