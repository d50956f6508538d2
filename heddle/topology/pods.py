"""Lay out what a pod gets from Kubernetes: settings of its kind and of its name, over Heddle's defaults."""

from collections.abc import Iterable, Mapping
from typing import Any

from heddle.quantities import amount
from heddle.settings import DEFAULT_RESOURCES
from heddle.spec.nodes import NodeSettings, SecretKey, Storage
from heddle.spec.nodes import Resources as ResourcesSection
from heddle.topology.plans.nodes import Amounts, Placement

_ZONE = "topology.kubernetes.io/zone"
# Those three write a line or more for every call, which at some hundred transactions a second fills disks and
# takes a tenth of a node's time. What goes wrong they still say (docs/source/logging-control.rst).
_LOGGING = "comm.grpc.server,endorser,gateway=warning:info"


def pod_settings(settings: Mapping[str, NodeSettings], kind: str, name: str) -> dict[str, Any]:
    """Return resources, placement, labels and annotations of a pod: arguments of a PodSettings.

    Args:
        settings: `nodes` of the stack file.
        kind: of the node: orderer, peer, couchdb or chaincode.
        name: of the node, or of the chaincode; its own settings win over those of its kind, field by field.
    """
    stated = _stated(settings, kind, name)
    return {
        "resources": _resources(kind, [each.resources for each in stated]),
        "placement": _placement(stated),
        "labels": _merged(each.labels for each in stated),
        "annotations": _merged(each.annotations for each in stated),
        "service_annotations": _merged(each.service_annotations for each in stated),
    }


def claim_settings(
    settings: Mapping[str, NodeSettings], storage: Storage, kind: str, name: str
) -> dict[str, Any]:
    """Return class and size of a node's claim: `storage_class` and `storage_size`."""
    claims = [each.storage for each in reversed(_stated(settings, kind, name))]
    if kind == "couchdb":
        claims.append(storage.couchdb)
    classes = [*(claim.class_name for claim in claims), storage.class_name]
    sizes = [*(claim.size for claim in claims), storage.size]
    return {
        "storage_class": next(filter(None, classes), None),
        "storage_size": next(filter(None, sizes)),
    }


def node_variables(settings: Mapping[str, NodeSettings], kind: str, name: str) -> dict[str, Any]:
    """Return the variables of a peer's or orderer's container: `environment` and `secret_environment`.

    Go's collector runs when the heap has doubled, which for a node of some 50 MB is many times a second under
    load; a node may grow to a good part of its memory instead, and is warned before the limit.
    """
    stated = _stated(settings, kind, name)
    limit = amount(_resources(kind, [each.resources for each in stated])["limits"]["memory"])
    defaults = {
        "FABRIC_LOGGING_SPEC": _LOGGING,
        "GOGC": "400",
        "GOMEMLIMIT": str(int(limit * 9 / 10)),
    }
    plain, hidden = defaults, dict[str, tuple[str, str]]()
    for each in stated:
        # What is said later counts, whichever of the two it is.
        for name in each.secret_environment:
            plain.pop(name, None)
        for name in each.environment:
            hidden.pop(name, None)
        plain |= each.environment
        hidden |= places_of(each.secret_environment)
    return {"environment": plain, "secret_environment": hidden}


def places_of(variables: Mapping[str, SecretKey]) -> dict[str, tuple[str, str]]:
    """Return the Secret and the key that each variable's value is in."""
    return {name: (place.secret, place.key) for name, place in variables.items()}


def _stated(settings: Mapping[str, NodeSettings], kind: str, name: str) -> list[NodeSettings]:
    """Return the file's settings for a node's kind, then those for the node itself."""
    # A chaincode may be called like a kind; that key means the kind.
    keys = [kind, *({name} - DEFAULT_RESOURCES.keys())]
    return [settings[key] for key in keys if key in settings]


def _resources(kind: str, stated: list[ResourcesSection]) -> Amounts:
    asked = _merged(each.requests.model_dump(exclude_none=True) for each in stated)
    allowed = _merged(each.limits.model_dump(exclude_none=True) for each in stated)
    defaults = DEFAULT_RESOURCES[kind]
    # Kubernetes refuses a request above its limit: a default that would be one
    # gives way to what the file says.
    requests = {key: _at_most(value, allowed.get(key)) for key, value in defaults["requests"].items()} | asked
    limits = {key: _at_least(value, asked.get(key)) for key, value in defaults["limits"].items()} | allowed
    return {name: amounts for name, amounts in (("requests", requests), ("limits", limits)) if amounts}


def _at_most(default: str, limit: str | None) -> str:
    return limit if limit and amount(limit) < amount(default) else default


def _at_least(default: str, request: str | None) -> str:
    return request if request and amount(request) > amount(default) else default


def _placement(stated: list[NodeSettings]) -> Placement:
    placements = [each.placement for each in stated]
    selector = _merged(each.node_selector or {} for each in placements)
    zone = next((each.zone for each in reversed(placements) if each.zone), None)
    tolerations = next(
        (each.tolerations for each in reversed(placements) if each.tolerations is not None), ()
    )
    return Placement(
        node_selector={**selector, **({_ZONE: zone} if zone else {})},
        tolerations=tuple(each.model_dump(by_alias=True, exclude_none=True) for each in tolerations),
    )


def _merged(mappings: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {key: value for mapping in mappings for key, value in mapping.items()}
