"""Port-forwards through a real API server and kubelet, to a port that only the pod itself can reach."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from heddle.fabric.dial import ClusterDialer
from heddle.fabric.node import Node
from tests.clusters import local_cluster

pytestmark = pytest.mark.cluster

CLUSTER = "fabric-tests"
POD = Node(name="echo", msp_id="M", host="echo", port=7000, namespace="default", pod="echo")
ECHO = """
import asyncio
async def handle(reader, writer):
    while chunk := await reader.read(65536):
        writer.write(chunk)
        await writer.drain()
    writer.close()
async def main():
    server = await asyncio.start_server(handle, "127.0.0.1", 7000)
    await server.serve_forever()
asyncio.run(main())
"""


def _heddle(*arguments: str) -> str:
    argv = [sys.executable, "-m", "heddle.cli.app", *arguments]
    return subprocess.run(argv, check=True, timeout=2400, capture_output=True, text=True).stdout.strip()


def _apply(kubeconfig: str) -> None:
    """Start a pod that returns what it gets, on its own loopback only."""
    from kubernetes import client, config, watch

    from heddle.versions import SAMPLE_CHAINCODE_IMAGE

    with config.new_client_from_config(kubeconfig) as api:
        core = client.CoreV1Api(api)
        container = {
            "name": "echo",
            "image": SAMPLE_CHAINCODE_IMAGE,
            "imagePullPolicy": "Never",
            "command": ["python3", "-c", ECHO],
        }
        spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "echo"}, "spec": spec}
        core.create_namespaced_pod("default", body)
        events = watch.Watch().stream(core.list_namespaced_pod, "default", timeout_seconds=60)
        for event in events:
            if event["object"].status.phase == "Running":
                return
    raise AssertionError("the pod does not run")


def _replace(kubeconfig: str) -> bool:
    """Delete the pod and start it anew; whether it is another one."""
    from kubernetes import client, config, watch

    with config.new_client_from_config(kubeconfig) as api:
        core = client.CoreV1Api(api)
        old = core.read_namespaced_pod("echo", "default").metadata
        core.delete_namespaced_pod("echo", "default", grace_period_seconds=0)
        events = watch.Watch().stream(
            core.list_namespaced_pod, "default", resource_version=old.resource_version, timeout_seconds=60
        )
        for event in events:
            if event["type"] == "DELETED":
                break
        _apply(kubeconfig)
        return bool(core.read_namespaced_pod("echo", "default").metadata.uid != old.uid)


@pytest.fixture(scope="module")
def text(kubeconfig: str) -> str:
    """The kubeconfig itself instead of its path."""
    return Path(kubeconfig).read_text()


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a cluster made for this module, with one pod."""
    image = tmp_path_factory.mktemp("image") / "image.tar"
    _heddle("image", "sample-chaincode", "--out", str(image))
    with local_cluster(CLUSTER) as found:
        _heddle("cluster", "load", "--name", CLUSTER, str(image))
        _apply(str(found))
        yield str(found)


async def _echoed(address: tuple[str, int], content: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(content)
        return await reader.readexactly(len(content))
    finally:
        writer.close()


async def _first_echo(dialer: ClusterDialer) -> bytes:
    """Until the program in the pod listens."""
    end = time.monotonic() + 30
    while True:
        try:
            return await _echoed(await dialer.endpoint(POD, 7000), b"hello")
        except (asyncio.IncompleteReadError, ConnectionError):
            if time.monotonic() > end:
                raise AssertionError(dialer.trouble(POD, 7000)) from None
            await asyncio.sleep(0.2)


async def test_large_and_many_streams_arrive_unchanged(kubeconfig: str) -> None:
    """Ten connections at once, and blocks of several megabytes, through one listener."""
    async with ClusterDialer(kubeconfig) as dialer:
        assert await _first_echo(dialer) == b"hello"
        address = await dialer.endpoint(POD, 7000)
        small = [os.urandom(1000) for _ in range(10)]
        assert await asyncio.gather(*(_echoed(address, content) for content in small)) == small
        large = os.urandom(8_000_000)
        assert await asyncio.wait_for(_echoed(address, large), 60) == large


async def test_the_kubelet_s_words_are_kept(text: str) -> None:
    """A port nobody listens on, and a pod that is not there: each is told by who knows it."""
    async with ClusterDialer(text) as dialer:
        for node, port, words in (
            (POD, 7999, "refused"),
            (Node(name="x", msp_id="M", host="x", port=1, namespace="default", pod="nobody"), 1, "not found"),
        ):
            reader, writer = await asyncio.open_connection(*await dialer.endpoint(node, port))
            writer.write(b"x")
            try:
                assert await asyncio.wait_for(reader.read(), 20) == b""
            finally:
                writer.close()
            assert words in dialer.trouble(node, port)


async def test_a_pod_that_comes_back_is_reached_again(kubeconfig: str) -> None:
    """Same dialer, same local address, another pod of the same name."""
    async with ClusterDialer(kubeconfig) as dialer:
        await _first_echo(dialer)
        address = await dialer.endpoint(POD, 7000)
        assert await asyncio.to_thread(_replace, kubeconfig)
        assert await _first_echo(dialer) == b"hello"
        assert await dialer.endpoint(POD, 7000) == address
