"""Check pinned ports, which a domain needs: a block per organization, and no two that overlap."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from heddle.spec.defaults import default_namespace
from heddle.spec.ports import PortBlock
from heddle.spec.problems import MISSING, Problem, path_of
from heddle.spec.rules.reading import (
    DEFAULT_PEERS,
    Data,
    Place,
    indices,
    items,
    orderer_indices,
    problem,
    section,
    text,
    whole,
)

_LONGEST_SERVICE, _LONGEST_HOST = 63, 253
NODE_PORTS = range(30000, 40001)
"""Ports that instances may pin on machines (bcs §11). Kubernetes' own default is 30000 to 32767."""
_SUGGESTED = 30100
"""First port that is proposed to whoever has none."""
_TAKEN = {8443: "the orderers' operations endpoint", 9443: "the peers' operations endpoint"}
"""Ports on which nodes listen besides, in the same pod."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """The ports of one organization."""

    place: Place
    first: int
    count: int
    nodes: tuple[int, ...] | None
    """Their indices, if the file can be read."""

    @property
    def last(self) -> int:
        """Return its last port."""
        return self.first + self.count - 1


def broken(data: Data) -> Iterator[Problem]:
    """Yield problems with ports."""
    free = _free_blocks(data)
    for place, owner, nodes in owners(data):
        ports = owner.get("ports")
        if data.get("domain") and ports is None:
            count = max(PortBlock.model_fields["count"].default, max(nodes or (), default=-1) + 1)
            step = f"Give it a block that nobody has, as ports: {{first: {free(count)}, count: {count}}}."
            yield problem(place, MISSING, "it is required with domain: the ledger names the ports", step)
        elif not data.get("domain") and ports is not None:
            allowed = "only with domain: without one, Fabric's usual ports serve"
            yield problem(place, ports, allowed, "Name a domain, or take the ports away.")
    blocks = port_blocks(data)
    for block in blocks:
        yield from fits(block, data.get("exposure", "NodePort") == "NodePort")
    yield from apart(blocks)
    yield from _short_enough(data)


def _free_blocks(data: Data) -> Callable[[int], int]:
    """Return a function that finds the next ports that no organization has, or had, and keeps them.

    It takes how many there must be, and returns the first one.
    """
    taken = [range(block.first, block.last + 1) for block in port_blocks(data)]
    former = section(section(data, "former"), "ports").values()
    count = PortBlock.model_fields["count"].default
    taken += [range(first, first + count) for first in map(whole, former) if first is not None]

    def free(count: int) -> int:
        first = _SUGGESTED
        while after := [each.stop for each in taken if each.start < first + count and first < each.stop]:
            first = max(after)
        taken.append(range(first, first + count))
        return first

    return free


def port_blocks(data: Data) -> list[Block]:
    """Return every block of ports that the file gives, and may give."""
    return [
        block
        for place, owner, nodes in owners(data)
        if data.get("domain") and (block := _block(place, section(owner, "ports"), nodes))
    ]


def _short_enough(data: Data) -> Iterator[Problem]:
    """Yield a problem where names of Services would be longer than DNS has them (RFC 1035)."""
    domain = section(data, "cluster").get("dnsDomain")
    namespace = text(data, "namespace") or default_namespace(text(data, "name"))
    longest = _LONGEST_HOST - len(f"{'x' * _LONGEST_SERVICE}.{namespace}.svc.")
    if isinstance(domain, str) and len(domain) > longest:
        allowed = f"at most {longest} characters with namespace {namespace}: names of Services end with both"
        yield problem(("cluster", "dnsDomain"), domain, allowed)


def owners(data: Data) -> Iterator[tuple[Place, Data, tuple[int, ...] | None]]:
    """Yield place, organization and indices of the nodes of every block of ports that belongs to nodes."""
    organization = section(data, "ordering", "organization")
    yield ("ordering", "organization", "ports"), organization, orderer_indices(data)
    for index, item in items(data, "organizations"):
        if item.get("external") is None:
            yield ("organizations", index, "ports"), item, indices(item.get("peers", DEFAULT_PEERS))


def _block(place: Place, ports: Data, nodes: tuple[int, ...] | None) -> Block | None:
    first = whole(ports.get("first"))
    count = whole(ports.get("count", PortBlock.model_fields["count"].default))
    if first is None or count is None or not 1024 <= first <= 65535 or not 1 <= count <= 1000:
        return None
    return Block(place=place, first=first, count=count, nodes=nodes)


def fits(block: Block, node_port: bool) -> Iterator[Problem]:
    """Yield problems with one block: its range, and ports that are taken."""
    span = f"{block.first}–{block.last}"
    if node_port and not (block.first in NODE_PORTS and block.last in NODE_PORTS):
        step = (
            "Ports of machines. Kubernetes' own range ends at 32767; a wider one is the API server's "
            "--service-node-port-range."
        )
        yield problem(
            block.place, span, f"within {NODE_PORTS[0]}–{NODE_PORTS[-1]} with exposure NodePort", step
        )
    elif block.last > 65535:
        yield problem(block.place, span, "within 1024–65535")
    for port, use in _TAKEN.items():
        if block.first <= port <= block.last:
            yield problem(block.place, span, f"without {port}, {use}")
    last = max(block.nodes or (), default=-1)
    if last >= block.count:
        allowed = f"at least {last + 1}: the ports begin with that of index 0, and the last index is {last}"
        yield problem((*block.place, "count"), block.count, allowed)


def apart(blocks: list[Block], *, beyond: int = 0) -> Iterator[Problem]:
    """Yield problems with blocks, from that with the index `beyond` on, that overlap one before them."""
    for index, block in enumerate(blocks):
        for other in blocks[:index] if index >= beyond else ():
            if block.first <= other.last and other.first <= block.last:
                allowed = f"ports that no other organization has; {path_of(other.place)} has {_span(other)}"
                yield problem(block.place, _span(block), allowed)


def _span(block: Block) -> str:
    return f"{block.first}–{block.last}"
