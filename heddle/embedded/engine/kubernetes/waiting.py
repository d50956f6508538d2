"""Waiting until an object is ready, or gone: a watch per object, a deadline, and the evidence when it passes.

Source: pulumi-kubernetes 4.28 provider/pkg/await/await.go, service.go, condition/deleted.go.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from heddle.embedded.engine.kubernetes.api import Api, ApiError
from heddle.embedded.engine.kubernetes.evidence import evidence
from heddle.embedded.engine.kubernetes.kinds import kind_of, kind_of_type
from heddle.embedded.engine.kubernetes.objects import (
    Json,
    annotation,
    at,
    is_true,
    kind_id,
    name_of,
    namespace_of,
)
from heddle.embedded.engine.kubernetes.rules import Rule, Verdict, claim_rule, rule_for
from heddle.embedded.engine.kubernetes.wanted import wanted_rule
from heddle.errors import ProviderError

__all__ = ["SKIP", "NotReady", "check_now", "path_of", "timeout_of", "wait_gone", "wait_ready"]

SKIP = "pulumi.com/skipAwait"
_TIMEOUT = "pulumi.com/timeoutSeconds"
_DEFAULT_TIMEOUT = 600.0
# A watch is renewed after this many seconds, so that a cancelled run ends soon.
_WATCH = 4
_POLL = 0.1
_POLL_MAX = 1.0
# After this long without progress, what is wrong with the pods is told while waiting goes on.
_TELL_AFTER = 10.0
# Endpoints without any address: nothing is selected yet, and after this long nothing is expected.
_SETTLED = 10.0
# Kinds of which skipAwait also skips waiting for the end of a deletion.
_SKIPS_DELETION = (
    "apps/v1/DaemonSet",
    "apps/v1/Deployment",
    "apps/v1/StatefulSet",
    "batch/v1/Job",
    "v1/Namespace",
    "v1/Pod",
)


class NotReady(ProviderError):  # noqa: N818 - an outcome, named after what users read
    """The object exists, but did not become ready: `obj` is its last state, `reasons` say why."""

    def __init__(self, message: str, obj: Json, reasons: list[str]) -> None:
        super().__init__(message)
        self.obj = obj
        self.reasons = reasons


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """A point in monotonic time, and how long it was given in seconds."""

    at: float
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether it is over."""
        return time.monotonic() >= self.at

    @property
    def left(self) -> float:
        """Seconds until it passes."""
        return max(0.0, self.at - time.monotonic())


def timeout_of(asked: float, inputs: Json) -> float:
    """Return the seconds to wait at most: custom timeout, else the annotation, else 10 minutes."""
    if asked:
        return asked
    text = annotation(inputs, _TIMEOUT)
    return float(text) if text.isdigit() else _DEFAULT_TIMEOUT


def path_of(obj: Json, name: str = "") -> str:
    """Return the address of an object."""
    return f"{kind_of(obj).collection(namespace_of(obj))}/{name or name_of(obj)}"


def wait_ready(api: Api, live: Json, inputs: Json, *, timeout: float, tell: Callable[[str], None]) -> Json:
    """Block until the object is ready, and return its last state.

    Args:
        api: The cluster.
        live: The object as created or changed.
        inputs: Its inputs, whose annotations may change what is waited for.
        timeout: Seconds until NotReady is raised.
        tell: Called with what is wrong while waiting goes on.
    """
    deadline = Deadline(at=time.monotonic() + timeout, seconds=timeout)
    if is_true(inputs, SKIP):
        return live
    custom = wanted_rule(inputs)
    if custom is None and kind_id(live) == "v1/Service":
        return _service(api, live, deadline)
    rule = custom or _rule(api, live)
    return live if rule is None else _until(api, live, rule, deadline, tell)


def check_now(api: Api, live: Json, inputs: Json) -> None:
    """Judge an object once, as a refresh does; raises NotReady. Claims and volumes are not judged."""
    if is_true(inputs, SKIP) or kind_id(live) in ("v1/PersistentVolume", "v1/ResourceQuota"):
        return
    if kind_id(live) == "v1/Service":
        verdict = _endpoints_verdict(api, live) if _selects_pods(live) else _balancer(live)
    else:
        rule = rule_for(live)
        verdict = rule(live) if rule else Verdict(ready=True)
    if not verdict.ready:
        message = f"Resource '{name_of(live)}' was created but failed to initialize"
        raise NotReady(message, live, [*verdict.reasons, *evidence(api, live)])


def _rule(api: Api, live: Json) -> Rule | None:
    if kind_id(live) != "v1/PersistentVolumeClaim":
        return rule_for(live)
    return claim_rule(waits_for_pod=_waits_for_pod(api, live))


def _waits_for_pod(api: Api, claim: Json) -> bool:
    """Tell whether the claim's class makes volumes only once a pod uses them; no for an unknown class."""
    name = at(claim, "spec", "storageClassName")
    classes = kind_of_type("kubernetes:storage.k8s.io/v1:StorageClass").collection("")
    found = api.find(f"{classes}/{name}") if name else None
    return (found or {}).get("volumeBindingMode") == "WaitForFirstConsumer"


def _until(api: Api, live: Json, rule: Rule, deadline: Deadline, tell: Callable[[str], None]) -> Json:
    """Follow the object's changes until the rule holds."""
    told, tell_at, obj = "", time.monotonic() + _TELL_AFTER, live
    collection, name = kind_of(live).collection(namespace_of(live)), name_of(live)
    while True:
        verdict = rule(obj)
        if not verdict.ready and not verdict.hopeless:
            for event, seen in api.watch(collection, name, version=_version(obj), seconds=_WATCH):
                obj, verdict = seen, rule(seen)
                if verdict.ready or verdict.hopeless or event == "DELETED" or _over(api, deadline):
                    break
        if verdict.ready:
            return obj
        if verdict.hopeless or _over(api, deadline):
            raise _not_ready(api, obj, verdict, deadline)
        if time.monotonic() >= tell_at:
            tell_at, now = time.monotonic() + _TELL_AFTER, "\n".join(evidence(api, obj))
            if now and now != told:
                told = now
                tell(now)
        obj = api.get(path_of(live))


def _version(obj: Json) -> str:
    return str(at(obj, "metadata", "resourceVersion") or "0")


def _over(api: Api, deadline: Deadline) -> bool:
    return deadline.passed or api.stop.is_set()


def _not_ready(api: Api, obj: Json, verdict: Verdict, deadline: Deadline) -> NotReady:
    name, reasons = name_of(obj), list(verdict.reasons)
    if api.stop.is_set():
        return NotReady(f"Resource operation was cancelled for '{name}'", obj, reasons)
    reasons += evidence(api, obj)
    if verdict.hopeless:
        return NotReady(f"Resource '{name}' was created but failed to initialize", obj, reasons)
    waited = f"after {deadline.seconds:g} s"
    return NotReady(f"'{name}' timed out waiting to be Ready {waited}", obj, reasons)


def _service(api: Api, live: Json, deadline: Deadline) -> Json:
    """Wait for a load balancer's address and for the selected pods to be ready.

    4.28 lets endpoints settle for 10 s after each change; here they count at once when there are addresses
    and none that are not ready, and only a Service that selects nothing so far is given those 10 s.
    """
    obj, started, pause = live, time.monotonic(), _POLL
    while True:
        verdict = _balancer(obj)
        if verdict.ready and _selects_pods(obj):
            verdict = _endpoints_verdict(api, obj, settled=time.monotonic() - started >= _SETTLED)
        if verdict.ready:
            return obj
        if _over(api, deadline):
            raise _not_ready(api, obj, verdict, deadline)
        api.stop.wait(min(pause, deadline.left))
        pause = min(pause * 1.5, _POLL_MAX)
        obj = api.get(path_of(live))


def _balancer(service: Json) -> Verdict:
    if at(service, "spec", "type") != "LoadBalancer" or at(service, "status", "loadBalancer", "ingress"):
        return Verdict(ready=True)
    reason = "Service was not allocated an IP address; does your cloud provider support this?"
    return Verdict(ready=False, reasons=(reason,))


def _selects_pods(service: Json) -> bool:
    """Tell whether readiness means pods: not without a selector, headless, or a mere name."""
    headless, named = (
        at(service, "spec", "clusterIP") == "None",
        at(service, "spec", "type") == "ExternalName",
    )
    return bool(at(service, "spec", "selector")) and not headless and not named


def _endpoints_verdict(api: Api, service: Json, *, settled: bool = True) -> Verdict:
    endpoints = kind_of_type("kubernetes:core/v1:Endpoints").collection(namespace_of(service))
    found = api.find(f"{endpoints}/{name_of(service)}")
    subsets = (found or {}).get("subsets") or []
    pending = any(subset.get("notReadyAddresses") for subset in subsets)
    if found is not None and not pending and (settled or any(subset.get("addresses") for subset in subsets)):
        return Verdict(ready=True)
    reason = (
        "Service does not target any Pods. Selected Pods may not be ready, or "
        "field '.spec.selector' may not match labels on any Pods"
    )
    return Verdict(ready=False, reasons=(reason,))


def wait_gone(api: Api, obj: Json, name: str, inputs: Json, *, timeout: float) -> None:
    """Block until the object does not exist, or another of its name does.

    Raises NotReady when it is still there in the end, with the finalizers that hold it.
    """
    if is_true(inputs, SKIP) and kind_id(obj) in _SKIPS_DELETION:
        return
    deadline = Deadline(at=time.monotonic() + timeout, seconds=timeout)
    collection, uid = kind_of(obj).collection(namespace_of(obj)), at(obj, "metadata", "uid")
    while True:
        try:
            live = api.get(f"{collection}/{name}")
        except ApiError as error:
            if error.not_found:
                return
            raise
        if uid and at(live, "metadata", "uid") != uid and not at(live, "metadata", "deletionTimestamp"):
            return
        if _over(api, deadline):
            raise _still_there(api, live, deadline)
        for event, _ in api.watch(collection, name, version=_version(live), seconds=_WATCH):
            if event == "DELETED":
                return
            if _over(api, deadline):
                break


def _still_there(api: Api, live: Json, deadline: Deadline) -> NotReady:
    name = name_of(live)
    if api.stop.is_set():
        return NotReady(f"Resource operation was cancelled for '{name}'", live, [])
    holding = ", ".join(at(live, "metadata", "finalizers") or []) or "none"
    reasons = [f"finalizers might be preventing deletion ({holding})", *evidence(api, live)]
    return NotReady(f"'{name}' timed out waiting to be deleted after {deadline.seconds:g} s", live, reasons)
