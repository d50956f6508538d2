"""Check the addresses that nodes had before against those of now."""

from collections.abc import Iterator, Mapping

from heddle.spec.former import NO_DOMAIN
from heddle.spec.ordering import OrdererOrganization
from heddle.spec.problems import MISSING, Problem
from heddle.spec.rules.addresses import Block, apart, fits, owners, port_blocks
from heddle.spec.rules.reading import Data, problem, section, text, whole

_TAKE_OUT = "`former` says what is not any more; take it out where nothing changes."


def broken(data: Data) -> Iterator[Problem]:
    """Yield problems with `former`."""
    former = section(data, "former")
    if not former:
        return
    domain, now = text(former, "domain"), text(data, "domain")
    if domain and domain == (now or NO_DOMAIN):
        yield problem(("former", "domain"), domain, "another domain than that of now", _TAKE_OUT)
    address = text(former, "publicAddress")
    if address in ("auto", "none") or (address and address == text(data, "publicAddress")):
        allowed = "an IP address or a DNS name, another one than that of now"
        yield problem(("former", "publicAddress"), address, allowed, _TAKE_OUT)
    if (domain or now or NO_DOMAIN) == NO_DOMAIN:
        for name, first in section(former, "ports").items():
            allowed = "only where there was a domain: without one, Fabric's usual ports serve"
            yield problem(("former", "ports", str(name)), first, allowed, "Take it out.")
    else:
        yield from _ports(data, section(former, "ports"))


def _ports(data: Data, ports: Data) -> Iterator[Problem]:
    """Yield problems with former blocks of ports: of an unknown organization, missing, or overlapping."""
    unnamed = str(OrdererOrganization.model_fields["name"].default)
    known = {text(owner, "name") or unnamed: nodes for _, owner, nodes in owners(data)}
    now = {
        text(owner, "name") or unnamed: section(owner, "ports").get("first") for _, owner, _ in owners(data)
    }
    for name, first in ports.items():
        if name not in known:
            allowed = f"an organization with nodes here: {', '.join(known)}"
            yield problem(("former", "ports", str(name)), first, allowed)
        elif whole(first) is not None and whole(first) == whole(now[name]):
            yield problem(("former", "ports", name), first, "another first port than that of now", _TAKE_OUT)
    for name in known:
        if now[name] is None and name not in ports:
            allowed = f"the first port that {name} had, which has no block of ports now"
            yield problem(("former", "ports", name), MISSING, allowed)
    present = port_blocks(data)
    blocks = list(_blocks({name: ports.get(name) for name in known if ports.get(name) != now[name]}, known))
    for block in blocks:
        yield from fits(block, data.get("exposure", "NodePort") == "NodePort")
    yield from apart([*present, *blocks], beyond=len(present))


def _blocks(ports: Data, nodes: Mapping[str, tuple[int, ...] | None]) -> Iterator[Block]:
    """Yield the former blocks of ports of organizations that have nodes here."""
    for name, value in ports.items():
        first, mine = whole(value), nodes[name]
        if first is not None and mine and 1024 <= first <= 65535:
            yield Block(place=("former", "ports", name), first=first, count=max(mine) + 1, nodes=mine)
