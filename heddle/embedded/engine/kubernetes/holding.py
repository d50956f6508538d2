"""Tell what keeps an object that is being deleted, and let go of what Heddle itself left.

A claim waits for every pod that uses it, also for one that has ended; a namespace for all that is in it.
"""

from collections.abc import Iterator

from heddle.embedded.engine.kubernetes.api import Api
from heddle.embedded.engine.kubernetes.kinds import kind_of_type
from heddle.embedded.engine.kubernetes.objects import Json, at, kind_id, name_of, namespace_of
from heddle.errors import ProviderError
from heddle.kube.claims import claim_holders, uses_claim
from heddle.kube.jobs import RUNBOOK

__all__ = ["holders", "let_go"]

_CLAIM, _NAMESPACE = "v1/PersistentVolumeClaim", "v1/Namespace"


def holders(api: Api, live: Json) -> list[str]:
    """Return a line for each thing that keeps an object from going, as far as it can be read."""
    lines = [f"finalizer {each}" for each in at(live, "metadata", "finalizers") or []]
    try:
        if kind_id(live) == _CLAIM:
            lines += claim_holders(name_of(live), _pods(api, live))
        elif selector := at(live, "spec", "selector", "matchLabels"):
            lines += [f"pod {name_of(pod)} is there" for pod in _pods(api, live, selector)]
    except ProviderError as error:
        lines.append(f"what uses it cannot be read: {error.message}")
    if kind_id(live) == _NAMESPACE:
        lines += _remaining(live)
    return lines


def _remaining(namespace: Json) -> Iterator[str]:
    """Yield what Kubernetes says is left in a namespace."""
    for condition in at(namespace, "status", "conditions") or []:
        if condition.get("status") == "True":
            yield f"{condition.get('type')}: {condition.get('message')}"


def let_go(api: Api, live: Json) -> list[str]:
    """Delete the Jobs of runbooks whose pods use a claim; return their names.

    Who deletes a claim does not want them, and the lock of the stack keeps a runbook from being under way.
    Nothing of anybody else is touched. What cannot be deleted is left to the wait, which names it.
    """
    if kind_id(live) != _CLAIM:
        return []
    gone: list[str] = []
    try:
        for name in _jobs_on(api, live):
            jobs = kind_of_type("kubernetes:batch/v1:Job").collection(namespace_of(live))
            api.delete(f"{jobs}/{name}", propagation="Background")
            gone.append(name)
    except ProviderError:
        return gone
    return gone


def _jobs_on(api: Api, claim: Json) -> list[str]:
    """Return the names of the Jobs of runbooks whose pods use a claim."""
    owners = [
        owner
        for pod in _pods(api, claim, {RUNBOOK: None})
        if uses_claim(pod, name_of(claim))
        for owner in at(pod, "metadata", "ownerReferences") or []
    ]
    return sorted({owner["name"] for owner in owners if owner["kind"] == "Job"})


def _pods(api: Api, live: Json, labels: dict[str, str | None] | None = None) -> list[Json]:
    """Return the pods of an object's namespace, those with these labels; a value of None is any."""
    pods = kind_of_type("kubernetes:core/v1:Pod").collection(namespace_of(live))
    terms = [key if value is None else f"{key}={value}" for key, value in sorted((labels or {}).items())]
    query = {"labelSelector": ",".join(terms)} if terms else {}
    return list(api.get(pods, **query).get("items") or [])
