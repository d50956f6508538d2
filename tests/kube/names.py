"""A DNS server over TCP, as a cluster's DNS answers through a port-forward."""

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

_A, _PTR, _AAAA = 1, 12, 28


class Names(socketserver.StreamRequestHandler):
    """A DNS server over TCP that knows some names, and to which names some addresses belong."""

    known: ClassVar[set[str]] = set()
    known_by_ipv6: ClassVar[set[str]] = set()
    """Names that have an IPv6 address alone."""
    pointers: ClassVar[dict[str, str]] = {}
    """Names by the reversed addresses that they belong to, as `1.0.96.10.in-addr.arpa`."""
    other: ClassVar[int] = 3
    """Response code for names that it does not know: NXDOMAIN, or 2 (SERVFAIL) where it can ask nobody."""
    unsettled: ClassVar[list[int]] = []
    """Response codes of the next answers, as of a DNS that has just begun; each is used once."""

    def handle(self) -> None:
        (length,) = struct.unpack("!H", self.rfile.read(2))
        query = self.rfile.read(length)
        name = _name(query[12:])
        (kind,) = struct.unpack("!H", query[-4:-2])
        code = 0 if name in {*self.known, *self.known_by_ipv6, *self.pointers} else self.other
        content = self._content(name, kind)
        if self.unsettled:
            code, content = self.unsettled.pop(), b""
        header = query[:2] + struct.pack("!5H", 0x8180 | code, 1, 1 if content else 0, 0, 0)
        record = b"\xc0\x0c" + struct.pack("!2HIH", kind, 1, 5, len(content)) + content if content else b""
        answer = header + query[12:] + record
        self.wfile.write(struct.pack("!H", len(answer)) + answer)

    def _content(self, name: str, kind: int) -> bytes:
        if kind == _PTR and name in self.pointers:
            labels = self.pointers[name].split(".")
            return b"".join(bytes((len(label),)) + label.encode() for label in labels) + b"\0"
        if kind == _AAAA and name in self.known_by_ipv6:
            return b"\xfd".ljust(16, b"\1")
        return bytes((192, 0, 2, 1)) if kind == _A and name in self.known else b""


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
