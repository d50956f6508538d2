"""Restarts are history once a container runs well again; until then they are trouble."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from heddle.logs.sources import Source
from heddle.runbooks.steadiness import steady_pods


def _ago(seconds: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """An API server with one pod, which reads one Secret. When each happened: seconds before it is asked."""

    started: float
    ended: float
    changed: float

    async def get(self, path: str, **_: str) -> Any:
        if "/secrets/" in path:
            return {"metadata": {"managedFields": [{"time": _ago(self.changed)}]}}
        state = {
            "state": {"running": {"startedAt": _ago(self.started)}},
            "lastState": {"terminated": {"finishedAt": _ago(self.ended)}},
        }
        return {
            "metadata": {"name": "server-1"},
            "spec": {"volumes": [{"secret": {"secretName": "server"}}], "containers": [{}]},
            "status": {"containerStatuses": [state]},
        }


def _source(*, running: bool = True, restarts: int = 5) -> Source:
    return Source(
        name="server",
        kind="chaincode",
        pod="server-1",
        uid="1",
        container="chaincode",
        running=running,
        restarts=restarts,
    )


@pytest.mark.parametrize(
    ("cluster", "steady"),
    [
        (Cluster(started=700, ended=710, changed=5000), True),
        (Cluster(started=30, ended=40, changed=5000), False),
        (Cluster(started=30, ended=40, changed=35), True),
    ],
    ids=["it runs for ten minutes", "it has just started again", "what it reads was mended since it ended"],
)
def test_a_pod_is_steady_by_time_or_by_a_mended_cause(cluster: Cluster, steady: bool) -> None:
    found = asyncio.run(steady_pods(cluster, "ns", [_source()]))  # type: ignore[arg-type]  # it gets, as a client does

    assert found == (frozenset({"server-1"}) if steady else frozenset())


@pytest.mark.parametrize(
    "source", [_source(running=False), _source(restarts=0)], ids=["ended", "never ended"]
)
def test_only_pods_that_run_again_are_asked_for(source: Source) -> None:
    cluster = Cluster(started=700, ended=710, changed=5000)

    assert asyncio.run(steady_pods(cluster, "ns", [source])) == frozenset()  # type: ignore[arg-type]  # it gets, as a client does
