"""One question to a DNS server (RFC 1035), to see that the cluster's answers."""

import secrets
import socket
import struct
from ipaddress import IPv4Address

__all__ = ["resolves"]

_TYPE_A, _CLASS_IN = 1, 1


def resolves(name: str, server: IPv4Address, *, seconds: float = 0.5) -> bool:
    """Whether `server` has an IPv4 address for the whole name `name`; no answer in time is a no."""
    identifier = secrets.randbits(16)
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    recursion = 0x0100
    query = struct.pack("!6H", identifier, recursion, 1, 0, 0, 0) + labels + b"\0"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(seconds)
        try:
            sock.sendto(query + struct.pack("!2H", _TYPE_A, _CLASS_IN), (str(server), 53))
            answer = sock.recv(512)
        except OSError:
            return False
    if len(answer) < 12:
        return False
    echoed, flags, _, answers, _, _ = struct.unpack("!6H", answer[:12])
    return bool(echoed == identifier and flags & 0xF == 0 and answers > 0)
