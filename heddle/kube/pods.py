"""Watch and delete the pods of StatefulSets through the API server, and collect evidence when one fails."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import quote

from heddle.durations import timestamp
from heddle.kube.apiserver import ApiServer
from heddle.kube.claims import claim_loss, claims_in
from heddle.kube.client import Json, KubeClient, is_ready, pod_path, refusal
from heddle.kube.starting import StartFailure, start_failure, telling_lines
from heddle.kube.withdrawal import is_marked, withdraw
from heddle.text import counted

__all__ = ["NodePods", "PodState", "container_lines", "together"]

_LOG_READ = 200
_LOG_LINES = 15
_EVENTS = 5
_REVISION = "controller-revision-hash"
"""Label by which the StatefulSet controller says which template a pod was made from."""


@dataclass(frozen=True, kw_only=True)
class PodState:
    """The state of one StatefulSet's pod, compared with the StatefulSet's template.

    `settled`: the controller has seen the newest template. `uid` is empty while there is no pod. `revision`
    is the pod's template, `wanted` the StatefulSet's. `ready_since` is None for a pod that is not ready, and
    never before the pod was made, since the clock of its machine may be behind the API server's.
    `database_is_newer`: the volume of the pod's database was made after the pod became ready, so that its
    process believes that there is what it wrote to the one before. `marked`: it is to be deleted, so that its
    Service does not lead to it any more, or in its turn.
    A pod that is being deleted (`leaving`) is not ready, although its containers may run for some seconds.
    `remedy` is what to do about a pod that does not go. `failure` says why one does not start.
    """

    node: str
    settled: bool
    uid: str = ""
    revision: str = ""
    wanted: str = ""
    ready: bool = False
    ready_since: datetime | None = None
    database_is_newer: bool = False
    leaving: bool = False
    marked: bool = False
    status: str = "no pod"
    remedy: str = ""
    failure: StartFailure | None = None

    @property
    def outdated(self) -> bool:
        """Tell whether the pod must start anew: its template or its database is another one than it had.

        One that is marked must, too; one that is being deleted does so by itself.
        """
        changed = self.revision != self.wanted or self.database_is_newer or self.marked
        return self.settled and bool(self.uid) and not self.leaving and changed

    @property
    def restarts_for_change(self) -> bool:
        """Tell whether the pod must start anew for another reason than a mark."""
        return replace(self, marked=False).outdated

    @property
    def good(self) -> bool:
        """Tell whether the pod runs the StatefulSet's template and is ready."""
        return self.settled and self.ready and not self.leaving and self.revision == self.wanted


def together(states: Sequence[PodState]) -> PodState:
    """Merge the states of pods that are of use only together: ready if all are, outdated if one is.

    The last pod gives the merged state its name.
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


class NodePods(KubeClient):
    """The pods of one namespace's StatefulSets, each of one replica. Use as an async context manager."""

    def __init__(self, server: ApiServer, namespace: str) -> None:
        super().__init__(server)
        self.namespace = namespace

    async def state(self, name: str) -> PodState | None:
        """Return the state of a StatefulSet's pod, or None when there is no such StatefulSet."""
        statefulset = await self.statefulset(self.namespace, name)
        if statefulset is None:
            return None
        status = statefulset.get("status", {})
        wanted = str(status.get("updateRevision", ""))
        seen = status.get("observedGeneration", 0) >= statefulset["metadata"]["generation"]
        pod = await self.pod(self.namespace, _pod_name(name))
        state = PodState(node=name, settled=seen and bool(wanted), wanted=wanted)
        return state if pod is None else _with_pod(state, pod)

    async def beside(self, state: PodState, database: str) -> PodState:
        """Return a pod's state as it is with the database of that StatefulSet."""
        found = await self.statefulset(self.namespace, database)
        made = [
            await self._made(name)
            for name in claims_in((found or {}).get("spec", {}).get("template", {}).get("spec"))
        ]
        since = state.ready_since
        newer = since is not None and any(each is not None and each > since for each in made)
        return replace(state, database_is_newer=newer)

    async def _made(self, claim: str) -> datetime | None:
        """Return when a claim was made; None where there is no such claim."""
        path = f"/api/v1/namespaces/{quote(self.namespace)}/persistentvolumeclaims/{quote(claim)}"
        found = await self.get(path)
        return None if found is None else datetime.fromisoformat(found["metadata"]["creationTimestamp"])

    async def withdraw(self, name: str, uid: str) -> None:
        """Take a StatefulSet's pod, if it still is the one of this uid, out of the Service of its name."""
        await withdraw(self, self.namespace, name, _pod_name(name), uid)

    async def delete(self, name: str, uid: str) -> None:
        """Delete a StatefulSet's pod if it still is the one of this uid; the StatefulSet makes a new one."""
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": uid}}
        path = pod_path(self.namespace, _pod_name(name))
        response = await self.send("DELETE", path, json=body, repeatable=True)
        # 409: the pod of this name is another one by now, so this one is gone.
        if response.status_code not in (200, 202, 404, 409):
            raise refusal(response)

    async def lost_claims(self, pod: str) -> dict[str, str]:
        """Return the claims of a StatefulSet's pod behind which is no volume, by name, each in words.

        Without the pod its StatefulSet names them; without that, too, the claim had the StatefulSet's name.
        """
        found = await self.pod(self.namespace, pod)
        names = claims_in((found or {}).get("spec")) if found else await self._claims_of(pod)
        path = f"/api/v1/namespaces/{quote(self.namespace)}/persistentvolumeclaims"
        losses = {name: claim_loss(name, await self.get(f"{path}/{quote(name)}")) for name in names}
        return {name: words for name, words in losses.items() if words}

    async def _claims_of(self, pod: str) -> Sequence[str]:
        """Return the claims that a pod would mount if it were there."""
        name = pod.removesuffix("-0")
        found = await self.statefulset(self.namespace, name)
        return (name,) if found is None else claims_in(found["spec"]["template"].get("spec"))

    async def evidence(self, name: str) -> str:
        """Return what tells why a pod is not ready: its containers, its last events, the end of its log."""
        pod = await self.pod(self.namespace, _pod_name(name))
        if pod is None:
            return ""
        log = await self.log(self.namespace, _pod_name(name), lines=_LOG_READ)
        lines = [
            *container_lines(pod),
            *await self._events(pod["metadata"]["uid"]),
            *(f"log {line}" for line in telling_lines(log, _LOG_LINES)),
        ]
        return "\n".join(f"  {line}" for line in lines)

    async def _events(self, uid: str) -> list[str]:
        events = await self.items(
            f"/api/v1/namespaces/{quote(self.namespace)}/events", fieldSelector=f"involvedObject.uid={uid}"
        )
        return [f"event {event['reason']}: {event['message']}" for event in events[-_EVENTS:]]


def _pod_name(statefulset: str) -> str:
    return f"{statefulset}-0"


def _with_pod(state: PodState, pod: Json) -> PodState:
    leaving = "deletionTimestamp" in pod["metadata"]
    phase = pod.get("status", {}).get("phase", "unknown")
    return replace(
        state,
        uid=pod["metadata"]["uid"],
        revision=pod["metadata"].get("labels", {}).get(_REVISION, ""),
        ready=is_ready(pod) and not leaving,
        ready_since=_ready_since(pod),
        leaving=leaving,
        marked=is_marked(pod["metadata"]),
        status=_leaving_words(pod) if leaving else f"{phase}, {_why(pod) or 'not ready'}",
        remedy=_leaving_remedy(pod) if leaving else "",
        failure=None if leaving else start_failure(pod),
    )


def _ready_since(pod: Json) -> datetime | None:
    conditions = pod.get("status", {}).get("conditions") or []
    since = [
        each.get("lastTransitionTime")
        for each in conditions
        if (each["type"], each["status"]) == ("Ready", "True")
    ]
    if not since or not since[0]:
        return None
    return max(map(datetime.fromisoformat, (since[0], pod["metadata"]["creationTimestamp"])))


def _leaving_words(pod: Json) -> str:
    """Return since when a pod is being deleted, on which node, and which finalizers hold it."""
    metadata, node = pod["metadata"], pod.get("spec", {}).get("nodeName")
    words = f"is being deleted since {_asked_to_go(metadata)}"
    words += f" on node {node}" if node else ""
    finalizers = metadata.get("finalizers")
    return words + (f", held by its finalizers {', '.join(finalizers)}" if finalizers else "")


def _asked_to_go(metadata: Json) -> str:
    """Return when the deletion was asked for: the time in the object is the end of its grace period."""
    try:
        end = datetime.fromisoformat(metadata["deletionTimestamp"])
    except ValueError:
        return str(metadata["deletionTimestamp"])
    begin = end - timedelta(seconds=int(metadata.get("deletionGracePeriodSeconds") or 0))
    return timestamp(begin)


def _leaving_remedy(pod: Json) -> str:
    metadata, node = pod["metadata"], pod.get("spec", {}).get("nodeName")
    name = f"pod {metadata['name']} -n {metadata['namespace']}"
    if metadata.get("finalizers"):
        return f"Whoever set the finalizers must remove them: kubectl get {name} -o yaml."
    return (
        f"Its node must say that it has ended: kubectl get node {node or '(none)'}. "
        f"Only if that machine is off for good: kubectl delete {name} --force --grace-period=0."
    )


def _why(pod: Json) -> str:
    """Return the reason of the first container that does not run, or why the pod has no place to run."""
    status = pod.get("status", {})
    for container in status.get("containerStatuses", []):
        waiting = container.get("state", {}).get("waiting")
        if waiting:
            return f"{waiting.get('reason', 'waiting')} {waiting.get('message', '')}".strip()
    for each in status.get("conditions") or []:
        if (each["type"], each["status"]) == ("PodScheduled", "False"):
            return f"{each.get('reason', 'not scheduled')} {each.get('message', '')}".strip()
    return ""


def container_lines(pod: Json) -> list[str]:
    """Return a line for each container's state, with how it ended before if it did."""
    status = pod.get("status", {})
    lines = []
    for container in (status.get("initContainerStatuses") or []) + (status.get("containerStatuses") or []):
        for kind, state in (container.get("state") or {}).items():
            words = _words(state)
            lines.append(f"container {container['name']}: {kind} {words}".rstrip())
        if ended := (container.get("lastState") or {}).get("terminated"):
            times = counted(int(container["restartCount"]), "time")
            lines.append(f"  restarted {times}; ended before: {_words(ended)}")
    return lines


def _words(state: Json) -> str:
    return " ".join(str(state[key]) for key in ("reason", "message", "exitCode") if key in state)
