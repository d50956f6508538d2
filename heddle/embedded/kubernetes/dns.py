"""Ask one DNS server for a name, to see that the cluster's answers."""

from ipaddress import IPv4Address

import dns.exception
import dns.message
import dns.query
import dns.rdatatype

__all__ = ["resolves", "resolves_by_tcp"]


def resolves(name: str, server: IPv4Address, *, seconds: float = 0.5) -> bool:
    """Tell whether `server` has an IPv4 address for the whole name; no answer in time is a no."""
    try:
        return _has_address(dns.query.udp(_query(name), str(server), timeout=seconds))
    except (OSError, dns.exception.DNSException):
        return False


def resolves_by_tcp(name: str, host: str, port: int, *, seconds: float = 5) -> bool:
    """Ask over TCP, which a port-forward carries; `host` is an address. Raises OSError without an answer."""
    try:
        return _has_address(dns.query.tcp(_query(name), host, timeout=seconds, port=port))
    except (EOFError, dns.exception.DNSException) as error:
        raise ConnectionError(f"{host}:{port} gave no answer that can be read: {error}") from error


def _query(name: str) -> dns.message.Message:
    return dns.message.make_query(name, dns.rdatatype.A)


def _has_address(answer: dns.message.Message) -> bool:
    return any(record.rdtype == dns.rdatatype.A for record in answer.answer)
