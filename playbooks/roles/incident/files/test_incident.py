"""Check after a runbook that its incident is over and that nothing else is another way than before."""

import asyncio
from typing import Any

import pytest

from heddle.fabric.connection import Connections
from heddle.fabric.dial import ClusterDialer
from heddle.kube.client import Json, KubeClient
from heddle.planner.looks import Facts
from heddle.planner.responses import open_findings
from heddle.runbooks.context import load_context
from heddle.runbooks.triagefacts import look

_ANSWER = 20.0


@pytest.fixture(scope="module")
def now() -> tuple[Facts, list[Json]]:
    """Return what the checks find now, and the pods there are."""

    async def ask() -> tuple[Facts, list[Json]]:
        context = load_context()
        async with (
            await KubeClient.open(context.kubeconfig) as cluster,
            Connections(ClusterDialer(context.kubeconfig)) as connections,
        ):
            facts = await look(context, cluster, connections, patience=_ANSWER)
            return facts, await cluster.items(f"/api/v1/namespaces/{facts.namespace}/pods")

    return asyncio.run(ask())


def test_it_is_over(now: tuple[Facts, list[Json]], about: dict[str, Any]) -> None:
    """Find nothing wrong any more with what the runbook acted on."""
    found = open_findings(about["runbook"], now[0], about["about"])
    assert [f"{each.about}: {each.words}" for each in found] == []


def test_no_block_is_lost(now: tuple[Facts, list[Json]], about: dict[str, Any]) -> None:
    """No node has fewer blocks of a channel than before."""
    after = {node.name: node.heights for node in now[0].nodes}
    fewer = {
        f"{name}, {channel}": (height, after.get(name, {}).get(channel, 0))
        for name, heights in about["before"]["heights"].items()
        for channel, height in heights.items()
        if after.get(name, {}).get(channel, 0) < height
    }
    assert fewer == {}


def test_nothing_else_restarted(now: tuple[Facts, list[Json]], about: dict[str, Any]) -> None:
    """Every pod that the plan did not name is the same pod, and has not restarted."""
    named = tuple(f"{name}-" for name in about["acted"])
    after = {
        pod["metadata"]["name"]: f"{pod['metadata']['uid']} "
        f"{(pod['status'].get('containerStatuses') or [{}])[0].get('restartCount', 0)}"
        for pod in now[1]
    }
    others = {
        name: pod
        for name, pod in about["before"]["pods"].items()
        if not name.startswith(named or "\0") and name not in about["pods"]
    }
    assert {name: pod for name, pod in others.items() if after.get(name) != pod} == {}
