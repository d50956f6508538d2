"""The Kubernetes half of a Rollout: real StatefulSets, a real controller and kubelet."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from heddle.errors import ProviderError
from heddle.fabric.node import Node
from heddle.kube.apiserver import ApiServer
from heddle.kube.pods import NodePods
from heddle.planner.facts import NodeFacts
from heddle.provider.rollout.restart import Restarter, Restarts
from heddle.versions import SAMPLE_CHAINCODE_IMAGE
from tests.clusters import local_cluster

pytestmark = pytest.mark.cluster

CLUSTER = "h-provider"
NODES = tuple(Node(name=name, msp_id="M", host=name, port=7051, pod=f"{name}-0") for name in ("one", "two"))
PORT = 9999
RUN = f"""
import signal, socket, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
server = socket.create_server(("", {PORT}))
while True:
    server.accept()[0].close()
"""
FAIL = "print('bad configuration'); raise SystemExit(1)"


async def _without_channels(node: Node) -> NodeFacts:
    """Return the facts of a node without channels: only its pod matters."""
    return NodeFacts(name=node.name, kind="peer")


def _heddle(*arguments: str) -> str:
    argv = [sys.executable, "-m", "heddle.cli.app", *arguments]
    return subprocess.run(argv, check=True, timeout=2400, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    image = tmp_path_factory.mktemp("image") / "image.tar"
    _heddle("image", "sample-chaincode", "--out", str(image))
    with local_cluster(CLUSTER) as found:
        _heddle("cluster", "load", "--name", CLUSTER, str(image))
        yield found.read_text()


@pytest.fixture
async def cluster(kubeconfig: str) -> AsyncIterator[NodePods]:
    async with NodePods(await ApiServer.load(kubeconfig), "default") as cluster:
        yield cluster


def _statefulset(name: str, program: str, checksum: str) -> dict[str, Any]:
    container = {
        "name": "node",
        "image": SAMPLE_CHAINCODE_IMAGE,
        "imagePullPolicy": "Never",
        "command": ["python3", "-c", program],
        # As nodes have one: without it a program that fails counts as ready until it ends.
        "readinessProbe": {"tcpSocket": {"port": PORT}, "periodSeconds": 1},
    }
    labels = {"node": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name},
        "spec": {
            "replicas": 1,
            "serviceName": name,
            "selector": {"matchLabels": labels},
            "updateStrategy": {"type": "OnDelete"},
            "template": {
                "metadata": {"labels": labels, "annotations": {"heddle.dev/checksum": checksum}},
                "spec": {"containers": [container], "terminationGracePeriodSeconds": 5},
            },
        },
    }


async def _apply(cluster: NodePods, checksum: str, program: str = RUN, only: str = "") -> None:
    for node in NODES:
        if only in ("", node.name):
            path = f"/apis/apps/v1/namespaces/default/statefulsets/{node.name}"
            body = _statefulset(node.name, program, checksum)
            response = await cluster.send(
                "PATCH",
                path,
                query={"fieldManager": "test", "force": "true"},
                json=body,
                content_type="application/apply-patch+yaml",
            )
            assert response.status_code in (200, 201), response.text


async def test_pods_are_restarted_singly_and_a_bad_one_shows_why(cluster: NodePods) -> None:
    """Fresh pods stay; a new template rolls them one by one; one that fails stops it with its log.

    The correction then heals the broken node first, and the other one follows.
    """
    restarter = Restarter(pods=cluster, ask=_without_channels, nodes=NODES, patience=60)
    await _apply(cluster, "1")
    assert await restarter.run() == Restarts(done={}, left={})
    first = await restarter.states()
    assert all(state.good for state in first.values())

    await _apply(cluster, "2")
    assert list((await restarter.run()).done) == ["one", "two"]
    second = await restarter.states()
    assert all(second[name].uid != first[name].uid for name in second)

    await _apply(cluster, "3", FAIL)
    patient = Restarter(pods=cluster, ask=_without_channels, nodes=NODES, patience=2000)
    with pytest.raises(ProviderError, match="log bad configuration") as caught:
        await patient.run()
    assert "pod of one: does not start: container node ends whenever it starts" in caught.value.message
    third = await restarter.states()
    assert third["two"].uid == second["two"].uid, "one bad template costs one node"

    await _apply(cluster, "4")
    assert list((await restarter.run()).done) == ["one", "two"]


async def test_what_is_not_there_is_said(cluster: NodePods) -> None:
    """A node without a StatefulSet is named."""
    nobody = Node(name="nobody", msp_id="M", host="nobody", port=7051)
    restarter = Restarter(pods=cluster, ask=_without_channels, nodes=(nobody,), patience=0.5)
    with pytest.raises(ProviderError, match="StatefulSet nobody: there is no such StatefulSet"):
        await restarter.run()
