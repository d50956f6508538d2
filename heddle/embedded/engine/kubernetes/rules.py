"""Judge whether a live object is ready, kind by kind; pure.

Source: pulumi-kubernetes 4.28 provider/pkg/await (statefulset.go, deployment.go, daemonset.go, job.go,
awaiters.go) and provider/pkg/await/checker. Kinds without a rule are ready once the API server has them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from heddle.embedded.engine.kubernetes.objects import Json, annotation, at, kind_id

__all__ = ["ReadyState", "Rule", "claim_rule", "condition", "rule_for"]

_REVISION = "deployment.kubernetes.io/revision"


@dataclass(frozen=True, kw_only=True)
class ReadyState:
    """Say whether an object is ready, what is missing, and whether waiting is hopeless."""

    ready: bool
    reasons: tuple[str, ...] = ()
    hopeless: bool = False


Rule: TypeAlias = Callable[[Json], ReadyState]
_READY = ReadyState(ready=True)


def rule_for(live: Json) -> Rule | None:
    """Return the rule for an object as just answered by the API server, None when nothing is to wait for.

    Older generations of the object are not judged.
    """
    rules: dict[str, Rule] = {
        "apps/v1/DaemonSet": _daemon_set,
        "apps/v1/Deployment": _deployment,
        "apps/v1/StatefulSet": _stateful_set,
        "batch/v1/Job": _job,
        "v1/PersistentVolume": _persistent_volume,
        "v1/Pod": _pod,
        "v1/ResourceQuota": _resource_quota,
    }
    rule = rules.get(kind_id(live))
    if rule is None:
        return None
    least = _count(live, "metadata", "generation")

    def judge(obj: Json) -> ReadyState:
        if _count(obj, "metadata", "generation") < least:
            return ReadyState(ready=False, reasons=("the change has not arrived yet",))
        return rule(obj)

    return judge


def condition(obj: Json, wanted: str) -> Json:
    """Return the status condition of a type, empty when there is none."""
    conditions = at(obj, "status", "conditions")
    found = [entry for entry in conditions or [] if isinstance(entry, dict) and entry.get("type") == wanted]
    return found[0] if found else {}


def _count(obj: Json, *path: str) -> int:
    value = at(obj, *path)
    return int(value) if isinstance(value, int | float) else 0


def _observed(obj: Json) -> bool:
    """Tell whether the controller has seen this generation, so that its status speaks of it."""
    return _count(obj, "status", "observedGeneration") >= _count(obj, "metadata", "generation") > 0


def _missing(*parts: tuple[bool, str]) -> ReadyState:
    reasons = tuple(reason for fine, reason in parts if not fine)
    return ReadyState(ready=not reasons, reasons=reasons)


def _stateful_set(obj: Json) -> ReadyState:
    """Require all replicas ready and, unless pods are replaced by hand (OnDelete), of the newest revision."""
    if not _observed(obj):
        return ReadyState(ready=False, reasons=("the StatefulSet controller has not seen this change yet",))
    wanted, ready = _count(obj, "spec", "replicas"), _count(obj, "status", "readyReplicas")
    replicas = wanted == ready == _count(obj, "status", "replicas")
    by_hand = at(obj, "spec", "updateStrategy", "type") == "OnDelete"
    if by_hand and _count(obj, "metadata", "generation") > 1:
        return _missing((replicas, f"{ready} out of {wanted} replicas succeeded readiness checks"))
    current, update = at(obj, "status", "currentRevision"), at(obj, "status", "updateRevision")
    replicas = replicas and wanted == _count(obj, "status", "currentReplicas")
    return _missing(
        (replicas, f"{ready} out of {wanted} replicas succeeded readiness checks"),
        (
            bool(current) and current == update,
            f'StatefulSet controller failed to advance from revision "{current}" to revision "{update}"',
        ),
    )


def _deployment(obj: Json) -> ReadyState:
    """Require that it is available, and all replicas of the newest ReplicaSet are ready."""
    if not _observed(obj):
        return ReadyState(ready=False, reasons=("the Deployment controller has not seen this change yet",))
    available, progressing = condition(obj, "Available"), condition(obj, "Progressing")
    stuck = tuple(
        f"[{entry.get('reason')}] {entry.get('message')}"
        for entry in (progressing, available)
        if entry and entry.get("status") != "True"
    )
    wanted = _count(obj, "spec", "replicas")
    rolled_out = progressing.get("reason") == "NewReplicaSetAvailable" and progressing.get("status") == "True"
    first = annotation(obj, _REVISION) == "1"
    live = min(_count(obj, "status", "updatedReplicas"), _count(obj, "status", "readyReplicas")) >= wanted
    missing = _missing(
        (available.get("status") == "True", "Minimum number of live Pods was not attained"),
        (
            first or rolled_out,
            "Minimum number of Pods to consider the application live was not attained",
        ),
        (
            live,
            "Attempted to roll forward to new ReplicaSet, but minimum number of Pods did not become live",
        ),
    )
    return missing if missing.ready else ReadyState(ready=False, reasons=stuck + missing.reasons[:1])


def _daemon_set(obj: Json) -> ReadyState:
    """Require a ready pod of the newest template on every node that wants one."""
    wanted, ready = _count(obj, "status", "desiredNumberScheduled"), _count(obj, "status", "numberReady")
    updated = _count(obj, "status", "updatedNumberScheduled") >= wanted
    by_hand = at(obj, "spec", "updateStrategy", "type") == "OnDelete"
    return _missing(
        (_observed(obj), "the DaemonSet controller has not seen this change yet"),
        (ready >= wanted, f"{ready} out of {wanted} Pods are ready"),
        (updated or by_hand, "not all Pods are of the newest template"),
    )


def _job(obj: Json) -> ReadyState:
    """Require that it is complete; a failed one does not come back."""
    failed = condition(obj, "Failed")
    if failed.get("status") == "True":
        why = f"[{failed.get('reason')}] {failed.get('message')}"
        return ReadyState(ready=False, reasons=(why,), hopeless=True)
    complete = condition(obj, "Complete").get("status") == "True"
    return _missing((complete, "the Job has not completed yet"))


def _pod(obj: Json) -> ReadyState:
    """Require that it is ready, or has run to its end with success."""
    ready = condition(obj, "Ready")
    if ready.get("status") == "True" or at(obj, "status", "phase") == "Succeeded":
        return _READY
    return ReadyState(ready=False, reasons=(str(ready.get("message") or "the Pod is not ready"),))


def _persistent_volume(obj: Json) -> ReadyState:
    """Require that it is available or bound."""
    phase = at(obj, "status", "phase")
    return _missing((phase in ("Available", "Bound"), f"the PersistentVolume is {phase or 'Pending'}"))


def _resource_quota(obj: Json) -> ReadyState:
    """Require that its limits are in force."""
    same = at(obj, "spec", "hard") == at(obj, "status", "hard")
    return _missing((same, "the quota is not in force yet"))


def claim_rule(*, waits_for_pod: bool) -> Rule:
    """Return the rule of a PersistentVolumeClaim: bound; where volumes are made for a first pod, pending.

    Source: pulumi-kubernetes 4.28 provider/pkg/await/awaiters.go untilCoreV1PersistentVolumeClaimReady;
    unlike there, a new claim that is bound already is ready whatever its class says.
    """
    fine = ("Bound", "Pending") if waits_for_pod else ("Bound",)

    def judge(obj: Json) -> ReadyState:
        phase = at(obj, "status", "phase") or "Pending"
        return _missing((phase in fine, f"the PersistentVolumeClaim is {phase}"))

    return judge
