"""An instance that is watched: every node is scraped, an alarm is sent on, and `up` is the only switch.

On the cluster of test_network.py, with Debian's Prometheus and Alertmanager as images; gone at the end.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import kubernetes
import pytest

from heddle.kube.apiserver import ApiServer
from heddle.kube.client import KubeClient
from tests.e2e.conftest import CLUSTER
from tests.e2e.kube import Kube
from tests.e2e.project import Project, fabric_release
from tests.programs import needs

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900), needs("prometheus", "prometheus-alertmanager")]
NAMESPACE = "fabric-watched"
PEER = "peer0-organization"
BOUND = 300.0
"""Seconds until a scrape, or an alarm that waits two minutes, on a machine however busy."""


@pytest.fixture(scope="module")
def watched(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """One orderer, one peer, the sample chaincode, and what watches them."""
    folder = tmp_path_factory.mktemp("watched")
    base = "dev" if fabric_release() else "offline"
    stack = Project.copy(folder / "it", stack=CLUSTER, base=base)
    stack.ok("heddle", "image", "pack", "--monitoring", "--out", str(folder))
    for name in ("prometheus", "alertmanager"):
        stack.ok("heddle", "cluster", "load", str(folder / f"{name}.tar"), "--name", CLUSTER)
    stack.edit_to_smallest("watched")
    stack.edit("monitoring", value=True)
    stack.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")
    yield stack
    stack.ok("heddle", "destroy", CLUSTER, "--yes")


@pytest.fixture(scope="module")
def ask(project: Project) -> Callable[[str], Any]:
    """Ask a Service of the instance for JSON, through the API server."""
    kubeconfig = project.administrator(CLUSTER).read_text()

    async def asked(path: str) -> Any:
        async with KubeClient(await ApiServer.load(kubeconfig)) as client:
            return await client.get(f"/api/v1/namespaces/{NAMESPACE}/services/{path}")

    return lambda path: asyncio.run(asked(path))


def until(look: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    """Ask until the answer is as wanted, and return it."""
    end = time.monotonic() + BOUND
    while not wanted(found := look()):
        assert time.monotonic() < end, found
        time.sleep(1)  # nobody tells of a scrape
    return found


def targets(ask: Callable[[str], Any]) -> dict[str, str]:
    """Return the health of each target, by its job."""
    found = ask("prometheus:9090/proxy/api/v1/targets")["data"]["activeTargets"]
    return {each["labels"]["job"]: each["health"] for each in found}


def test_every_node_is_scraped_with_its_client_certificate(
    watched: Project, ask: Callable[[str], Any]
) -> None:
    """Both nodes are up, rules are loaded, and a second `up` changes nothing."""
    found = until(lambda: targets(ask), lambda each: len(each) >= 2 and set(each.values()) == {"up"})

    assert set(found) == {"orderer0-orderer", PEER}
    rules = ask("prometheus:9090/proxy/api/v1/rules")["data"]["groups"]
    assert {each["health"] for group in rules for each in group["rules"]} <= {"ok", "unknown"}
    watched.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")


def test_an_alarm_of_a_node_that_is_away_reaches_alertmanager(
    watched: Project, kube: Kube, ask: Callable[[str], Any]
) -> None:
    """With its page and the command that deals with it; without `monitoring` all of it is removed."""
    scale(kube, PEER, 0)

    def alarm() -> Any:
        found = ask("alertmanager:9093/proxy/api/v2/alerts")
        return next((each for each in found if each["labels"]["alertname"] == "NodeNotScraped"), None)

    told = until(alarm, bool)

    assert (told["labels"]["node"], told["labels"]["namespace"]) == (PEER, NAMESPACE)
    assert told["annotations"]["command"].startswith("heddle ")
    scale(kube, PEER, 1)
    kube.wait_for_pod(NAMESPACE, f"{PEER}-0")
    watched.edit("monitoring", value=False)
    watched.ok("heddle", "up", CLUSTER, "--yes", "--skip-preview")
    assert not [name for name in kube.names_in(NAMESPACE) if "prometheus" in name or "alertmanager" in name]
    watched.ok("heddle", "chaincode", "invoke", CLUSTER, "--name", "assets", "put", "car-1", "ada", "1")
    watched.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")


def scale(kube: Kube, name: str, replicas: int) -> None:
    """Stop a node, or let it start."""
    sets = kubernetes.dynamic.DynamicClient(kube.client).resources.get(
        api_version="apps/v1", kind="StatefulSet"
    )
    merge = "application/merge-patch+json"
    sets.patch(name=name, namespace=NAMESPACE, body={"spec": {"replicas": replicas}}, content_type=merge)
