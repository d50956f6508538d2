"""Ask one DNS server for a name, to see that the cluster's answers."""

from ipaddress import IPv4Address

import dns.exception
import dns.message
import dns.query
import dns.rdatatype

__all__ = ["resolves"]


def resolves(name: str, server: IPv4Address, *, seconds: float = 0.5) -> bool:
    """Tell whether `server` has an IPv4 address for the whole name; no answer in time is a no."""
    try:
        return _has_address(dns.query.udp(_query(name), str(server), timeout=seconds))
    except (OSError, dns.exception.DNSException):
        return False


def _query(name: str) -> dns.message.Message:
    return dns.message.make_query(name, dns.rdatatype.A)


def _has_address(answer: dns.message.Message) -> bool:
    return any(record.rdtype == dns.rdatatype.A for record in answer.answer)
