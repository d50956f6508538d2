"""New keys and revoked certificates: of nodes and people that exist, and of organizations managed here."""

import difflib
from collections.abc import Iterator

from heddle.spec.problems import Problem
from heddle.spec.rules.chaincodes import channels_of
from heddle.spec.rules.reading import (
    Data,
    Place,
    items,
    members_of,
    orderer_indices,
    orderer_organization,
    ordering_type,
    parties,
    problem,
    section,
    text,
)

_PEOPLE = ("admin", "user")
_FEWEST = 3
"""Orderers that are needed for one of them to be out of its channels."""
_WORDS = (
    "the name of a node here, as peer0-org1, an orderer's with -tls for its TLS key, of a person here, as "
    "admin@org1 and user@org1, or of a chaincode and whom its server works for, as assets@org1"
)


def broken(data: Data) -> Iterator[Problem]:
    """Yield problems with keys and revoked certificates."""
    yield from _rekeyed(data)
    for index, item in items(data, "organizations"):
        if item.get("external") is not None and item.get("revoked") is not None:
            place: Place = ("organizations", index, "revoked")
            yield problem(place, item["revoked"], "not with external: its own administrators revoke")


def _servers(data: Data) -> Iterator[str]:
    """Yield each chaincode with each organization here that runs a server of it."""
    for index, chaincode in items(data, "chaincodes"):
        for there in channels_of(chaincode, index):
            for party, _ in (members_of(data, there.channel) or {}).values():
                if not party.external:
                    yield f"{text(chaincode, 'name')}@{party.name}"


def _rekeyed(data: Data) -> Iterator[Problem]:
    orderer = orderer_organization(data)
    orderers = [f"orderer{index}-{orderer}" for index in orderer_indices(data) or ()]
    tls = [f"{name}-tls" for name in orderers]
    members = [party for party in parties(data).values() if not party.external]
    peers = [f"peer{index}-{party.name}" for party in members for index in party.peers]
    people = [f"admin@{orderer}", *(f"{person}@{each.name}" for each in members for person in _PEOPLE)]
    bft = ordering_type(data) == "bft"
    few = len(orderers) < _FEWEST
    allowed = [*people, *peers, *(() if bft else orderers), *(() if few else tls), *_servers(data)]
    for key, value in section(data, "certificates", "rekey").items():
        place: Place = ("certificates", "rekey", key)
        if bft and key in [*orderers, *tls]:
            step = "Let a new node take its place: a new index under ordering.nodes, as 4 in [1, 2, 3, 4]."
            yield problem(place, value, "no orderer of BFT: channels know it by its key", step)
        elif few and key in tls:
            words = "an orderer of three or more: while it gets another TLS key, the others must order"
            yield problem(place, value, words, "Raise ordering.nodes to 3 first.")
        elif key == f"user@{orderer}":
            step = "Put the serial numbers of its old certificates under ordering.organization.revoked."
            yield problem(place, value, "none of the orderers' organization, which has no user", step)
        elif key not in allowed:
            close = difflib.get_close_matches(str(key), allowed, n=1)
            step = f"Did you mean {close[0]}?" if close else ""
            yield problem(place, value, _WORDS, step)
