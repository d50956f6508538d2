"""Tell which containers that have ended run well again, so that their restarts are history."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from heddle.kube.client import Json, KubeClient
from heddle.kube.podinputs import changed_inputs
from heddle.logs.sources import Source

__all__ = ["steady_pods"]

_RESET: Final = 600.0
"""Seconds of running after which Kubernetes forgets how often a container ended (kubelet: the back-off)."""


async def steady_pods(cluster: KubeClient, namespace: str, sources: Iterable[Source]) -> frozenset[str]:
    """Return the pods that have restarted and are steady by now.

    A container is, once it has run for ten minutes, or where what it reads was changed since it ended last:
    that mended it. Its count of restarts stays with the pod for ever.
    """
    restarted = [each.pod for each in sources if each.running and each.restarts]
    path = f"/api/v1/namespaces/{quote(namespace)}/pods"
    pods = await asyncio.gather(*(cluster.get(f"{path}/{quote(name)}") for name in restarted))
    there = [pod for pod in pods if pod is not None]
    steady = await asyncio.gather(*(_is_steady(cluster, namespace, pod) for pod in there))
    return frozenset(pod["metadata"]["name"] for pod, each in zip(there, steady, strict=True) if each)


async def _is_steady(cluster: KubeClient, namespace: str, pod: Json) -> bool:
    status = ((pod.get("status") or {}).get("containerStatuses") or [{}])[0]
    started = ((status.get("state") or {}).get("running") or {}).get("startedAt")
    if started is None:
        return False
    ran = datetime.now(UTC) - datetime.fromisoformat(started)
    return ran.total_seconds() >= _RESET or bool(await changed_inputs(cluster, namespace, pod))
