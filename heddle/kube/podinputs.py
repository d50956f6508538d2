"""Tell which Secrets and ConfigMaps a pod reads, and which of them were changed since its container ended."""

import asyncio
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from heddle.kube.client import Json, KubeClient

__all__ = ["changed_inputs", "inputs_of"]

_PATHS: Final = {"Secret": "secrets", "ConfigMap": "configmaps"}


def inputs_of(spec: Json) -> list[tuple[str, str]]:
    """Return kind and name of each Secret and ConfigMap that a pod's specification reads, each once."""
    return list(dict.fromkeys([*_mounted(spec), *_in_environment(spec)]))


def _mounted(spec: Json) -> Iterator[tuple[str, str]]:
    for volume in spec.get("volumes") or ():
        for source in (volume, *((volume.get("projected") or {}).get("sources") or ())):
            if secret := source.get("secret"):
                yield "Secret", secret.get("secretName") or secret["name"]
            if settings := source.get("configMap"):
                yield "ConfigMap", settings["name"]


def _in_environment(spec: Json) -> Iterator[tuple[str, str]]:
    for container in (*(spec.get("initContainers") or ()), *spec["containers"]):
        whole = container.get("envFrom") or ()
        single = (each.get("valueFrom") or {} for each in container.get("env") or ())
        for source in (*whole, *single):
            if secret := source.get("secretRef") or source.get("secretKeyRef"):
                yield "Secret", secret["name"]
            if settings := source.get("configMapRef") or source.get("configMapKeyRef"):
                yield "ConfigMap", settings["name"]


async def changed_inputs(client: KubeClient, namespace: str, pod: Json) -> tuple[str, ...]:
    """Return what a pod reads and somebody changed since its first container ended, as `Secret name`.

    Nothing where no container has ended. Raises KubeError if the user may not read one of them.
    Source: `metadata.managedFields` of the Kubernetes API, whose times are those of the last change.
    """
    ended = _ended(pod)
    if not ended:
        return ()
    wanted = inputs_of(pod["spec"])
    path = f"/api/v1/namespaces/{quote(namespace)}"
    found = await asyncio.gather(
        *(client.get(f"{path}/{_PATHS[kind]}/{quote(name)}") for kind, name in wanted)
    )
    return tuple(
        f"{kind} {name}"
        for (kind, name), each in zip(wanted, found, strict=True)
        if each is not None and _changed(each) > ended
    )


def _ended(pod: Json) -> str:
    """Return when the first container ended last, as the API writes times in UTC; empty: never."""
    status = ((pod.get("status") or {}).get("containerStatuses") or [{}])[0]
    states = (status.get("state") or {}, status.get("lastState") or {})
    return max((str((each.get("terminated") or {}).get("finishedAt") or "") for each in states), default="")


def _changed(obj: Json) -> str:
    metadata = obj["metadata"]
    times = [str(each.get("time") or "") for each in metadata.get("managedFields") or ()]
    return max([*times, str(metadata.get("creationTimestamp") or "")])
