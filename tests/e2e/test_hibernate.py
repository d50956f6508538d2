"""An instance sleeps and wakes: in order, with all its blocks, from a broken state, and killed anywhere.

On the cluster of test_network.py, with Fabric's own nodes where they are on PATH. The figures are printed.
HEDDLE_FAILPOINTS=all kills at every write, HEDDLE_FAILPOINTS=20 at so many of each operation.
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kubernetes
import pytest

from tests.e2e.conftest import CLUSTER
from tests.e2e.kube import Kube
from tests.e2e.project import Project
from tests.e2e.test_under_load import timed
from tests.failpoints import Failpoints, Operation, kill_at_every_write

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]
NAMESPACE = "fabric-sleeper"
PUTS = 5
MANY = os.environ.get("HEDDLE_FAILPOINTS", "2")


@pytest.fixture
def stack(project: Project, tmp_path: Path) -> Iterator[Project]:
    """Three orderers, two organizations, some blocks; nothing of it is left at the end."""
    made = Project.copy(tmp_path / "project", stack=CLUSTER, base=_base(project))
    made.edit("name", value="sleeper")
    made.edit("publicAddress", value="none")
    made.edit("ordering", value={"type": "raft", "nodes": 3, "batch": {"timeout": "200ms"}})
    made.edit("organizations", value=[{"name": name, "peers": 1} for name in ("north", "south")])
    made.edit("channels", 0, "organizations", value=["north", "south"])
    made.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")
    for number in range(PUTS):
        made.ok("heddle", "chaincode", "invoke", CLUSTER, "put", f"key{number}", "anna", str(number))
    yield made
    made.edit("power", value="on")
    made.ok("heddle", "destroy", CLUSTER, "--yes")


def _base(project: Project) -> str:
    return "offline" if "standin: true" in project.stack_file.read_text() else "dev"


def _status(stack: Project, *, code: int = 0) -> Any:
    result = stack.run("heddle", "status", CLUSTER, "--json")
    assert result.code == code, result.output
    return json.loads(result.output)


def _heights(stack: Project) -> set[int]:
    return {height for node in _status(stack)["nodes"] for height in node["heights"].values()}


def _switch(stack: Project, power: str) -> str:
    stack.edit("power", value=power)
    return timed(stack, "heddle", "up", CLUSTER, "--yes", "--skip-preview")


def _nothing_left_to_do(stack: Project) -> None:
    stack.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")


def _pods(kube: Kube) -> list[str]:
    return [pod.metadata.name for pod in kube.core.list_namespaced_pod(NAMESPACE).items]


def test_an_instance_sleeps_and_wakes(stack: Project, kube: Kube) -> None:
    """Nothing runs and everything stays; then the ledgers have what they had, and clients go on."""
    (height,) = _heights(stack)
    kept = {name for name in kube.names_in(NAMESPACE) if not name.startswith("Pod/")}

    stack.edit("power", value="off")
    preview = stack.ok("heddle", "preview", CLUSTER)
    assert "the instance goes to sleep" in preview
    assert "3 orderers stop, leaders last" in preview
    print(_switch(stack, "off"))
    assert _pods(kube) == []
    assert kube.names_in(NAMESPACE) == kept
    _nothing_left_to_do(stack)
    stack.ok("heddle", "refresh", CLUSTER, "--yes", "--skip-preview")
    _nothing_left_to_do(stack)
    status = _status(stack)
    assert (status["state"], status["healthy"]) == ("hibernated", True)
    assert status["sleep"]["blocks"] == {"channel": height}
    assert all(each["wanted"] == each["ready"] == 0 for each in status["pods"].values())

    _expect_refusals(stack)

    stack.edit("power", value="on")
    assert "the instance wakes" in stack.ok("heddle", "preview", CLUSTER)
    woken = _switch(stack, "on")
    assert f"channel: {height} blocks on 5 nodes" in woken
    assert _heights(stack) == {height}
    assert _status(stack)["state"] == "normal"
    found = stack.ok("heddle", "chaincode", "query", CLUSTER, "get", f"key{PUTS - 1}")
    assert json.loads(found)["owner"] == "anna"
    stack.ok("heddle", "chaincode", "invoke", CLUSTER, "put", "awake", "anna", "1")
    _nothing_left_to_do(stack)


def _expect_refusals(stack: Project) -> None:
    """Say of what takes running nodes that the instance sleeps, at once; do what does not."""
    for argv in (
        ("channel", "show", CLUSTER, "channel"),
        ("chaincode", "query", CLUSTER, "get", "key0"),
        ("runbook", "run", "rejoin-peer", "--stack", CLUSTER, "-e", "peer=peer0-north", "--yes"),
    ):
        refused = stack.run("heddle", *argv)
        assert refused.code, argv
        assert "the instance is hibernated" in refused.output, refused.output
    stack.edit("ordering", "batch", "timeout", value="300ms")
    refused = stack.run("heddle", "up", CLUSTER, "--yes")
    assert refused.code
    assert "change a channel: the instance is hibernated" in refused.output
    stack.edit("ordering", "batch", "timeout", value="200ms")

    stack.edit("certificates", value={"renewal": 1})
    assert "nodes start with their new template when they wake" in stack.ok("heddle", "preview", CLUSTER)
    stack.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")
    _nothing_left_to_do(stack)


def test_a_broken_instance_sleeps_and_wakes_once_it_is_mended(stack: Project, kube: Kube) -> None:
    """Two of three orderers and a peer have no machine: nothing is ordered, and sleep waits for nobody."""
    (height,) = _heights(stack)
    broken = ("orderer1-orderer", "orderer2-orderer", "peer0-south")
    apps = kubernetes.client.AppsV1Api(kube.client)
    for name in broken:
        _place(apps, name, {"heddle.dev/nowhere": "true"})
        kube.core.delete_namespaced_pod(f"{name}-0", NAMESPACE)
        kube.wait_for_pod(NAMESPACE, f"{name}-0", there=False)
    assert _status(stack, code=1)["state"] == "abnormal"

    _switch(stack, "off")
    assert _pods(kube) == []
    assert _status(stack)["sleep"]["blocks"] == {"channel": height}

    for name in broken:
        _place(apps, name, None)
    _switch(stack, "on")
    assert _heights(stack) == {height}
    _nothing_left_to_do(stack)


def _place(apps: kubernetes.client.AppsV1Api, name: str, selector: dict[str, str] | None) -> None:
    change = {"spec": {"template": {"spec": {"nodeSelector": selector}}}}
    apps.patch_namespaced_stateful_set(name, NAMESPACE, change)


def test_killed_at_any_write_it_falls_asleep_or_wakes_all_the_same(stack: Project, tmp_path: Path) -> None:
    """The same command finishes, whatever the killed one had done."""
    (height,) = _heights(stack)

    def want(power: str) -> Callable[[], None]:
        return lambda: stack.edit("power", value=power)

    def sleeps() -> None:
        assert _status(stack)["sleep"]["blocks"] == {"channel": height}

    def runs() -> None:
        assert _heights(stack) == {height}

    command = ("up", CLUSTER, "--yes", "--skip-preview")
    points = Failpoints(folder=stack.folder, environment=stack.environment, log=tmp_path / "writes")
    killed = kill_at_every_write(
        points,
        Operation(name="sleep", edit=want("off"), command=command, check=sleeps),
        Operation(name="wake", edit=want("on"), command=command, check=runs),
        sample=0 if MANY == "all" else int(MANY),
    )
    assert killed
    _nothing_left_to_do(stack)
