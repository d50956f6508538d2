"""`heddle logs --follow`: what comes is shown once, whatever ends meanwhile."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest

from heddle.kube.client import KubeClient
from heddle.logs.following import Heard, follow
from heddle.logs.reading import read_logs
from heddle.logs.sources import choose
from tests.logs.cluster import Cluster, Pod
from tests.logs.samples import ORDERER, PEER, fabric, network_on, node_pod, stamped

pytestmark = pytest.mark.timeout(60)


@asynccontextmanager
async def following(cluster: Cluster) -> AsyncIterator[AsyncGenerator[Heard, None]]:
    """Follow the nodes of a cluster, after what is there was read."""
    server = await cluster.start()
    network = network_on(cluster)
    instance = network.instance
    async with server, await KubeClient.open(network.access.kubeconfig) as client:
        choice = choose(instance, [ORDERER, PEER], [])
        found = await read_logs(client, instance, choice, since=None, silence=5)
        async with aclosing(follow(client, instance, choice, found)) as comes:
            yield comes
        await cluster.close()


async def heard(comes: AsyncGenerator[Heard, None], entries: int, note: str = "") -> list[str]:
    """The messages that come until there are so many, and the note was told."""
    found: list[str] = []
    told = not note
    while len(found) < entries or not told:
        each = await anext(comes)
        found += ["\n".join((entry.message, *entry.more)).removeprefix("f -> ") for entry in each.entries]
        told = told or any(note in words for words in each.notes)
    return found


def two() -> tuple[Cluster, Pod, Pod]:
    orderer, peer = node_pod(ORDERER, [fabric(1, "INFO", "old")]), node_pod(PEER)
    return Cluster([orderer, peer]), orderer, peer


async def test_what_comes_is_shown_in_the_order_of_time_and_stacks_whole() -> None:
    """What was there before is not shown again."""
    cluster, orderer, peer = two()
    async with following(cluster) as comes:
        peer.runs[-1] += [fabric(3, "ERRO", "b"), stamped(3, "\tof b")]
        orderer.runs[-1].append(fabric(2, "INFO", "a"))
        await cluster.change()

        assert await heard(comes, 2) == ["a", "b\n\tof b"]


async def test_a_connection_that_breaks_loses_nothing_and_doubles_nothing() -> None:
    """Neither lines that came just before, nor those that came meanwhile, although they look alike."""
    cluster, orderer, _ = two()
    async with following(cluster) as comes:
        orderer.runs[-1] += [fabric(2, "INFO", "same"), fabric(2.5, "INFO", "same")]
        await cluster.change()
        assert await heard(comes, 2) == ["same", "same"]
        cluster.cut += 1
        orderer.runs[-1] += [fabric(2.6, "INFO", "same"), fabric(2.7, "INFO", "last")]
        await cluster.change()

        assert await heard(comes, 2) == ["same", "last"]


async def test_a_container_that_restarts_is_followed_on() -> None:
    """The end of its log before, although the connection broke first, and the new one's beginning."""
    cluster, _, peer = two()
    async with following(cluster) as comes:
        peer.runs[-1].append(fabric(2, "INFO", "before"))
        await cluster.change()
        assert await heard(comes, 1) == ["before"]
        cluster.cut += 1
        peer.runs[-1].append(stamped(3, "panic: the end"))
        peer.running = False
        await cluster.change()
        peer.runs.append([fabric(4, "INFO", "again")])
        peer.running = True
        await cluster.change()

        found = await heard(comes, 2, note=f"{PEER}: its container runs again")
        assert sorted(found) == ["again", "panic: the end"]


async def test_a_pod_that_replaces_another_is_followed_from_its_first_line() -> None:
    """Also where it has the same name."""
    cluster, _, peer = two()
    async with following(cluster) as comes:
        peer.runs[-1].append(fabric(2, "INFO", "before"))
        await cluster.change()
        assert await heard(comes, 1) == ["before"]
        del cluster.pods[peer.name]
        await cluster.change()
        assert await heard(comes, 0, note=f"{PEER}: its pod is gone") == []
        fresh = node_pod(PEER, [fabric(5, "INFO", "new")])
        fresh.uid = "another"
        cluster.pods[fresh.name] = fresh
        await cluster.change()

        assert await heard(comes, 1, note=f"{PEER}: a new pod") == ["new"]
