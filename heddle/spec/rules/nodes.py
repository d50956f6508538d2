"""Settings of nodes: for kinds and nodes that exist, and such as Kubernetes takes."""

import difflib
from collections.abc import Iterator

from pydantic_core import PydanticCustomError

from heddle.quantities import amount
from heddle.settings import DEFAULT_RESOURCES
from heddle.spec.kinds import check_processors, check_quantity
from heddle.spec.problems import Problem
from heddle.spec.rules.reading import (
    Data,
    Place,
    items,
    named,
    orderer_indices,
    orderer_organization,
    parties,
    problem,
    section,
)

_OWN_ANNOTATIONS = ("heddle.dev/", "pulumi.com/")
"""Beginnings of annotations that say how objects are rolled and awaited."""
_OWN_LABELS = ("app.kubernetes.io/", "heddle.dev/")
_OWN_VARIABLES = {
    "FABRIC_CFG_PATH",
    "GOMEMLIMIT",
    # Another database or folder than that of the claim would be one without the ledger.
    "CORE_LEDGER_STATE_STATEDATABASE",
    "CORE_LEDGER_STATE_COUCHDBCONFIG_PASSWORD",
    "CORE_PEER_FILESYSTEMPATH",
    "ORDERER_FILELEDGER_LOCATION",
}
_CHECKS = {"cpu": check_processors, "memory": check_quantity}


def broken(data: Data) -> Iterator[Problem]:
    """Yield problems with settings of nodes."""
    yield from _images(data)
    couchdb = data.get("stateDatabase") == "CouchDB"
    chaincodes = {"chaincode", *(name for _, name in named(data, "chaincodes"))}
    known = _known(data, couchdb=couchdb)
    for key, settings in section(data, "nodes").items():
        place: Place = ("nodes", key)
        if key not in known:
            yield _unknown(place, key, settings, known, couchdb=couchdb)
            continue
        said = section(section(data, "nodes"), key)
        if key in chaincodes and said.get("storage") is not None:
            yield problem((*place, "storage"), said["storage"], "nothing: chaincodes have no volume")
        for kind in ("environment", "secretEnvironment"):
            yield from _environment(section(said, kind), (*place, kind), key, chaincodes)
        yield from said_twice(said, place)
        yield from _resources(section(said, "resources"), (*place, "resources"))
        yield from _labels(section(said, "labels"), (*place, "labels"))
        for kind in ("annotations", "serviceAnnotations"):
            yield from _annotations(section(said, kind), (*place, kind))
        yield from _tolerations(section(said, "placement"), (*place, "placement"))
    if section(data, "storage").get("couchdb") is not None and not couchdb:
        found = section(data, "storage")["couchdb"]
        yield problem(("storage", "couchdb"), found, "only with stateDatabase CouchDB")


def _known(data: Data, *, couchdb: bool) -> list[str]:
    """Return the kinds and names of pods that settings may be for."""
    orderers = [f"orderer{index}-{orderer_organization(data)}" for index in orderer_indices(data) or ()]
    peers = [(index, party.name) for party in parties(data).values() for index in party.peers]
    nodes = [f"peer{index}-{name}" for index, name in peers]
    databases = [f"couchdb{index}-{name}" for index, name in peers if couchdb]
    kinds = [kind for kind in DEFAULT_RESOURCES if couchdb or kind != "couchdb"]
    return [*kinds, *orderers, *nodes, *databases, *(name for _, name in named(data, "chaincodes"))]


def _unknown(place: Place, key: object, found: object, known: list[str], *, couchdb: bool) -> Problem:
    if str(key).startswith("couchdb") and not couchdb:
        return problem(place, found, "only with stateDatabase CouchDB")
    close = difflib.get_close_matches(str(key), known, n=1)
    allowed = f"a kind ({', '.join(DEFAULT_RESOURCES)}), a node's name as peer0-org1, or a chaincode's"
    return problem(place, found, allowed, f"Did you mean {close[0]}?" if close else "")


def _environment(variables: Data, place: Place, key: str, chaincodes: set[str]) -> Iterator[Problem]:
    """Report variables of pods that take none, and variables that Heddle sets itself."""
    if variables and key in chaincodes:
        there = f"chaincodes[].{place[-1]}"
        yield problem(place, variables, f"nothing: variables of a chaincode are in {there}")
    elif variables and key.startswith("couchdb"):
        yield problem(place, variables, "nothing: only peers and orderers take variables")
    else:
        for name, value in variables.items():
            if name in _OWN_VARIABLES:
                yield problem((*place, name), value, "nothing: Heddle sets this variable itself")


def said_twice(owner: Data, place: Place) -> Iterator[Problem]:
    """Yield a problem for each variable that has a value in the file and one in a Secret."""
    plain = section(owner, "environment")
    for name in (each for each in section(owner, "secretEnvironment") if each in plain):
        allowed = "in environment or in secretEnvironment, not in both"
        yield problem((*place, "secretEnvironment", name), name, allowed)


def _resources(resources: Data, place: Place) -> Iterator[Problem]:
    requests, limits = section(resources, "requests"), section(resources, "limits")
    for key, check in _CHECKS.items():
        try:
            request, limit = (amount(check(each[key])) for each in (requests, limits))
        except (KeyError, PydanticCustomError):
            continue
        if request > limit:
            yield problem(
                (*place, "requests", key), requests[key], f"at most limits.{key}, which is {limits[key]}"
            )


def _annotations(annotations: Data, place: Place) -> Iterator[Problem]:
    for key, value in annotations.items():
        if str(key).startswith(_OWN_ANNOTATIONS):
            allowed = f"annotations of your own; {' and '.join(_OWN_ANNOTATIONS)} are Heddle's and Pulumi's"
            yield problem((*place, key), value, allowed)


def _labels(labels: Data, place: Place) -> Iterator[Problem]:
    for key, value in labels.items():
        if str(key).startswith(_OWN_LABELS):
            allowed = f"labels of your own; Heddle sets those that begin with {' and '.join(_OWN_LABELS)}"
            yield problem((*place, key), value, allowed)


def _tolerations(placement: Data, place: Place) -> Iterator[Problem]:
    for index, each in items(placement, "tolerations"):
        at: Place = (*place, "tolerations", index)
        operator = each.get("operator", "Equal")
        if operator == "Exists" and each.get("value") is not None:
            yield problem((*at, "value"), each["value"], "no value with operator Exists")
        if operator == "Equal" and not each.get("key"):
            yield problem((*at, "operator"), operator, "Exists where no key is named")
        if each.get("tolerationSeconds") is not None and each.get("effect") != "NoExecute":
            allowed = "only with effect NoExecute: other taints move no running pod"
            yield problem((*at, "tolerationSeconds"), each["tolerationSeconds"], allowed)


def _images(data: Data) -> Iterator[Problem]:
    if data.get("standin") is not True:
        return
    for key in ("peer", "orderer"):
        image = section(data, "images").get(key)
        if image is not None:
            yield problem(
                ("images", key),
                image,
                "no image where standin is true",
                "Take the images away, or standin: a stand-in never runs under another image's name.",
            )
