"""Tell what volume claims are used by, and what holds one that is being deleted."""

from collections.abc import Iterable
from urllib.parse import quote

from heddle.kube.client import Json, KubeClient

__all__ = [
    "claim_holders",
    "claim_loss",
    "claims_in",
    "claims_of",
    "is_leaving",
    "mounted_claims",
    "uses_claim",
]


def uses_claim(pod: Json, claim: str) -> bool:
    """Tell whether a pod mounts the claim of this name; both are in one namespace."""
    return claim in claims_in(pod.get("spec"))


def claims_in(spec: Json) -> tuple[str, ...]:
    """Return the names of the claims in the specification of a pod, or of a template; None has none."""
    volumes = (spec or {}).get("volumes") or []
    return tuple(
        each["persistentVolumeClaim"]["claimName"] for each in volumes if each.get("persistentVolumeClaim")
    )


def claim_loss(name: str, claim: Json | None) -> str:
    """Return in words why no volume is behind a claim; empty where one is. None: there is no such claim.

    A claim is Pending until it has its first volume, and Lost once that is gone
    (PersistentVolumeClaimPhase in pkg/apis/core/types.go of Kubernetes).
    """
    if claim is None:
        return f"no claim {name}"
    phase = (claim.get("status") or {}).get("phase")
    if phase == "Lost":
        return f"claim {name} has lost its volume"
    if phase == "Pending" and not (claim.get("spec") or {}).get("volumeName"):
        return f"claim {name} has never had a volume"
    return ""


def is_leaving(obj: Json) -> bool:
    """Tell whether an object is being deleted."""
    return "deletionTimestamp" in obj["metadata"]


def claim_holders(claim: str, pods: Iterable[Json]) -> list[str]:
    """Return a line for each pod that keeps a claim from being deleted, with what the pod belongs to.

    Kubernetes keeps a claim for a pod that has ended, too, until that pod is deleted.
    Source: podUsesPVC in pkg/controller/volume/pvcprotection of Kubernetes.
    """
    return [f"pod {_shown(pod)} uses claim {claim}" for pod in pods if uses_claim(pod, claim)]


def _shown(pod: Json) -> str:
    owners = pod["metadata"].get("ownerReferences") or []
    of = "".join(f" of {owner['kind']} {owner['name']}" for owner in owners[:1])
    phase = (pod.get("status") or {}).get("phase", "Unknown")
    return f"{pod['metadata']['name']}{of} ({phase}{', being deleted' if is_leaving(pod) else ''})"


def mounted_claims(statefulsets: Iterable[Json]) -> set[str]:
    """Return the names of the claims that the pods of these StatefulSets mount."""
    return {name for each in statefulsets for name in claims_in(each["spec"]["template"]["spec"])}


async def claims_of(server: KubeClient, namespace: str) -> dict[str, Json]:
    """Return the claims of a namespace by name; none while there is no such namespace."""
    found = await server.items(f"/api/v1/namespaces/{quote(namespace)}/persistentvolumeclaims")
    return {each["metadata"]["name"]: each for each in found}
