"""Deliver, of orderers and peers: which blocks, and which status ends the stream."""

from typing import Any

import pytest
from fabric_protos.common import common_pb2
from fabric_protos.orderer import ab_pb2_grpc
from fabric_protos.peer import events_pb2_grpc

from heddle.configtx.blocks import block_hash, config_of, is_config_block, verify_block
from heddle.fabric import orderer, qscc
from heddle.fabric.connection import Connections
from heddle.fabric.node import Node
from tests.contract.messages import envelope, malformed, seek_info
from tests.contract.scene import Scene, cases


async def _answers(
    connections: Connections, node: Node, request: common_pb2.Envelope, *, peer: bool
) -> tuple[list[common_pb2.Block], str]:
    """The blocks, and the status at the end."""
    channel = await connections.channel(node)
    stub = events_pb2_grpc.DeliverStub(channel) if peer else ab_pb2_grpc.AtomicBroadcastStub(channel)
    call = stub.Deliver(timeout=10)
    await call.write(request)
    await call.done_writing()
    blocks: list[common_pb2.Block] = []
    async for answer in call:
        if answer.WhichOneof("Type") == "status":
            return blocks, common_pb2.Status.Name(answer.status)
        blocks.append(answer.block)
    raise AssertionError("the stream ended without a status")


@pytest.mark.parametrize("role", ["orderer", "peer"])
@pytest.mark.parametrize("case", cases("deliver"), ids=lambda case: case["name"])
async def test_seek(scene: Scene, connections: Connections, case: dict[str, Any], role: str) -> None:
    """Both roles serve the same code upstream, so the same cases hold."""
    node = scene.peer() if role == "peer" else scene.network.orderers[0]
    wanted = case["seek"]
    reader = scene.person("alpha.user")
    info = await qscc.chain_info(connections, scene.peer(), "channel", reader, deadline=5)
    request = envelope(
        common_pb2.DELIVER_SEEK_INFO,
        wanted.get("channel", "channel"),
        seek_info(wanted, info.height).SerializeToString(),
        scene.person(wanted.get("person", "alpha.user")),
        minutes=wanted.get("minutes", 0),
        forged=wanted.get("forged", False),
    )
    if "malformed" in wanted:
        request = malformed(request, wanted["malformed"])
    blocks, status = await _answers(connections, node, request, peer=role == "peer")
    numbers = [block.header.number for block in blocks]
    if case["blocks"] == "all":
        assert numbers == list(range(info.height))
    else:
        assert numbers == [info.height - 1 if number == "newest" else number for number in case["blocks"]]
    assert status == case["status"]


@pytest.mark.parametrize("role", ["orderer", "peer"])
async def test_headers_alone(scene: Scene, connections: Connections, role: str) -> None:
    """Who asks for headers gets them with their signatures, and configurations whole."""
    node = scene.peer() if role == "peer" else scene.network.orderers[0]
    found = {}
    for content in ("BLOCK", "HEADER_WITH_SIG"):
        info = seek_info({"start": "oldest", "stop": 3, "content": content}, 0).SerializeToString()
        request = envelope(common_pb2.DELIVER_SEEK_INFO, "channel", info, scene.person("alpha.user"))
        found[content], status = await _answers(connections, node, request, peer=role == "peer")
        assert status == "SUCCESS"
    for whole, header in zip(found["BLOCK"], found["HEADER_WITH_SIG"], strict=True):
        assert (whole.header, whole.metadata) == (header.header, header.metadata)
        assert header.data == (whole.data if is_config_block(whole) else common_pb2.BlockData())


async def test_every_block_can_be_verified(scene: Scene, connections: Connections) -> None:
    """Links, data and the orderers' signatures hold from genesis to tip, on every orderer alike."""
    reader = scene.person("alpha.user")
    height = (await qscc.chain_info(connections, scene.peer(), "channel", reader, deadline=5)).height
    assert height > 1
    for node in scene.network.orderers:
        previous = await orderer.deliver_block(connections, node, "channel", 0, reader, deadline=5)
        config = config_of(previous).config
        for number in range(1, height):
            block = await orderer.deliver_block(
                connections, node, "channel", number, reader, deadline=5, wait=True
            )
            verify_block(block, config, previous_hash=block_hash(previous.header))
            config = config_of(block).config if is_config_block(block) else config
            previous = block
