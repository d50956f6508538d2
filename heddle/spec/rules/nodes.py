"""Check settings of nodes: for kinds and nodes that exist, and such as Kubernetes takes."""

import difflib
from collections.abc import Iterator

from pydantic_core import PydanticCustomError

from heddle.quantities import KB, amount
from heddle.settings import DEFAULT_RESOURCES
from heddle.spec.kinds import check_processors, check_quantity
from heddle.spec.problems import Problem
from heddle.spec.rules.labels import broken_labels
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
from heddle.spec.rules.variables import broken_variables
from heddle.spec.rules.watching import WATCHERS, watched, watched_here

_OWN_ANNOTATIONS = ("heddle.dev/", "pulumi.com/")
"""Beginnings of annotations that say how objects are rolled and awaited."""
_ANNOTATION_BYTES = 250 * KB
"""Bytes of the annotations of an object: Kubernetes takes 256 KB, and Heddle and Pulumi have some."""
_ZONE = "topology.kubernetes.io/zone"
_CHECKS = {"cpu": check_processors, "memory": check_quantity}


def broken(data: Data) -> Iterator[Problem]:
    """Yield problems with settings of nodes."""
    yield from _images(data)
    couchdb = data.get("stateDatabase") == "CouchDB"
    chaincodes = {"chaincode", *(name for _, name in named(data, "chaincodes"))}
    absent = _absent(data)
    known = [each for each in _known(data, couchdb=couchdb) if each not in absent]
    for key, settings in section(data, "nodes").items():
        place: Place = ("nodes", key)
        if key not in known:
            yield _unknown(place, key, settings, known, absent)
            continue
        said = section(section(data, "nodes"), key)
        if key in chaincodes and said.get("storage") is not None:
            yield problem((*place, "storage"), said["storage"], "nothing: chaincodes have no volume")
        yield from broken_variables(said, place, key, chaincodes)
        yield from _resources(data, key, (*place, "resources"))
        yield from broken_labels(section(said, "labels"), (*place, "labels"))
        for kind in ("annotations", "serviceAnnotations"):
            yield from _annotations(section(said, kind), (*place, kind))
        yield from _placement(section(said, "placement"), (*place, "placement"))
    if section(data, "storage").get("couchdb") is not None and not couchdb:
        found = section(data, "storage")["couchdb"]
        yield problem(("storage", "couchdb"), found, "only with stateDatabase CouchDB")


def _known(data: Data, *, couchdb: bool) -> list[str]:
    """Return the kinds and names of pods that settings may be for."""
    orderers = [f"orderer{index}-{orderer_organization(data)}" for index in orderer_indices(data) or ()]
    peers = [(index, party.name) for party in parties(data).values() for index in party.peers]
    nodes = [f"peer{index}-{name}" for index, name in peers]
    databases = [f"couchdb{index}-{name}" for index, name in peers if couchdb]
    return [
        *DEFAULT_RESOURCES,
        *orderers,
        *nodes,
        *databases,
        *(name for _, name in named(data, "chaincodes")),
    ]


def _absent(data: Data) -> dict[str, str]:
    """Return the kinds that this file has none of, each with what it is there with."""
    absent = {}
    if data.get("stateDatabase") != "CouchDB":
        absent["couchdb"] = "only with stateDatabase CouchDB"
    if not watched_here(data):
        allowed = "only without monitoring.operator" if watched(data) else "only with monitoring"
        absent |= dict.fromkeys(WATCHERS, allowed)
    return absent


def _unknown(place: Place, key: object, found: object, known: list[str], absent: Data) -> Problem:
    for kind, allowed in absent.items():
        if str(key).startswith(kind):
            return problem(place, found, allowed)
    close = difflib.get_close_matches(str(key), known, n=1)
    allowed = f"a kind ({', '.join(DEFAULT_RESOURCES)}), a node's name as peer0-org1, or a chaincode's"
    return problem(place, found, allowed, f"Did you mean {close[0]}?" if close else "")


def _resources(data: Data, key: str, place: Place) -> Iterator[Problem]:
    """Yield a problem where a pod would ask for more than its limit, in part by the settings of its kind."""
    kind = _kind_of(data, key)
    own, inherited = (section(data, "nodes", each, "resources") for each in (key, kind))
    for resource, check in _CHECKS.items():
        said = {each: section(own, each).get(resource) for each in ("requests", "limits")}
        values = {each: said[each] or section(inherited, each).get(resource) for each in said}
        try:
            request, limit = (amount(check(values[each])) for each in ("requests", "limits"))
        except PydanticCustomError:
            continue
        if request > limit and any(said.values()):
            where = f"limits.{resource}" if said["limits"] else f"nodes.{kind}.resources.limits.{resource}"
            at = (*place, "requests", resource)
            yield problem(at, values["requests"], f"at most {where}, which is {values['limits']}")


def _kind_of(data: Data, key: str) -> str:
    """Return the kind of node whose settings count beneath those of `key`; a kind is its own."""
    if key in DEFAULT_RESOURCES:
        return key
    chaincodes = {name for _, name in named(data, "chaincodes")}
    return "chaincode" if key in chaincodes else key.partition("-")[0].rstrip("0123456789")


def _annotations(annotations: Data, place: Place) -> Iterator[Problem]:
    for key, value in annotations.items():
        if str(key).startswith(_OWN_ANNOTATIONS):
            allowed = f"annotations of your own; {' and '.join(_OWN_ANNOTATIONS)} are Heddle's and Pulumi's"
            yield problem((*place, key), value, allowed)
    size = sum(len(str(part).encode()) for pair in annotations.items() for part in pair)
    if size > _ANNOTATION_BYTES:
        allowed = f"at most {_ANNOTATION_BYTES // KB} KB in all, as Kubernetes takes"
        yield problem(place, annotations, allowed)


def _placement(placement: Data, place: Place) -> Iterator[Problem]:
    selected = section(placement, "nodeSelector").get(_ZONE)
    if placement.get("zone") is not None and selected not in (None, placement["zone"]):
        at: Place = (*place, "zone")
        yield problem(
            at, placement["zone"], f"what nodeSelector says for {_ZONE}, {selected}; or one of the two"
        )
    for index, each in items(placement, "tolerations"):
        at = (*place, "tolerations", index)
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
