"""Look at claims and their classes, and try whether the API server lets a claim grow."""

from collections.abc import Collection, Iterable
from typing import Final
from urllib.parse import quote

from heddle.errors import Forbidden
from heddle.kube.claims import claims_of
from heddle.kube.client import Json, KubeClient, refusal
from heddle.planner.volumes import ClaimFacts

__all__ = ["claim_facts", "claim_facts_of", "try_growth"]

_FIELD: Final = "allowVolumeExpansion"


async def claim_facts(server: KubeClient, namespace: str, names: Collection[str]) -> dict[str, ClaimFacts]:
    """Return the facts of those of the named claims that exist, their classes looked at, too."""
    found = {name: each for name, each in (await claims_of(server, namespace)).items() if name in names}
    obstacles = {
        name: await _obstacle(server, name) for name in sorted({_class_of(each) for each in found.values()})
    }
    return {name: claim_facts_of(each, obstacles[_class_of(each)]) for name, each in found.items()}


def claim_facts_of(claim: Json, obstacle: str = "") -> ClaimFacts:
    """Return the facts of a claim that the API server listed. `obstacle`: what its class says, if known."""
    status = claim.get("status") or {}
    conditions = [each for each in status.get("conditions") or () if each.get("status") == "True"]
    return ClaimFacts(
        name=claim["metadata"]["name"],
        requested=_storage(claim["spec"].get("resources"), "requests"),
        capacity=_storage(status, "capacity"),
        volume=claim["spec"].get("volumeName") or "",
        obstacle=obstacle,
        conditions=tuple(str(each["type"]) for each in conditions),
        words=_last_words(conditions),
    )


async def try_growth(server: KubeClient, namespace: str, name: str, wanted: str) -> str:
    """Return why the API server lets the claim not have this size, in its words; empty if it does.

    A dry run: admission says what no fact tells beforehand, as a quota. Nothing is changed.
    """
    response = await server.send(
        "PATCH",
        f"/api/v1/namespaces/{quote(namespace)}/persistentvolumeclaims/{quote(name)}",
        query={"dryRun": "All"},
        json={"spec": {"resources": {"requests": {"storage": wanted}}}},
        content_type="application/merge-patch+json",
        repeatable=True,
    )
    return "" if response.status_code == 200 else refusal(response).message


async def _obstacle(server: KubeClient, name: str) -> str:
    """Return why a class lets no volume grow; empty where it does, and for who may not read classes."""
    if not name:
        return "its volume is of no StorageClass, so nobody enlarges it"
    try:
        found = await server.get(f"/apis/storage.k8s.io/v1/storageclasses/{quote(name)}")
    except Forbidden:
        return ""
    if found is None:
        return f"there is no StorageClass {name} any more that could say whether its volumes grow"
    return "" if found.get(_FIELD) else f"its StorageClass {name} does not let volumes grow ({_FIELD})"


def _class_of(claim: Json) -> str:
    return claim["spec"].get("storageClassName") or ""


def _storage(holder: Json, field: str) -> str:
    return str(((holder or {}).get(field) or {}).get("storage") or "")


def _last_words(conditions: Iterable[Json]) -> str:
    said = [str(each.get("message") or "") for each in conditions]
    return next(filter(None, reversed(said)), "")
