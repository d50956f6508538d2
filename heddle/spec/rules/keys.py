"""New keys and revoked certificates: of nodes and people that exist, and of organizations managed here."""

import difflib
from collections.abc import Iterator

from heddle.spec.problems import Problem
from heddle.spec.rules.reading import (
    Data,
    Place,
    items,
    orderer_indices,
    orderer_organization,
    ordering_type,
    parties,
    problem,
    section,
)

_PEOPLE = ("admin", "user")
_WORDS = "the name of a node here, as peer0-org1, or of a person here, as admin@org1 and user@org1"


def broken(data: Data) -> Iterator[Problem]:
    """Yield problems with keys and revoked certificates."""
    yield from _rekeyed(data)
    for index, item in items(data, "organizations"):
        if item.get("external") is not None and item.get("revoked") is not None:
            place: Place = ("organizations", index, "revoked")
            yield problem(place, item["revoked"], "not with external: its own administrators revoke")


def _rekeyed(data: Data) -> Iterator[Problem]:
    orderer = orderer_organization(data)
    orderers = [f"orderer{index}-{orderer}" for index in orderer_indices(data) or ()]
    members = [party for party in parties(data).values() if not party.external]
    peers = [f"peer{index}-{party.name}" for party in members for index in party.peers]
    people = [
        f"{person}@{name}" for name in (orderer, *(each.name for each in members)) for person in _PEOPLE
    ]
    bft = ordering_type(data) == "bft"
    allowed = [*people, *peers, *(() if bft else orderers)]
    for key, value in section(data, "certificates", "rekey").items():
        place: Place = ("certificates", "rekey", key)
        if bft and key in orderers:
            step = "Let a new node take its place: a new index under ordering.nodes, as 4 in [1, 2, 3, 4]."
            yield problem(place, value, "no orderer of BFT: channels know it by its key", step)
        elif key not in allowed:
            close = difflib.get_close_matches(str(key), allowed, n=1)
            step = f"Did you mean {close[0]}?" if close else ""
            yield problem(place, value, _WORDS, step)
