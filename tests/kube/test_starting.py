"""What a pod says of a container that does not start: what passes by itself, and what does not."""

from typing import Any

import pytest

from heddle.kube.pods import PodState, _with_pod
from heddle.kube.starting import StartFailure, start_failure, telling_lines

IMAGE = "docker.io/hyperledger/fabric-orderer:3.9.9"


def _pod(reason: str, message: str = "", *, restarts: int = 0, kind: str = "containerStatuses") -> Any:
    waiting = {"reason": reason} | ({"message": message} if message else {})
    container = {"name": "orderer", "image": IMAGE, "restartCount": restarts, "state": {"waiting": waiting}}
    return {"metadata": {"uid": "u", "labels": {}}, "status": {kind: [container]}}


def _pull(reason: str, message: str, *, final: bool) -> tuple[Any, StartFailure]:
    return _pod(reason, message), StartFailure(reason=f"image {IMAGE}: {reason} {message}", final=final)


CASES = {
    "it is being made": (_pod("ContainerCreating"), None),
    "its Secret is not there yet": (_pod("CreateContainerConfigError", 'secret "tls" not found'), None),
    "no machine has room": ({"metadata": {"uid": "u"}, "status": {"phase": "Pending"}}, None),
    "it ends again and again": (
        _pod("CrashLoopBackOff", "back-off 20s", restarts=2),
        StartFailure(reason="container orderer ends whenever it starts", crashes=3),
    ),
    "what prepares it ends again and again": (
        _pod("CrashLoopBackOff", restarts=1, kind="initContainerStatuses"),
        StartFailure(reason="container orderer ends whenever it starts", crashes=2),
    ),
    "there is no such tag": _pull("ImagePullBackOff", f"pull {IMAGE}: not found", final=True),
    "nobody may pull it": _pull("ErrImagePull", "403 Forbidden: unauthorized", final=True),
    "the registry is away": _pull("ImagePullBackOff", "dial tcp 10.0.0.1:443: i/o timeout", final=False),
    "no registry has that name": _pull("InvalidImageName", "couldn't parse image name", final=True),
    "it may not be pulled": _pull("ErrImageNeverPull", "is not present with pull policy", final=True),
}


@pytest.mark.parametrize("case", CASES)
def test_what_a_pod_says_is_told_apart(case: str) -> None:
    """Only what no waiting mends is final; what may still come is no failure."""
    pod, expected = CASES[case]
    assert start_failure(pod) == expected


def test_a_pod_without_a_place_says_what_it_lacks() -> None:
    """A rollout waits for it, and names this at its deadline."""
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}
    pod = {"metadata": {"uid": "u", "labels": {}}, "status": {"phase": "Pending", "conditions": [condition]}}
    state = _with_pod(PodState(node="orderer0", settled=True, wanted="new"), pod)
    assert state.status == "Pending, Unschedulable 0/1 nodes"
    assert state.failure is None


def test_of_a_panic_its_words_are_shown_and_not_its_stack() -> None:
    """The stack of a Go program is longer than what is shown of a log."""
    stack = [f"goroutine {number}" for number in range(40)]
    log = "\n".join(["starting", "Method X isn't a method", "panic: Method X isn't a method", *stack])
    assert telling_lines(log, 2) == ["Method X isn't a method", "panic: Method X isn't a method"]
    assert telling_lines("one\ntwo\nthree", 2) == ["two", "three"]
