"""Pods of StatefulSets through the API server: what they are, deleting one, and evidence when one fails.

Four calls of Kubernetes' REST API; see kubernetes.io/docs/reference/kubernetes-api.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from heddle.fabric.node import Node
from heddle.kube.client import ApiClient
from heddle.kube.server import ApiServer

__all__ = ["Cluster", "PodState", "together"]

_LOG_LINES = 15
_REVISION = "controller-revision-hash"
"""Label by which the StatefulSet controller says which template a pod was made from."""


@dataclass(frozen=True, kw_only=True)
class PodState:
    """One node's pod against its StatefulSet.

    `settled`: the controller has seen the newest template. `uid` is empty while there is no pod. `revision`
    is the pod's template, `wanted` the StatefulSet's.
    """

    node: str
    settled: bool
    uid: str = ""
    revision: str = ""
    wanted: str = ""
    ready: bool = False
    leaving: bool = False
    status: str = "no pod"

    @property
    def outdated(self) -> bool:
        """Whether the pod runs another template than the StatefulSet holds."""
        return self.settled and bool(self.uid) and self.revision != self.wanted

    @property
    def good(self) -> bool:
        """Whether the pod runs the StatefulSet's template and is ready."""
        return self.settled and self.ready and not self.leaving and self.revision == self.wanted


def together(states: Sequence[PodState]) -> PodState:
    """One state of pods that are of use only together: ready if all are, outdated if one is.

    The last one names it.
    """
    unready = next((state for state in states if not state.ready), states[-1])
    outdated = next((state for state in states if state.outdated), states[-1])
    return replace(
        outdated,
        node=states[-1].node,
        settled=all(state.settled for state in states),
        ready=unready.ready,
        leaving=any(state.leaving for state in states),
        status=unready.status if unready is states[-1] else f"{unready.node}: {unready.status}",
    )


class Cluster(ApiClient):
    """The pods of one namespace. Use as an async context manager."""

    def __init__(self, server: ApiServer, namespace: str) -> None:
        super().__init__(server)
        self._namespace = namespace

    async def state(self, node: Node) -> PodState | None:
        """The node's pod, or None: there is no such StatefulSet."""
        found = await self.get(f"/apis/apps/v1/namespaces/{self._namespace}/statefulsets/{quote(node.name)}")
        if found is None:
            return None
        status = found.get("status", {})
        wanted = str(status.get("updateRevision", ""))
        settled = status.get("observedGeneration", 0) >= found["metadata"]["generation"] and bool(wanted)
        pod = await self.get(self._pod_path(node))
        if pod is None:
            return PodState(node=node.name, settled=settled, wanted=wanted)
        return _pod_state(node, pod, wanted, settled=settled)

    async def delete(self, node: Node, uid: str) -> None:
        """Delete this very pod; the StatefulSet makes a new one. One that is gone already is fine."""
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": uid}}
        response = await self.send("DELETE", self._pod_path(node), json=body)
        # 409: the pod of this name is another one by now, so this one is gone.
        if response.status_code not in (200, 202, 404, 409):
            raise self.failure(response)

    async def evidence(self, node: Node) -> str:
        """What tells why a pod is not ready: its containers, its last events, the end of its log."""
        lines: list[str] = []
        pod = await self.get(self._pod_path(node))
        if pod is not None:
            lines += _containers(pod)
            lines += await self._events(pod["metadata"]["uid"])
            lines += await self._log(node)
        return "\n".join(f"  {line}" for line in lines)

    async def _events(self, uid: str) -> list[str]:
        path = f"/api/v1/namespaces/{self._namespace}/events"
        found = await self.get(f"{path}?fieldSelector={quote(f'involvedObject.uid={uid}')}")
        return [f"event {item['reason']}: {item['message']}" for item in (found or {}).get("items", [])[-5:]]

    async def _log(self, node: Node) -> list[str]:
        response = await self.send("GET", f"{self._pod_path(node)}/log?tailLines={_LOG_LINES}")
        text = response.text if response.status_code == 200 else ""
        return [f"log {line}" for line in text.splitlines()]

    def _pod_path(self, node: Node) -> str:
        return f"/api/v1/namespaces/{self._namespace}/pods/{quote(node.pod or f'{node.name}-0')}"


def _pod_state(node: Node, pod: dict[str, Any], wanted: str, *, settled: bool) -> PodState:
    conditions = {one["type"]: one["status"] for one in pod.get("status", {}).get("conditions", [])}
    leaving = "deletionTimestamp" in pod["metadata"]
    phase = pod.get("status", {}).get("phase", "unknown")
    return PodState(
        node=node.name,
        settled=settled,
        uid=pod["metadata"]["uid"],
        revision=pod["metadata"].get("labels", {}).get(_REVISION, ""),
        wanted=wanted,
        ready=conditions.get("Ready") == "True",
        leaving=leaving,
        status="is being deleted" if leaving else f"{phase}, {_why(pod) or 'not ready'}",
    )


def _why(pod: dict[str, Any]) -> str:
    """The reason of the first container that does not run."""
    for container in pod.get("status", {}).get("containerStatuses", []):
        waiting = container.get("state", {}).get("waiting")
        if waiting:
            return f"{waiting.get('reason', 'waiting')} {waiting.get('message', '')}".strip()
    return ""


def _containers(pod: dict[str, Any]) -> list[str]:
    lines = []
    for container in pod.get("status", {}).get("containerStatuses", []):
        state = ", ".join(container.get("state", {}))
        lines.append(f"container {container['name']}: {state}, restarted {container['restartCount']} times")
        ended = container.get("lastState", {}).get("terminated")
        if ended:
            lines.append(f"  ended before with exit code {ended['exitCode']} ({ended.get('reason', '')})")
    return lines
