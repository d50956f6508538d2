"""When objects count as ready."""

from typing import Any

import pytest

from heddle.embedded.engine.kubernetes.evidence import pod_problems
from heddle.embedded.engine.kubernetes.rules import claim_rule, rule_for
from heddle.embedded.engine.kubernetes.wanted import WAIT_FOR, wanted_rule
from heddle.errors import NeedsCli, ProviderError


def _obj(
    kind: str, spec: dict[str, Any], status: dict[str, Any], *, generation: int = 1, **metadata: Any
) -> dict[str, Any]:
    version, _, name = kind.rpartition("/")
    return {
        "apiVersion": version,
        "kind": name,
        "metadata": {"name": "n", "namespace": "x", "generation": generation, **metadata},
        "spec": spec,
        "status": status,
    }


_DONE = {
    "replicas": 1,
    "readyReplicas": 1,
    "currentReplicas": 1,
    "currentRevision": "a",
    "updateRevision": "a",
}
_OLD_PODS = {"replicas": 1, "readyReplicas": 1, "currentRevision": "a", "updateRevision": "b"}


@pytest.mark.parametrize(
    ("strategy", "generation", "status", "ready"),
    [
        ("OnDelete", 1, {**_DONE, "observedGeneration": 1}, True),
        ("OnDelete", 1, {**_OLD_PODS, "observedGeneration": 1}, False),
        ("OnDelete", 2, {**_OLD_PODS, "observedGeneration": 2}, True),
        ("OnDelete", 2, {**_OLD_PODS, "observedGeneration": 1}, False),
        ("OnDelete", 2, {**_OLD_PODS, "observedGeneration": 2, "readyReplicas": 0}, False),
        ("RollingUpdate", 2, {**_OLD_PODS, "observedGeneration": 2}, False),
        ("RollingUpdate", 2, {**_DONE, "observedGeneration": 2}, True),
        ("RollingUpdate", 1, {}, False),
    ],
)
def test_a_stateful_set_is_ready_with_its_pods(
    strategy: str, generation: int, status: dict[str, Any], ready: bool
) -> None:
    """Replaced by hand, pods of an older revision count: a Rollout restarts them later, one by one."""
    spec = {"replicas": 1, "updateStrategy": {"type": strategy}}
    obj = _obj("apps/v1/StatefulSet", spec, status, generation=generation)
    rule = rule_for(obj)
    assert rule is not None
    verdict = rule(obj)
    assert verdict.ready is ready
    assert bool(verdict.reasons) is not ready


def test_an_older_generation_is_not_judged() -> None:
    """A watch may still show what was before the change."""
    new = _obj("apps/v1/StatefulSet", {"replicas": 1}, {}, generation=2)
    old = _obj("apps/v1/StatefulSet", {"replicas": 1}, {**_DONE, "observedGeneration": 1}, generation=1)
    rule = rule_for(new)
    assert rule is not None
    assert not rule(old).ready


def _deployment(revision: str, updated: int, available: str, progressing: str) -> dict[str, Any]:
    conditions = [
        {"type": "Available", "status": available, "reason": "Minimum", "message": "too few"},
        {"type": "Progressing", "status": "True", "reason": progressing},
    ]
    status = {
        "observedGeneration": 1,
        "updatedReplicas": updated,
        "readyReplicas": 1,
        "conditions": conditions,
    }
    annotations = {"deployment.kubernetes.io/revision": revision}
    return _obj("apps/v1/Deployment", {"replicas": 1}, status, annotations=annotations)


@pytest.mark.parametrize(
    ("deployment", "ready"),
    [
        (_deployment("1", 1, "True", "ReplicaSetUpdated"), True),
        (_deployment("1", 0, "True", "ReplicaSetUpdated"), False),
        (_deployment("1", 1, "False", "ReplicaSetUpdated"), False),
        (_deployment("2", 1, "True", "ReplicaSetUpdated"), False),
        (_deployment("2", 1, "True", "NewReplicaSetAvailable"), True),
    ],
)
def test_a_deployment_is_ready_when_its_newest_pods_are(deployment: dict[str, Any], ready: bool) -> None:
    """The first revision needs no roll-out to have ended."""
    rule = rule_for(deployment)
    assert rule is not None
    assert rule(deployment).ready is ready


def test_a_failed_job_is_not_waited_for() -> None:
    """It will not complete any more."""
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too often"}
    job = _obj("batch/v1/Job", {}, {"conditions": [failed]})
    rule = rule_for(job)
    assert rule is not None
    assert rule(job).hopeless
    assert rule(job).reasons == ("[BackoffLimitExceeded] too often",)


@pytest.mark.parametrize(
    ("waits", "phase", "ready"),
    [(True, "Pending", True), (True, "Bound", True), (False, "Pending", False), (False, "Bound", True)],
)
def test_a_claim_may_be_pending_where_volumes_wait_for_a_pod(waits: bool, phase: str, ready: bool) -> None:
    """Such a claim is bound only by the pod that depends on it."""
    claim = _obj("v1/PersistentVolumeClaim", {}, {"phase": phase})
    assert claim_rule(waits_for_pod=waits)(claim).ready is ready


@pytest.mark.parametrize(
    "kind", ["v1/ConfigMap", "v1/Secret", "policy/v1/PodDisruptionBudget", "v1/Namespace"]
)
def test_most_kinds_are_ready_at_once(kind: str) -> None:
    """Once the API server has them."""
    assert rule_for(_obj(kind, {}, {})) is None


@pytest.mark.parametrize(
    ("expression", "ready"),
    [
        ("condition=Ready", True),
        ("condition=Ready=False", False),
        ("condition=Missing", False),
        ("jsonpath={.status.phase}", True),
        ("jsonpath={.status.phase}=Running", True),
        ("jsonpath={.status.phase}=Failed", False),
        ("jsonpath={.status.conditions[0].type}=Ready", True),
        ("jsonpath={.status.nothing}", False),
        ('["condition=Ready", "jsonpath={.status.phase}=Running"]', True),
        ('["condition=Ready", "jsonpath={.status.phase}=Failed"]', False),
    ],
)
def test_a_program_may_say_what_to_wait_for(expression: str, ready: bool) -> None:
    """By conditions and simple paths, all of which have to hold."""
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    obj = _obj("v1/Pod", {}, status, annotations={WAIT_FOR: expression})
    rule = wanted_rule(obj)
    assert rule is not None
    assert rule(obj).ready is ready


def test_what_cannot_be_waited_for_is_refused() -> None:
    """Not silently taken for nothing."""
    with pytest.raises(ProviderError, match="prefix"):
        wanted_rule(_obj("v1/Pod", {}, {}, annotations={WAIT_FOR: "ready"}))
    with pytest.raises(NeedsCli):
        wanted_rule(_obj("v1/Pod", {}, {}, annotations={WAIT_FOR: "jsonpath={.items[?(@.a)]}"}))


def test_a_pod_says_what_is_wrong_with_its_containers() -> None:
    """Waiting, ended and last ended, init containers too; ready ones say nothing."""
    status = {
        "initContainerStatuses": [
            {"name": "i", "ready": False, "state": {"terminated": {"reason": "Error", "exitCode": 3}}}
        ],
        "containerStatuses": [
            {"name": "fine", "ready": True, "state": {"running": {}}},
            {
                "name": "c",
                "ready": False,
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}},
                "lastState": {"terminated": {"reason": "Error", "exitCode": 1, "finishedAt": "T"}},
            },
        ],
    }
    assert pod_problems(_obj("v1/Pod", {}, status)) == [
        '[Pod x/n]: container "i" ended: Error, exit code 3',
        '[Pod x/n]: container "c": [CrashLoopBackOff] back-off 10s',
        '[Pod x/n]: container "c" terminated at T (Error: exit code 1)',
    ]
