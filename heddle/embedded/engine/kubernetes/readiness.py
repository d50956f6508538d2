"""Wait until an object is ready: a watch per object, and the evidence when time is up.

Source: pulumi-kubernetes 4.28 provider/pkg/await/await.go, service.go.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from heddle.embedded.engine.kubernetes.api import Api, ApiError, ClusterUnreachable
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
from heddle.embedded.engine.kubernetes.rules import ReadyState, Rule, claim_rule, rule_for
from heddle.embedded.engine.kubernetes.telling import Teller
from heddle.embedded.engine.kubernetes.wanted import wanted_rule
from heddle.errors import ProviderError

__all__ = [
    "SKIP",
    "TELL_AFTER",
    "WATCH",
    "NotReady",
    "Wait",
    "check_now",
    "path_of",
    "timeout_of",
    "wait_ready",
]

T = TypeVar("T")

SKIP = "pulumi.com/skipAwait"
_TIMEOUT = "pulumi.com/timeoutSeconds"
_DEFAULT_TIMEOUT = 600.0
# A watch is renewed after this many seconds, so that a cancelled run ends soon.
WATCH = 4
_POLL = 0.1
_POLL_MAX = 1.0
# After this long without progress, what is wrong with the pods is told while waiting goes on.
TELL_AFTER = 10.0
# Endpoints without any address: nothing is selected yet, and after this long nothing is expected.
_SETTLED = 10.0


class NotReady(ProviderError):  # noqa: N818 - an outcome, named after what users read
    """Report an object that exists but did not become ready: `obj` is its last state, `reasons` say why."""

    def __init__(self, message: str, obj: Json, reasons: list[str]) -> None:
        super().__init__(message)
        self.obj = obj
        self.reasons = reasons


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Hold one wait's end: `until` (monotonic time), `seconds` after its beginning, or the end of the run."""

    api: Api
    until: float
    seconds: float

    @classmethod
    def of(cls, api: Api, seconds: float) -> "Wait":
        """Begin a wait of at most so many seconds."""
        return cls(api=api, until=time.monotonic() + seconds, seconds=seconds)

    @property
    def cancelled(self) -> bool:
        """Tell whether the run was cancelled."""
        return self.api.stop.is_set()

    @property
    def over(self) -> bool:
        """Tell whether the time is up or the run was cancelled."""
        return self.cancelled or time.monotonic() >= self.until

    def pause(self, seconds: float) -> None:
        """Sleep, but not past the end."""
        self.api.stop.wait(min(seconds, max(0.0, self.until - time.monotonic())))

    def answer(self, ask: Callable[[], T]) -> T:
        """Return the answer to a read, which is asked again until the end while none comes.

        Raises the last ProviderError at the end: the API server has not answered, or could not.
        """
        pause = _POLL
        while True:
            try:
                return ask()
            except ClusterUnreachable:
                if self.over:
                    raise
            except ApiError as error:
                if self.over or not error.passing:
                    raise
            self.pause(pause)
            pause = min(pause * 1.5, _POLL_MAX)


def timeout_of(asked: float, inputs: Json) -> float:
    """Return the seconds to wait at most: custom timeout, else the annotation, else 10 minutes."""
    if asked:
        return asked
    text = annotation(inputs, _TIMEOUT)
    return float(text) if text.isdigit() else _DEFAULT_TIMEOUT


def path_of(obj: Json, name: str = "") -> str:
    """Return the address of an object."""
    return f"{kind_of(obj).collection(namespace_of(obj))}/{name or name_of(obj)}"


def wait_ready(api: Api, live: Json, inputs: Json, *, timeout: float, tell: Teller) -> Json:
    """Block until the object is ready, and return its last state.

    Args:
        api: The cluster.
        live: The object as created or changed.
        inputs: Its inputs, whose annotations may change what is waited for.
        timeout: Seconds until NotReady is raised.
        tell: Told what is missing while waiting goes on, and after a while what is wrong.
    """
    wait = Wait.of(api, timeout)
    if is_true(inputs, SKIP):
        return live
    custom = wanted_rule(inputs)
    if custom is None and kind_id(live) == "v1/Service":
        return _service(live, wait, tell)
    rule = custom or wait.answer(lambda: _rule(api, live))
    return live if rule is None else _until(live, rule, wait, tell)


def check_now(api: Api, live: Json, inputs: Json) -> None:
    """Judge an object once, as a refresh does; raises NotReady. Claims and volumes are not judged."""
    if is_true(inputs, SKIP) or kind_id(live) in ("v1/PersistentVolume", "v1/ResourceQuota"):
        return
    if kind_id(live) == "v1/Service":
        state = _endpoints_state(api, live) if _selects_pods(live) else _balancer(live)
    else:
        rule = rule_for(live)
        state = rule(live) if rule else ReadyState(ready=True)
    if not state.ready:
        message = f"Resource '{name_of(live)}' was created but failed to initialize"
        raise NotReady(message, live, [*state.reasons, *evidence(api, live)])


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


def _until(live: Json, rule: Rule, wait: Wait, tell: Teller) -> Json:
    """Follow the object's changes until the rule holds."""
    obj, told, tell_at = live, "", time.monotonic() + TELL_AFTER
    while True:
        obj, state = _next_state(obj, rule, wait)
        if state.ready:
            return obj
        if state.hopeless or wait.over:
            raise _not_ready(obj, state, wait)
        if time.monotonic() >= tell_at:
            tell_at, problems = time.monotonic() + TELL_AFTER, "\n".join(evidence(wait.api, obj))
            if problems and problems != told:
                told = problems
                tell.warn(problems)
        tell.until(_until_ready([*told.splitlines(), *state.reasons]))
        obj = wait.answer(lambda: wait.api.get(path_of(live)))


def _until_ready(reasons: Sequence[str]) -> str:
    return f"until it is ready: {reasons[0]}" if reasons else "until it is ready"


def _next_state(obj: Json, rule: Rule, wait: Wait) -> tuple[Json, ReadyState]:
    """Watch the object until its state decides or the watch ends; return what was seen last."""
    state = rule(obj)
    if state.ready or state.hopeless:
        return obj, state
    collection, name = kind_of(obj).collection(namespace_of(obj)), name_of(obj)
    for event, seen in wait.api.watch(collection, name, version=_version(obj), seconds=WATCH):
        obj, state = seen, rule(seen)
        if state.ready or state.hopeless or event == "DELETED" or wait.over:
            break
    return obj, state


def _version(obj: Json) -> str:
    return str(at(obj, "metadata", "resourceVersion") or "0")


def _not_ready(obj: Json, state: ReadyState, wait: Wait) -> NotReady:
    name, reasons = name_of(obj), list(state.reasons)
    if wait.cancelled:
        return NotReady(f"Resource operation was cancelled for '{name}'", obj, reasons)
    reasons += evidence(wait.api, obj)
    if state.hopeless:
        return NotReady(f"Resource '{name}' was created but failed to initialize", obj, reasons)
    waited = f"after {wait.seconds:g} s"
    return NotReady(f"'{name}' timed out waiting to be Ready {waited}", obj, reasons)


def _service(live: Json, wait: Wait, tell: Teller) -> Json:
    """Wait for a load balancer's address and for the selected pods to be ready.

    4.28 lets endpoints settle for 10 s after each change; here they count at once when there are addresses
    and none that are not ready, and only a Service that selects nothing so far is given those 10 s.
    """
    obj, started, pause = live, time.monotonic(), _POLL
    while True:
        state = _balancer(obj)
        if state.ready and _selects_pods(obj):
            state = _endpoints_in(wait, obj, settled=time.monotonic() - started >= _SETTLED)
        if state.ready:
            return obj
        if wait.over:
            raise _not_ready(obj, state, wait)
        tell.until(_until_ready(state.reasons))
        wait.pause(pause)
        pause = min(pause * 1.5, _POLL_MAX)
        obj = wait.answer(lambda: wait.api.get(path_of(live)))


def _balancer(service: Json) -> ReadyState:
    if at(service, "spec", "type") != "LoadBalancer" or at(service, "status", "loadBalancer", "ingress"):
        return ReadyState(ready=True)
    reason = "Service was not allocated an IP address; does your cloud provider support this?"
    return ReadyState(ready=False, reasons=(reason,))


def _selects_pods(service: Json) -> bool:
    """Tell whether readiness means pods: not without a selector, headless, or a mere name."""
    headless, named = (
        at(service, "spec", "clusterIP") == "None",
        at(service, "spec", "type") == "ExternalName",
    )
    return bool(at(service, "spec", "selector")) and not headless and not named


def _endpoints_in(wait: Wait, service: Json, *, settled: bool) -> ReadyState:
    return wait.answer(lambda: _endpoints_state(wait.api, service, settled=settled))


def _endpoints_state(api: Api, service: Json, *, settled: bool = True) -> ReadyState:
    endpoints = kind_of_type("kubernetes:core/v1:Endpoints").collection(namespace_of(service))
    found = api.find(f"{endpoints}/{name_of(service)}")
    subsets = (found or {}).get("subsets") or []
    pending = any(subset.get("notReadyAddresses") for subset in subsets)
    if found is not None and not pending and (settled or any(subset.get("addresses") for subset in subsets)):
        return ReadyState(ready=True)
    reason = (
        "Service does not target any Pods. Selected Pods may not be ready, or "
        "field '.spec.selector' may not match labels on any Pods"
    )
    return ReadyState(ready=False, reasons=(reason,))
