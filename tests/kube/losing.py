"""An API server on loopback that loses answers as it is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import yaml


@dataclass
class LosingServer:
    """`lost`: what becomes of the next answers: "cut", "silence", or a status of HTTP. Then all is well."""

    port: int = 0
    lost: list[str | int] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    silent: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def kubeconfig(self) -> str:
        here = {"cluster": {"server": f"http://127.0.0.1:{self.port}"}, "name": "here"}
        context = {"name": "here", "context": {"cluster": "here", "user": "anybody"}}
        user = {"name": "anybody", "user": {"token": "t"}}
        return yaml.safe_dump(
            {"current-context": "here", "contexts": [context], "clusters": [here], "users": [user]}
        )

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.requests.append(head.splitlines()[0])
        fate = self.lost.pop(0) if self.lost else 200
        if fate == "silence":
            self.silent.append(writer)
            return
        if isinstance(fate, int):
            body = json.dumps({"kind": "Namespace"} if fate == 200 else {"message": f"told to say {fate}"})
            lines = (f"HTTP/1.1 {fate} Told", f"Content-Length: {len(body)}", "Connection: close", "", body)
            writer.write("\r\n".join(lines).encode())
        writer.close()


@asynccontextmanager
async def losing_server() -> AsyncIterator[LosingServer]:
    """Serve until the end of the block."""
    losing = LosingServer()
    server = await asyncio.start_server(losing.handle, "127.0.0.1", 0)
    losing.port = server.sockets[0].getsockname()[1]
    try:
        yield losing
    finally:
        server.close()
        for writer in losing.silent:
            writer.close()
