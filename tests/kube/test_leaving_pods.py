"""A pod that does not go says where it is, since when, what holds it and what to do about it."""

from datetime import datetime
from typing import Any

import pytest

from heddle.kube.pods import PodState, _with_pod

STATE = PodState(node="orderer0", settled=True, wanted="new")


def _leaving(**changes: Any) -> PodState:
    metadata = {
        "name": "orderer0-0",
        "namespace": "fabric",
        "uid": "u",
        "deletionTimestamp": "2026-11-28T14:00:30Z",
        "deletionGracePeriodSeconds": 30,
        **changes,
    }
    return _with_pod(STATE, {"metadata": metadata, "spec": {"nodeName": "worker-3"}})


@pytest.mark.parametrize(
    ("changes", "status", "remedy"),
    [
        (
            {},
            "is being deleted since 2026-11-28T14:00:00Z on node worker-3",
            "Its node must say that it has ended: kubectl get node worker-3. "
            "Only if that machine is off for good: "
            "kubectl delete pod orderer0-0 -n fabric --force --grace-period=0.",
        ),
        (
            {"finalizers": ["example.com/hold"]},
            "is being deleted since 2026-11-28T14:00:00Z on node worker-3, "
            "held by its finalizers example.com/hold",
            "Whoever set the finalizers must remove them: kubectl get pod orderer0-0 -n fabric -o yaml.",
        ),
        (
            {"finalizers": ["example.com/hold"], "namespace": "fabric-production"},
            "is being deleted since 2026-11-28T14:00:00Z on node worker-3, "
            "held by its finalizers example.com/hold",
            "Whoever set the finalizers must remove them: "
            "kubectl get pod orderer0-0 -n fabric-production -o yaml.",
        ),
        (
            {"deletionTimestamp": "soon", "deletionGracePeriodSeconds": None},
            "is being deleted since soon on node worker-3",
            None,
        ),
    ],
    ids=["its node is silent", "a finalizer", "a namespace that ends with n", "a strange time"],
)
def test_what_holds_a_pod_is_named(changes: dict[str, Any], status: str, remedy: str | None) -> None:
    """In one line each."""
    state = _leaving(**changes)

    assert state.status == status
    assert remedy is None or state.remedy == remedy


def test_a_pod_that_goes_serves_nobody_and_is_not_deleted_again() -> None:
    """Its containers run on for some seconds, with the old template; the next pod has the new one."""
    metadata = {
        "name": "orderer0-0",
        "namespace": "fabric",
        "uid": "u",
        "creationTimestamp": "2026-11-28T12:00:00Z",
        "labels": {"controller-revision-hash": "old"},
    }
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-28T12:00:05Z"}
    pod = {"metadata": metadata, "spec": {}, "status": {"conditions": [ready]}}
    stays = _with_pod(STATE, pod)
    goes = _with_pod(STATE, {**pod, "metadata": {**metadata, "deletionTimestamp": "2026-11-28T14:00:30Z"}})

    assert (stays.ready, stays.outdated) == (True, True)
    assert (goes.ready, goes.outdated) == (False, False)


def test_a_pod_is_not_ready_before_it_was_made() -> None:
    """The clock of its machine is hours behind: no volume of an earlier time is newer than the pod."""
    made = "2026-11-28T12:00:00Z"
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-28T09:00:05Z"}
    state = _with_pod(
        STATE,
        {"metadata": {"uid": "u", "creationTimestamp": made}, "spec": {}, "status": {"conditions": [ready]}},
    )

    assert state.ready_since == datetime.fromisoformat(made)
