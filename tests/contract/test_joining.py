"""Orderers that join, follow, leave; one with mutual TLS."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
import yaml
from fabric_protos.common import common_pb2
from fabric_protos.orderer import ab_pb2_grpc

from heddle.configtx.genesis import genesis_block
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.fabric.node import Node
from tests.contract.conftest import KINDS
from tests.contract.contents import content
from tests.contract.messages import envelope, offered, same_words, seek_info
from tests.contract.scene import Scene, cases
from tests.contract.standins import prepared_standins
from tests.real.network import Organization, RealNetwork, prepared_network

Answer = dict[str, Any]


@pytest.fixture(scope="module", params=KINDS)
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Orderers without channels; the genesis block of one whose only consenter is the first of them."""
    build = prepared_standins if request.param == "stand-in" else prepared_network
    network = build(tmp_path_factory.mktemp(f"joining-{request.param}"), orderers=4, peers={"alpha": 0})
    network.organizations["alpha"] = Organization.new("alpha")
    first, _, third, fourth = network.orderers
    roots = [str(network.folder / third.name / "tls/ca.crt")]
    _configure(network, third, {"General": {"TLS": {"ClientAuthRequired": True, "ClientRootCAs": roots}}})
    _configure(network, fourth, {"ChannelParticipation": {"Enabled": False}})
    genesis = genesis_block(network.settings(consenters=(network.consenter(first),)))
    try:
        network.start()
        yield Scene(kind=request.param, network=network, genesis=genesis, deployed=None)
    finally:
        for program in network.programs.values():
            program.stop(kill=True)  # two of upstream's hang in the end
        network.stop()


def _configure(network: RealNetwork, node: Node, changes: dict[str, Any]) -> None:
    """Change an orderer's settings before it starts."""
    path: Path = network.folder / node.name / "orderer.yaml"
    settings = yaml.safe_load(path.read_text())
    _merge(settings, changes)
    path.write_text(yaml.safe_dump(settings))


def _merge(tree: dict[str, Any], changes: dict[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, dict):
            _merge(tree.setdefault(key, {}), value)
        else:
            tree[key] = value


@pytest.fixture
async def connections(scene: Scene) -> AsyncIterator[Connections]:
    """With the TLS certificate that the third orderer asks for; the others do not look at it."""
    async with Connections(DirectDialer(), client_tls=scene.network.admin_tls) as connections:
        yield connections


class Steps:
    """Does what a case says and tells the answer."""

    def __init__(self, scene: Scene, connections: Connections) -> None:
        self.scene = scene
        self.connections = connections

    async def run(self, case: dict[str, Any]) -> Answer:
        """The answer as the case would write it."""
        names = ("first", "second", "third", "fourth")
        node = self.scene.network.orderers[names.index(case["node"])]
        if "request" in case:
            return await self._request(node, case["request"])
        if "send" in case:
            return await self._send(node, case["send"])
        if case.get("anonymous"):
            async with Connections(DirectDialer()) as anonymous:
                return await Steps(self.scene, anonymous)._seek(node, case["seek"])
        return await self._seek(node, case["seek"])

    async def _request(self, node: Node, wanted: dict[str, Any]) -> Answer:
        form = {key: ("file", await self._content(name)) for key, name in wanted.get("form", {}).items()}
        assert node.admin_port is not None
        client = await self.connections.http(node, node.admin_port, client_tls=self.scene.network.admin_tls)
        response: httpx.Response = await client.request(wanted["method"], wanted["path"], files=form or None)
        answer: Answer = {"code": response.status_code}
        if response.headers.get("content-type") == "application/json":
            answer |= response.json()
        return answer

    async def _content(self, name: str) -> bytes:
        if name == "genesis of its own":
            network = self.scene.network
            settings = network.settings("own", consenters=(network.consenter(network.orderers[2]),))
            return bytes(genesis_block(settings).SerializeToString())
        return await content(self.scene, self.connections, name)

    async def _send(self, node: Node, wanted: dict[str, Any]) -> Answer:
        kind = common_pb2.HeaderType.Value(wanted["type"])
        person = self.scene.person(wanted["person"])
        message = envelope(kind, wanted.get("channel", "channel"), b"", person)
        status, words = await offered(self.connections, node, message)
        return {"status": status, "words": words}

    async def _seek(self, node: Node, wanted: dict[str, Any]) -> Answer:
        request = envelope(
            common_pb2.DELIVER_SEEK_INFO,
            wanted.get("channel", "channel"),
            seek_info(wanted, 1).SerializeToString(),
            self.scene.person("ordering.admin"),
            tls_cert_hash={"right": self.connections.tls_cert_hash, "wrong": bytes(32)}.get(
                wanted.get("hash", ""), b""
            ),
        )
        stub = ab_pb2_grpc.AtomicBroadcastStub(await self.connections.channel(node))
        call = stub.Deliver(timeout=5)
        try:
            await call.write(request)
            await call.done_writing()
            answers = [answer async for answer in call]
        except grpc.aio.AioRpcError as error:
            return {"status": error.code().name}
        numbers = [answer.block.header.number for answer in answers[:-1]]
        return {"status": common_pb2.Status.Name(answers[-1].status), "blocks": numbers}


@pytest.mark.parametrize("case", cases("joining"), ids=lambda case: case["name"])
async def test_story(scene: Scene, connections: Connections, case: dict[str, Any]) -> None:
    """One step after the other, in the order of the file."""
    steps = Steps(scene, connections)
    answer = await steps.run(case)
    async with asyncio.timeout(30):
        while case.get("eventually") and not _as_told(case["answer"], answer):
            await asyncio.sleep(0.1)
            answer = await steps.run(case)
    assert _as_told(case["answer"], answer), answer


def _as_told(expected: Answer, found: Answer) -> bool:
    for key, value in expected.items():
        if isinstance(value, str):
            if not same_words(value, str(found.get(key))):
                return False
        elif found.get(key) != value:
            return False
    return True
