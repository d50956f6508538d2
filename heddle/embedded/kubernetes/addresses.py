"""Choose which addresses a cluster uses: one /20 of 10.208.0.0/12 each, so that clusters never meet. Pure.

A block of 4096 addresses is cut as
    +0/30      the link: .1 the machine's end, .2 the node, which is the instance's public address
    +1024/22   pods
    +2048/22   Services; the tenth is the cluster's DNS, as everywhere
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from heddle.errors import LocalKubeError
from heddle.spec.defaults import DNS_DOMAIN

__all__ = ["RANGE", "Block", "allocate"]

RANGE = IPv4Network("10.208.0.0/12")
_PREFIX = 20


@dataclass(frozen=True, kw_only=True)
class Block:
    """The addresses of one cluster, and the DNS domain with which the names of its Services end."""

    network: IPv4Network
    dns_domain: str = DNS_DOMAIN

    @property
    def gateway(self) -> IPv4Address:
        """Return the machine's end of the link, the node's way out."""
        return self.network[1]

    @property
    def node(self) -> IPv4Address:
        """Return the node: API server, NodePorts; reachable from the machine and from pods."""
        return self.network[2]

    @property
    def link_prefix(self) -> int:
        """Return the prefix length of the link between machine and node."""
        return 30

    @property
    def pods(self) -> IPv4Network:
        """Return the range that pods get addresses of."""
        return IPv4Network((self.network[1024], 22))

    @property
    def services(self) -> IPv4Network:
        """Return the range that Services get addresses of."""
        return IPv4Network((self.network[2048], 22))

    @property
    def api_service(self) -> IPv4Address:
        """Return the Service `kubernetes`: the API server as pods see it."""
        return self.services[1]

    @property
    def dns_service(self) -> IPv4Address:
        """Return the Service address of the cluster's DNS."""
        return self.services[10]


def allocate(name: str, taken: Iterable[IPv4Network]) -> Block:
    """Return the block of the cluster `name`, the same on every machine unless something is in the way.

    `taken` are networks of this machine's routes and of other clusters. The search starts at a place that
    the name decides, and goes round once.

    Raises:
        LocalKubeError: every block overlaps something.
    """
    used = tuple(taken)
    blocks = list(RANGE.subnets(new_prefix=_PREFIX))
    first = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % len(blocks)
    for candidate in blocks[first:] + blocks[:first]:
        if not any(candidate.overlaps(network) for network in used):
            return Block(network=candidate)
    raise LocalKubeError(
        f"no free address block: every /{_PREFIX} of {RANGE} overlaps a route or another cluster",
        hint="remove a cluster (heddle cluster down --purge --name NAME) or the route",
    )
