"""The channel participation API answers as upstream's does."""

import json
from typing import Any

import httpx
import pytest
from fabric_protos.common import common_pb2

from heddle.errors import Unreachable
from heddle.fabric import participation
from heddle.fabric.connection import Connections
from heddle.fabric.node import ClientTls
from tests.contract.contents import content
from tests.contract.messages import same_words
from tests.contract.scene import Scene, cases


@pytest.mark.parametrize("case", cases("participation"), ids=lambda case: case["name"])
async def test_answers(scene: Scene, connections: Connections, case: dict[str, Any]) -> None:
    """Status, headers, body: what osnadmin and Heddle rely on."""
    node = scene.network.orderers[0]
    request = dict(case["request"])
    files = {
        key: ("file", await content(scene, connections, name))
        for key, name in request.pop("form", {}).items()
    }
    assert node.admin_port is not None
    client = await connections.http(node, node.admin_port, client_tls=scene.network.admin_tls)
    response: httpx.Response = await client.request(
        request["method"],
        request["path"],
        headers=request.get("headers"),
        files=files or None,
        data=request.get("values"),
    )
    assert response.status_code == case["status"], response.text
    for name, value in case.get("headers", {}).items():
        assert response.headers[name] == value
    if "json" in case:
        assert response.json() == case["json"]
    if "contains" in case:
        assert response.json() | case["contains"] == response.json()
    if "error" in case:
        # Upstream says 'invalid block ID' twice, one line each.
        found = json.loads(response.text.splitlines()[0])["error"]
        assert same_words(case["error"], found), found


async def test_blocks_are_those_of_the_ledger(scene: Scene, connections: Connections) -> None:
    """What the API serves as block 0 is the genesis block, byte for byte."""
    node = scene.network.orderers[1]
    assert node.admin_port is not None
    client = await connections.http(node, node.admin_port, client_tls=scene.network.admin_tls)
    response = await client.get("/participation/v1/channels/channel/blocks/0")
    assert common_pb2.Block.FromString(response.content) == scene.genesis


async def test_only_the_administrators_certificate_opens(scene: Scene, connections: Connections) -> None:
    """A client certificate of another authority ends the handshake."""
    own = scene.strangers.tls("admin")
    intruder = ClientTls(certificate=own.certificate, private_key=own.private_key)
    with pytest.raises(Unreachable):
        await participation.channel_info(
            connections, scene.network.orderers[0], "channel", intruder, deadline=3
        )
