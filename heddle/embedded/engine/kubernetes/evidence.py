"""Collect why an object does not become ready: what its pods, their containers and the cluster's events say.

Source: pulumi-kubernetes 4.28 provider/pkg/await/checker/pod/check.go for the wording of pods.
"""

from heddle.embedded.engine.kubernetes.api import Api
from heddle.embedded.engine.kubernetes.kinds import kind_of_type
from heddle.embedded.engine.kubernetes.objects import Json, at, kind_id, name_of, namespace_of
from heddle.embedded.engine.kubernetes.rules import condition
from heddle.errors import ProviderError

__all__ = ["evidence", "pod_problems"]

_EVENTS = 3


def evidence(api: Api, obj: Json) -> list[str]:
    """Return one line per problem of the object's pods and per recent warning, as far as they can be read."""
    try:
        pods = _pods(api, obj)
        lines = [line for pod in pods for line in pod_problems(pod)]
        return lines + _warnings(api, [obj, *pods])
    except ProviderError:
        return []


def _pods(api: Api, obj: Json) -> list[Json]:
    if kind_id(obj) == "v1/Pod":
        return [obj]
    labels = at(obj, "spec", "selector", "matchLabels") or {}
    if not labels:
        return []
    pods = kind_of_type("kubernetes:core/v1:Pod").collection(namespace_of(obj))
    selector = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    items = api.get(pods, labelSelector=selector).get("items") or []
    return [{"apiVersion": "v1", "kind": "Pod", **item} for item in items]


def pod_problems(pod: Json) -> list[str]:
    """Return what keeps a pod from running or being ready, one line per condition or container."""
    name = f"{namespace_of(pod)}/{name_of(pod)}"
    scheduled, ready = condition(pod, "PodScheduled"), condition(pod, "Ready")
    if scheduled.get("status") == "False" and scheduled.get("message"):
        return [f"[Pod {name}]: {scheduled['message']}"]
    if ready.get("status") == "True":
        return []
    statuses = (at(pod, "status", "initContainerStatuses") or []) + (
        at(pod, "status", "containerStatuses") or []
    )
    parts = [part for status in statuses for part in _container(status)]
    said = [str(ready["message"])] if ready.get("message") else []
    return [f"[Pod {name}]: {line}" for line in said + parts]


def _container(status: Json) -> list[str]:
    """Return what a container that is not ready says of itself and of its last end."""
    if status.get("ready"):
        return []
    lines, name = [], status.get("name")
    waiting, ended = at(status, "state", "waiting"), at(status, "state", "terminated")
    if waiting and waiting.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
        lines.append(f'container "{name}": [{waiting["reason"]}] {waiting.get("message", "")}'.rstrip())
    if ended and ended.get("reason") not in (None, "Completed"):
        lines.append(f'container "{name}" ended: {ended["reason"]}, exit code {ended.get("exitCode")}')
    if last := at(status, "lastState", "terminated"):
        lines.append(
            f'container "{name}" terminated at {last.get("finishedAt")} '
            f"({last.get('reason')}: exit code {last.get('exitCode')}) {last.get('message') or ''}".rstrip()
        )
    return lines


def _warnings(api: Api, objects: list[Json]) -> list[str]:
    """Return the last warnings that the cluster recorded of these objects."""
    events = kind_of_type("kubernetes:core/v1:Event").collection(namespace_of(objects[0]))
    items = api.get(events, fieldSelector="type=Warning").get("items") or []
    uids = {at(obj, "metadata", "uid") for obj in objects}
    about = [item for item in items if at(item, "involvedObject", "uid") in uids]
    about.sort(key=lambda item: str(item.get("lastTimestamp") or item.get("eventTime") or ""))
    return [
        f"[{at(item, 'involvedObject', 'kind')} {at(item, 'involvedObject', 'name')}]: "
        f"{item.get('reason')}: {item.get('message')}"
        for item in about[-_EVENTS:]
    ]
