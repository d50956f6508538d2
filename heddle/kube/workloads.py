"""Scale StatefulSets and Deployments of a namespace, and count their pods."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from heddle.kube.client import Json, refusal
from heddle.kube.ownership import disown
from heddle.kube.pods import NodePods

__all__ = ["LEDGERS", "FoundWorkload", "Workloads"]

LEDGERS = "heddle.dev/ledgers"
"""Annotation of a StatefulSet that sleeps: JSON, what its node's ledgers had at the end, by channel.

It is written together with the number of replicas, so that nothing that is scaled down lacks it.
"""
_MANAGER = "heddle-power"
"""Owner of the number of replicas until `disown`: Pulumi applies the same number afterwards."""


@dataclass(frozen=True, kw_only=True)
class FoundWorkload:
    """Describe a StatefulSet or Deployment: pods wanted, there and ready, and the note on its ledgers.

    plural: its kind as paths of the API have it. owned: whether `scale` owns its number of replicas.
    """

    name: str
    plural: str
    replicas: int
    pods: int
    ready: int
    ledgers: Mapping[str, str] = field(default_factory=dict)
    owned: bool = False


class Workloads(NodePods):
    """The StatefulSets and Deployments of one namespace. Use as an async context manager."""

    async def found(self) -> dict[str, FoundWorkload]:
        """Return all of the namespace, by name."""
        plurals = ("deployments", "statefulsets")
        lists = await self.lists(*(self._path(plural) for plural in plurals))
        return {
            each["metadata"]["name"]: _found(plural, each)
            for plural, items in zip(plurals, lists, strict=True)
            for each in items
        }

    async def scale(
        self, workload: FoundWorkload, replicas: int, ledgers: Mapping[str, str] | None = None
    ) -> None:
        """Give a workload another number of pods, with a note on its node's ledgers, if there is one."""
        note = (
            {"metadata": {"annotations": {LEDGERS: json.dumps(ledgers, sort_keys=True)}}} if ledgers else {}
        )
        await self._patch(workload, {"spec": {"replicas": replicas}, **note})

    async def forget_ledgers(self, workload: FoundWorkload) -> None:
        """Take the note on its node's ledgers away."""
        await self._patch(workload, {"metadata": {"annotations": {LEDGERS: None}}})

    async def disown(self, workload: FoundWorkload) -> None:
        """Give up the ownership of the replicas, which `scale` took.

        Otherwise Pulumi, which applies the same number next, could never apply another one: server-side
        apply calls that a conflict, already in a preview.
        """
        await disown(self, f"{self._path(workload.plural)}/{quote(workload.name)}", _MANAGER)

    async def _patch(self, workload: FoundWorkload, change: Json) -> None:
        response = await self.send(
            "PATCH",
            f"{self._path(workload.plural)}/{quote(workload.name)}",
            query={"fieldManager": _MANAGER},
            json=change,
            content_type="application/merge-patch+json",
            repeatable=True,
        )
        if response.status_code != 200:
            raise refusal(response)

    def _path(self, plural: str) -> str:
        return f"/apis/apps/v1/namespaces/{quote(self.namespace)}/{plural}"


def _found(plural: str, item: Json) -> FoundWorkload:
    metadata, status = item["metadata"], item.get("status") or {}
    wanted = int(item["spec"].get("replicas", 1))
    seen = int(status.get("observedGeneration") or 0) >= int(metadata.get("generation") or 0)
    pods = int(status.get("replicas") or 0)
    return FoundWorkload(
        name=metadata["name"],
        plural=plural,
        replicas=wanted,
        # What the controller counted before it saw the last change says nothing.
        pods=pods if seen else max(pods, 1),
        ready=int(status.get("readyReplicas") or 0) if seen else 0,
        ledgers=_ledgers(metadata.get("annotations") or {}),
        owned=any(each.get("manager") == _MANAGER for each in metadata.get("managedFields") or ()),
    )


def _ledgers(annotations: Mapping[str, str]) -> dict[str, str]:
    """Return the note on a node's ledgers; none where somebody else wrote something."""
    try:
        noted = json.loads(annotations.get(LEDGERS, "{}"))
    except ValueError:
        return {}
    return {str(name): str(mark) for name, mark in noted.items()} if isinstance(noted, dict) else {}
