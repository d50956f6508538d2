"""Workloads are scaled, counted and left to Pulumi again; clocks are compared with the API server's."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, cast

import httpx
import pytest

from heddle.errors import Forbidden, KubeError
from heddle.kube.client import KubeClient
from heddle.kube.clocks import clock_differences
from heddle.kube.workloads import LEDGERS, Workloads

SETS = "/apis/apps/v1/namespaces/fabric/statefulsets"


class Server(Workloads):
    """The API server of one namespace: what it holds, and what was sent to it."""

    def __init__(self, *objects: dict[str, Any], statuses: tuple[int, ...] = ()) -> None:
        self.namespace = "fabric"
        self.objects = {each["metadata"]["name"]: each for each in objects}
        self.statuses = list(statuses)
        self.sent: list[Any] = []

    async def lists(self, *paths: str) -> list[list[Any]]:
        assert [path.rpartition("/")[2] for path in paths] == ["deployments", "statefulsets"]
        return [[], list(self.objects.values())]

    async def get(self, path: str, **query: str) -> Any:
        return self.objects.get(path.rpartition("/")[2])

    async def send(self, method: str, path: str, **given: Any) -> httpx.Response:
        self.sent.append((method, path, given.get("query"), given["json"]))
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200 and isinstance(given["json"], list):
            owners = self.objects[path.rpartition("/")[2]]["metadata"]["managedFields"]
            owners.pop(int(given["json"][1]["path"].rpartition("/")[2]))
        words = {"message": "it may not"}
        return httpx.Response(status, json=words, request=httpx.Request(method, f"https://server{path}"))


def statefulset(*, replicas: int = 1, seen: bool = True, pods: int = 1, **metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "peer0", "generation": 2, **metadata},
        "spec": {"replicas": replicas},
        "status": {"observedGeneration": 2 if seen else 1, "replicas": pods, "readyReplicas": pods},
    }


async def test_pods_are_counted_once_the_controller_has_seen_the_last_change() -> None:
    """Until then there may be one more than it says, and none is known to be ready."""
    found = (await Server(statefulset()).found())["peer0"]
    assert (found.replicas, found.pods, found.ready) == (1, 1, 1)

    found = (await Server(statefulset(replicas=0, seen=False, pods=0)).found())["peer0"]
    assert (found.replicas, found.pods, found.ready) == (0, 1, 0)


async def test_a_note_goes_with_the_number_in_one_write() -> None:
    """And is read back, unless somebody else wrote something there."""
    server = Server(statefulset())
    found = (await server.found())["peer0"]
    await server.scale(found, 0, {"trade": "17 ab"})

    ((method, path, query, change),) = server.sent
    assert (method, path) == ("PATCH", f"{SETS}/peer0")
    assert query == {"fieldManager": "heddle-power"}
    assert change["spec"] == {"replicas": 0}
    annotations = change["metadata"]["annotations"]
    assert json.loads(annotations[LEDGERS]) == {"trade": "17 ab"}
    again = (await Server(statefulset(annotations=annotations)).found())["peer0"]
    assert again.ledgers == {"trade": "17 ab"}
    for other in ("no JSON", "[]"):
        assert not (await Server(statefulset(annotations={LEDGERS: other})).found())["peer0"].ledgers


async def test_ownership_of_the_number_is_given_up() -> None:
    """Only its own entry, wherever it is by now: with it Pulumi's next apply would be a conflict."""
    owners = [{"manager": "pulumi"}, {"manager": "heddle-power"}, {"manager": "controller"}]
    server = Server(statefulset(managedFields=owners), statuses=(422,))
    found = (await server.found())["peer0"]
    assert found.owned
    await server.disown(found)

    place = "/metadata/managedFields/1"
    change = [
        {"op": "test", "path": f"{place}/manager", "value": "heddle-power"},
        {"op": "remove", "path": place},
    ]
    assert [each[3] for each in server.sent] == [change, change], "a changed list is read again"
    assert not (await server.found())["peer0"].owned
    await server.disown(found)
    assert len(server.sent) == 2, "there is nothing left to give up"


async def test_what_the_api_server_refuses_is_an_error() -> None:
    """In its words."""
    server = Server(statefulset(), statuses=(403,))
    with pytest.raises(KubeError, match="it may not"):
        await server.scale((await server.found())["peer0"], 0)


@dataclass
class Clocks:
    """An API server whose clock differs from this machine's by `ahead`, and a machine of its cluster."""

    ahead: float = 0.0
    machine_ahead: float = 0.0
    ready: str = "True"
    forbidden: bool = False
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def send(self, method: str, path: str) -> httpx.Response:
        time = self.now + timedelta(seconds=self.ahead)
        request = httpx.Request(method, f"https://server{path}")
        return httpx.Response(200, headers={"date": format_datetime(time, usegmt=True)}, request=request)

    async def lists(self, *_: str) -> list[list[Any]]:
        if self.forbidden:
            raise Forbidden("no")
        time = self.now + timedelta(seconds=self.ahead + self.machine_ahead)
        node = {"metadata": {"name": "one"}, "status": {"conditions": [_condition(self.ready)]}}
        lease = {"metadata": {"name": "one"}, "spec": {"renewTime": time.isoformat()}}
        return [[node], [lease]]


def _condition(ready: str) -> dict[str, str]:
    return {"type": "Ready", "status": ready}


async def _differences(clocks: Clocks) -> dict[str, float]:
    found = await clock_differences(cast("KubeClient", clocks))
    return {name: round(ahead, -2) for name, ahead in found.items()}


async def test_clocks_are_compared_with_the_api_servers() -> None:
    """This machine's, and those of the cluster that renew their leases."""
    assert await _differences(Clocks()) == {"this machine": 0, "machine one": 0}
    assert await _differences(Clocks(ahead=1000)) == {"this machine": -1000, "machine one": 0}
    assert await _differences(Clocks(machine_ahead=1000)) == {"this machine": 0, "machine one": 1000}
    assert await _differences(Clocks(machine_ahead=-1010)) == {"this machine": 0, "machine one": -1000}


async def test_who_may_not_look_at_machines_compares_his_own_clock() -> None:
    """A machine that is down renews nothing, which says nothing of its clock."""
    assert await _differences(Clocks(forbidden=True)) == {"this machine": 0}
    assert await _differences(Clocks(machine_ahead=-9000, ready="False")) == {"this machine": 0}
