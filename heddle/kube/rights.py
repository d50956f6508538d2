"""Say what rights a stack needs within its namespace: what a Role grants, and what is missing of it."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from heddle.kube.client import KubeClient, refusal

__all__ = ["NEEDED", "Right", "missing_rights", "rights_on", "role_rules"]

_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_READ = ("get", "list", "watch")
_WRITE = (*_READ, "create", "patch", "delete")


@dataclass(frozen=True, kw_only=True)
class Right:
    """Verbs on resources of one API group; group "" is the core."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]


NEEDED = (
    # Its own alone: a Role's rights on `namespaces` end at the namespace that the Role is in.
    Right(group="", resources=("namespaces",), verbs=("get", "list", "watch", "patch")),
    Right(group="", resources=("configmaps", "persistentvolumeclaims", "secrets", "services"), verbs=_WRITE),
    Right(group="apps", resources=("deployments", "statefulsets"), verbs=_WRITE),
    Right(group="networking.k8s.io", resources=("networkpolicies",), verbs=_WRITE),
    Right(group="policy", resources=("poddisruptionbudgets",), verbs=_WRITE),
    Right(group="", resources=("pods",), verbs=(*_READ, "patch", "delete")),
    Right(group="", resources=("pods/log",), verbs=("get",)),
    Right(group="", resources=("pods/portforward",), verbs=("get", "create")),
    Right(group="", resources=("events", "endpoints"), verbs=_READ),
    Right(group="apps", resources=("replicasets",), verbs=_READ),
    Right(group="discovery.k8s.io", resources=("endpointslices",), verbs=_READ),
    # Runbooks: a node without replicas, and work on its volume.
    Right(group="apps", resources=("statefulsets/scale",), verbs=("get", "patch", "update")),
    Right(group="batch", resources=("jobs",), verbs=_WRITE),
)
"""All that `up`, `preview`, `refresh`, `status` and `rejoin-peer` ask of the API server."""


def rights_on(kinds: Mapping[str, Iterable[str]]) -> tuple[Right, ...]:
    """Return the rights to make and change objects of custom kinds, which are given by API version."""
    resources: dict[str, list[str]] = {}
    for version, names in kinds.items():
        # So are those of prometheus-operator named, and there are no others here.
        resources.setdefault(version.partition("/")[0], []).extend(f"{name.lower()}s" for name in names)
    return tuple(
        Right(group=group, resources=tuple(sorted(names)), verbs=_WRITE) for group, names in resources.items()
    )


def role_rules(rights: Iterable[Right] = NEEDED) -> list[dict[str, Any]]:
    """Return the rules of the smallest Role (rbac.authorization.k8s.io/v1) with these rights."""
    return [
        {"apiGroups": [right.group], "resources": list(right.resources), "verbs": list(right.verbs)}
        for right in rights
    ]


async def missing_rights(client: KubeClient, namespace: str, rights: Iterable[Right] = NEEDED) -> list[str]:
    """Return which of these rights the kubeconfig's user lacks in a namespace, as `verb resource.group`.

    Raises KubeError if the API server does not answer what its user may do.
    """
    if await _may(client, {"namespace": namespace, "verb": "*", "group": "*", "resource": "*"}):
        return []
    asked = list(_each(rights))
    allowed = await asyncio.gather(
        *(_may(client, {"namespace": namespace, **attributes}) for _, attributes in asked)
    )
    return [name for (name, _), is_allowed in zip(asked, allowed, strict=True) if not is_allowed]


def _each(rights: Iterable[Right]) -> Iterator[tuple[str, Mapping[str, str]]]:
    for right in rights:
        for whole in right.resources:
            resource, _, part = whole.partition("/")
            for verb in right.verbs:
                name = f"{verb} {whole}{'.' if right.group else ''}{right.group}"
                yield name, {"verb": verb, "group": right.group, "resource": resource, "subresource": part}


async def _may(client: KubeClient, attributes: Mapping[str, str]) -> bool:
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": dict(attributes)},
    }
    response = await client.send("POST", _REVIEWS, json=review)
    if response.status_code not in (200, 201):
        raise refusal(response)
    return bool(response.json()["status"]["allowed"])
