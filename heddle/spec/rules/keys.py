"""Check new keys and revoked certificates: of nodes and people that exist, of organizations managed here."""

import difflib
from collections.abc import Iterator, Sequence
from datetime import timedelta

from heddle.durations import period
from heddle.spec.cluster import Certificates
from heddle.spec.problems import Problem
from heddle.spec.rules.chaincodes import channels_of
from heddle.spec.rules.reading import (
    Data,
    Party,
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
    whole,
)
from heddle.text import counted

_PEOPLE = ("admin", "user")
_WORDS = (
    "the name of a node here, as peer0-org1, an orderer's with -tls for its TLS key, of a person here, as "
    "admin@org1 and user@org1, or of a chaincode and whom its server works for, as assets@org1"
)
_RENEWABLE = (
    "the name of a node here, as peer0-org1, of an organization here, of a person here, as admin@org1 and "
    "user@org1, or of a chaincode and whom its server works for, as assets@org1"
)


def broken(data: Data) -> Iterator[Problem]:
    """Yield problems with keys and revoked certificates."""
    yield from _rekeyed(data)
    yield from _renewed(data)
    yield from _window(data)
    yield from _authorities(data)
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
    orderer, orderers = orderer_organization(data), _orderers(data)
    tls = [f"{name}-tls" for name in orderers]
    members = [party for party in parties(data).values() if not party.external]
    people, peers = _people(orderer, members), _peers(members)
    bft = ordering_type(data) == "bft"
    allowed = [*people, *peers, *orderers, *(() if bft else tls), *_servers(data)]
    for key, value in section(data, "certificates", "rekey").items():
        place: Place = ("certificates", "rekey", key)
        if bft and key in tls:
            step = f"Raise the number of {key.removesuffix('-tls')}: it makes both of its keys anew."
            yield problem(place, value, "not with BFT, whose channels know an orderer by both keys", step)
        elif key == f"user@{orderer}":
            step = "Put the serial numbers of its old certificates under ordering.organization.revoked."
            yield problem(place, value, "none of the orderers' organization, which has no user", step)
        elif key not in allowed:
            yield problem(place, value, _WORDS, _close(key, allowed))


def _renewed(data: Data) -> Iterator[Problem]:
    """Yield the holders of `certificates.renew` that have no certificates here."""
    orderer = orderer_organization(data)
    members = [party for party in parties(data).values() if not party.external]
    allowed = [*_people(orderer, members), *_orderers(data), *_peers(members), *_servers(data)]
    allowed += [orderer, *(party.name for party in members)]
    for key, value in section(data, "certificates", "renew").items():
        if key not in allowed:
            yield problem(("certificates", "renew", key), value, _RENEWABLE, _close(key, allowed))


def _authorities(data: Data) -> Iterator[Problem]:
    """Yield the organizations of `certificates.authorities` that are not here, and phases of the first."""
    here = [
        orderer_organization(data),
        *(party.name for party in parties(data).values() if not party.external),
    ]
    for key, value in section(data, "certificates", "authorities").items():
        place: Place = ("certificates", "authorities", key)
        if key not in here:
            words = "the name of an organization whose authorities are managed here"
            yield problem(place, value, words, _close(key, here))
        elif (
            isinstance(value, dict)
            and value.get("generation") == 1
            and value.get("phase", "retired") != "retired"
        ):
            step = "Its first exchange begins with `generation: 2` and `phase: trusted`."
            yield problem((*place, "phase"), value["phase"], "none: no generation was before the first", step)


def _window(data: Data) -> Iterator[Problem]:
    """Yield a `renewBefore` as long as certificates last."""
    said = section(data, "certificates")
    days = whole(said.get("validityDays"), Certificates.model_fields["validity_days"].default)
    try:
        window = period(text(said, "renewBefore"))
    except ValueError:
        return
    if days is not None and window >= timedelta(days=days):
        allowed = (
            f"less than certificates.validityDays, {counted(days, 'day')}: what is new would be due at once"
        )
        yield problem(("certificates", "renewBefore"), said["renewBefore"], allowed)


def _close(key: object, allowed: Sequence[str]) -> str:
    close = difflib.get_close_matches(str(key), allowed, n=1)
    return f"Did you mean {close[0]}?" if close else ""


def _orderers(data: Data) -> list[str]:
    return [f"orderer{index}-{orderer_organization(data)}" for index in orderer_indices(data) or ()]


def _peers(members: Sequence[Party]) -> list[str]:
    return [f"peer{index}-{party.name}" for party in members for index in party.peers]


def _people(orderer: str, members: Sequence[Party]) -> list[str]:
    people = [f"{person}@{each.name}" for each in members for person in _PEOPLE]
    return [f"{_PEOPLE[0]}@{orderer}", *people]
