"""Check the quotas of an edition, where one is named."""

from collections.abc import Iterator

from heddle.spec.editions import EDITIONS, Edition
from heddle.spec.problems import MISSING, Problem
from heddle.spec.rules.reading import (
    Data,
    indices,
    items,
    orderer_indices,
    ordering_type,
    parties,
    problem,
    section,
    text,
    values,
)


def broken(data: Data) -> Iterator[Problem]:
    """Yield problems with quotas."""
    edition = EDITIONS.get(text(data, "edition"))
    if edition is None:
        return
    yield from _ordering(data, edition)
    yield from _members(data, edition)
    channels = len(list(values(data, "channels")))
    if channels > edition.channels:
        yield _over(("channels",), data["channels"], edition, edition.channels, "channels")
    yield from _names(data, edition)


def _ordering(data: Data, edition: Edition) -> Iterator[Problem]:
    if ordering_type(data) == "bft" and not edition.bft:
        step = "Use raft, or edition enterprise."
        yield problem(("ordering", "type"), "bft", f"raft in edition {edition.name}", step)
        return
    count = len(orderer_indices(data) or ())
    if count > edition.orderers:
        found = section(data, "ordering").get("nodes", MISSING)
        yield _over(("ordering", "nodes"), found, edition, edition.orderers, "ordering nodes")


def _members(data: Data, edition: Edition) -> Iterator[Problem]:
    known = parties(data).values()
    managed = [party for party in known if not party.external]
    if len(managed) > edition.organizations:
        found = data["organizations"]
        yield _over(("organizations",), found, edition, edition.organizations, "organizations of its own")
    if len(known) - len(managed) > edition.invited:
        yield _over(
            ("organizations",), data["organizations"], edition, edition.invited, "external organizations"
        )
    for index, item in items(data, "organizations"):
        if len(indices(item.get("peers")) or ()) > edition.peers:
            place = ("organizations", index, "peers")
            yield _over(place, item["peers"], edition, edition.peers, "peers per organization")


def _names(data: Data, edition: Edition) -> Iterator[Problem]:
    step = f"So it is in edition {edition.name}; without one Fabric's own rule holds."
    name = data.get("name")
    if isinstance(name, str) and not edition.instance_name.allows(name):
        yield problem(("name",), name, edition.instance_name.words, step)
    for index, item in items(data, "chaincodes"):
        name = item.get("name")
        if isinstance(name, str) and not edition.chaincode_name.allows(name):
            yield problem(("chaincodes", index, "name"), name, edition.chaincode_name.words, step)


def _over(place: tuple[int | str, ...], found: object, edition: Edition, quota: int, what: str) -> Problem:
    step = "Take another edition, or none: then Fabric's own limits hold."
    return problem(place, found, f"at most {quota} {what} in edition {edition.name}", step)
