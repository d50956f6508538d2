"""Ask kubelets how full volumes are."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from heddle.kube.client import Json, KubeClient
from heddle.kube.summaries import summaries

__all__ = ["VolumeUsage", "volume_usage"]


@dataclass(frozen=True, kw_only=True)
class VolumeUsage:
    """Say how many bytes a claim's volume holds, and how many it can hold."""

    claim: str
    used: int
    capacity: int


async def volume_usage(server: KubeClient, namespace: str) -> tuple[VolumeUsage, ...]:
    """Return how full the volumes of a namespace's running pods are.

    Raises KubeError for who may not ask kubelets (`get` on nodes/proxy), Unreachable where none answers.
    """
    pods = await server.items(f"/api/v1/namespaces/{quote(namespace)}/pods")
    told = (await summaries(server, pods)).values()
    found = {usage.claim: usage for each in told for usage in _usage(each, namespace)}
    return tuple(found[name] for name in sorted(found))


def _usage(summary: Json, namespace: str) -> Iterator[VolumeUsage]:
    for pod in summary.get("pods") or []:
        for volume in pod.get("volume") or []:
            claim = volume.get("pvcRef")
            if claim and claim["namespace"] == namespace and volume.get("capacityBytes"):
                yield VolumeUsage(
                    claim=claim["name"],
                    used=int(volume.get("usedBytes") or 0),
                    capacity=int(volume["capacityBytes"]),
                )
