"""A DNS server over TCP, as a cluster's DNS answers through a port-forward."""

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar


class Names(socketserver.StreamRequestHandler):
    """A DNS server over TCP that knows some names."""

    known: ClassVar[set[str]] = set()
    unsettled: ClassVar[list[int]] = []
    """Response codes of the next answers, as of a DNS that has just begun; each is used once."""

    def handle(self) -> None:
        (length,) = struct.unpack("!H", self.rfile.read(2))
        query = self.rfile.read(length)
        name = _name(query[12:])
        code, count = (0, 1) if name in self.known else (3, 0)
        if self.unsettled:
            code, count = self.unsettled.pop(), 0
        header = query[:2] + struct.pack("!5H", 0x8180 | code, 1, count, 0, 0)
        record = b"\xc0\x0c" + struct.pack("!2HIH4B", 1, 1, 5, 4, 192, 0, 2, 1) if count else b""
        answer = header + query[12:] + record
        self.wfile.write(struct.pack("!H", len(answer)) + answer)


def _name(question: bytes) -> str:
    labels, place = [], 0
    while question[place]:
        labels.append(question[place + 1 : place + 1 + question[place]].decode())
        place += question[place] + 1
    return ".".join(labels)


@contextmanager
def serving() -> Iterator[int]:
    """Serve `Names` on loopback; its port."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Names) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
