"""A pod that ended is known to start otherwise only where something that it reads has changed since."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from heddle.kube.podinputs import changed_inputs, inputs_of

SPEC = {
    "volumes": [
        {"name": "tls", "secret": {"secretName": "server"}},
        {"name": "settings", "configMap": {"name": "settings"}},
        {
            "name": "all",
            "projected": {"sources": [{"secret": {"name": "trust"}}, {"serviceAccountToken": {}}]},
        },
        {"name": "claim", "persistentVolumeClaim": {"claimName": "server"}},
    ],
    "initContainers": [{"envFrom": [{"configMapRef": {"name": "all"}}]}],
    "containers": [
        {
            "env": [
                {"name": "A", "valueFrom": {"secretKeyRef": {"name": "partner", "key": "token"}}},
                {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "b"}}},
                {"name": "C", "value": "c"},
            ]
        }
    ],
}
READ = [
    ("Secret", "server"),
    ("ConfigMap", "settings"),
    ("Secret", "trust"),
    ("ConfigMap", "all"),
    ("Secret", "partner"),
]
WAITING = {"state": {"waiting": {"reason": "CrashLoopBackOff"}}}
ENDED = {**WAITING, "lastState": {"terminated": {"finishedAt": "2026-11-30T10:00:00Z"}}}


class Objects:
    """An API server that has Secrets and ConfigMaps, each with the times of its changes."""

    def __init__(self, changed: Mapping[str, list[str]]) -> None:
        self.changed = changed

    async def get(self, path: str, **_: str) -> Any:
        name = path.rpartition("/")[2]
        if name not in self.changed:
            return None
        return {"metadata": {"managedFields": [{"time": time} for time in self.changed[name]]}}


def test_all_that_a_pod_reads_is_found_once() -> None:
    assert inputs_of(SPEC) == READ


def test_a_pod_that_reads_nothing_has_no_inputs() -> None:
    assert inputs_of({"containers": [{"name": "server"}]}) == []


@pytest.mark.parametrize(
    ("status", "changed", "found"),
    [
        (ENDED, {"server": ["2026-11-30T09:00:00Z", "2026-11-30T10:00:01Z"]}, ("Secret server",)),
        (ENDED, {"server": ["2026-11-30T10:00:00Z"], "settings": ["2026-11-30T08:00:00Z"]}, ()),
        (ENDED, {"all": ["2026-12-01T00:00:00Z"]}, ("ConfigMap all",)),
        (WAITING, {"server": ["2026-12-01T00:00:00Z"]}, ()),
        (ENDED, {}, ()),
    ],
    ids=["changed after the end", "changed before it", "of an init container", "never ended", "gone"],
)
def test_what_changed_since_the_container_ended_is_named(
    status: dict[str, Any], changed: dict[str, list[str]], found: tuple[str, ...]
) -> None:
    pod = {"spec": SPEC, "status": {"containerStatuses": [status]}}

    assert asyncio.run(changed_inputs(Objects(changed), "ns", pod)) == found  # type: ignore[arg-type]  # it gets, as a client does
