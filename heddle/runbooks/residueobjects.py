"""Hold a cluster at one moment, and read its objects, for plans about what deleted instances left. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = [
    "INSTANCE",
    "MANAGED",
    "Facts",
    "Json",
    "Target",
    "claim_of",
    "claimed_by",
    "is_left",
    "is_nobodys",
    "is_ours",
    "labels_of",
    "name_of",
    "namespace_of",
    "path_of",
    "phase_of",
    "reference_of",
]

Json = Any
INSTANCE = "app.kubernetes.io/instance"
MANAGED = {"app.kubernetes.io/managed-by": "heddle"}
_LEFT = ("Released", "Failed")


@dataclass(frozen=True, kw_only=True)
class Target:
    """Name an instance, and the namespace it had to itself."""

    instance: str
    namespace: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Hold a cluster at one moment; lists of objects as its API server gives them."""

    namespaces: Sequence[Json]
    pods: Sequence[Json]
    claims: Sequence[Json]
    volumes: Sequence[Json]
    classes: Sequence[Json]
    objects: Sequence[Json]
    """Objects of all other kinds that could be in a namespace; each with `kind` and `apiVersion`."""
    stacks: Mapping[str, str]
    """Namespaces of the backend's stacks, each with the instance's name."""


def is_nobodys(volume: Json) -> bool:
    """Tell whether a volume had a claim that is gone."""
    return phase_of(volume) in _LEFT


def is_left(volume: Json, target: Target) -> bool:
    """Tell whether a volume was the instance's and is nobody's now."""
    return claimed_by(volume) == target.namespace and is_nobodys(volume)


def name_of(obj: Json) -> str:
    """Return the name of an object."""
    return str(obj["metadata"]["name"])


def namespace_of(obj: Json) -> str:
    """Return the namespace that an object is in; empty for one of the whole cluster."""
    return str(obj["metadata"].get("namespace", ""))


def labels_of(obj: Json) -> Mapping[str, str]:
    """Return the labels of an object."""
    return obj["metadata"].get("labels") or {}


def is_ours(obj: Json, instance: str) -> bool:
    """Tell whether Heddle made an object for the instance."""
    return {**MANAGED, INSTANCE: instance}.items() <= labels_of(obj).items()


def reference_of(obj: Json) -> Json:
    """Return what names an object: `apiVersion`, `kind`, `namespace`, `name`."""
    return {
        "apiVersion": obj["apiVersion"],
        "kind": obj["kind"],
        "namespace": namespace_of(obj),
        "name": name_of(obj),
    }


def phase_of(obj: Json) -> str:
    """Return the phase of a pod, claim or volume; empty if it has none."""
    return str(obj.get("status", {}).get("phase", ""))


def claimed_by(volume: Json) -> str:
    """Return the namespace of the claim that has or had the volume; empty if none ever did."""
    return str((volume.get("spec", {}).get("claimRef") or {}).get("namespace", ""))


def claim_of(volume: Json) -> str:
    """Return the name of the claim that has or had the volume; empty if none ever did."""
    return str((volume.get("spec", {}).get("claimRef") or {}).get("name", ""))


def path_of(volume: Json) -> str:
    """Return the path of a volume that is a folder of a node; empty for any other."""
    spec = volume.get("spec", {})
    return str((spec.get("local") or spec.get("hostPath") or {}).get("path", "")).rstrip("/")
