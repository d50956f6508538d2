"""One question to a DNS server (RFC 1035), to see that the cluster's answers."""

import secrets
import socket
import struct
from ipaddress import IPv4Address

__all__ = ["resolves", "resolves_by_tcp"]

_TYPE_A, _CLASS_IN = 1, 1


def resolves(name: str, server: IPv4Address, *, seconds: float = 0.5) -> bool:
    """Whether `server` has an IPv4 address for the whole name `name`; no answer in time is a no."""
    identifier, query = _query(name)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(seconds)
        try:
            sock.sendto(query, (str(server), 53))
            answer = sock.recv(512)
        except OSError:
            return False
    return _has_address(answer, identifier)


def resolves_by_tcp(name: str, host: str, port: int, *, seconds: float = 5) -> bool:
    """The same over TCP (RFC 7766), which a port-forward carries. Raises OSError if nobody answers."""
    identifier, query = _query(name)
    with socket.create_connection((host, port), timeout=seconds) as sock:
        sock.sendall(struct.pack("!H", len(query)) + query)
        with sock.makefile("rb") as stream:
            length = stream.read(2)
            if len(length) < 2:
                raise ConnectionError(f"{host}:{port} closed the connection without an answer")
            return _has_address(stream.read(struct.unpack("!H", length)[0]), identifier)


def _query(name: str) -> tuple[int, bytes]:
    identifier = secrets.randbits(16)
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    recursion = 0x0100
    header = struct.pack("!6H", identifier, recursion, 1, 0, 0, 0)
    return identifier, header + labels + b"\0" + struct.pack("!2H", _TYPE_A, _CLASS_IN)


def _has_address(answer: bytes, identifier: int) -> bool:
    if len(answer) < 12:
        return False
    echoed, flags, _, answers, _, _ = struct.unpack("!6H", answer[:12])
    return bool(echoed == identifier and flags & 0xF == 0 and answers > 0)
