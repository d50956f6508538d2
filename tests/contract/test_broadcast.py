"""Broadcast: what orderers refuse, with which status and words; and what a configuration update does."""

from dataclasses import replace
from typing import Any

import pytest
from fabric_protos.common import common_pb2, configtx_pb2

from heddle.configtx.blocks import config_of
from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.envelope import sign_update, update_envelope
from heddle.configtx.read import settings_of
from heddle.errors import Refused
from heddle.fabric import cscc, events, orderer, qscc
from heddle.fabric.connection import Connections
from heddle.settings import BatchSettings
from tests.contract.messages import envelope, malformed, offered, same_words
from tests.contract.scene import Scene, cases


@pytest.mark.parametrize("case", cases("broadcast"), ids=lambda case: case["name"])
async def test_refusals(scene: Scene, connections: Connections, case: dict[str, Any]) -> None:
    """Before anything is ordered, and the same on every orderer."""
    wanted = case["message"]
    message = envelope(
        common_pb2.HeaderType.Value(wanted["type"]),
        wanted.get("channel", "channel"),
        _content(wanted),
        scene.person(wanted.get("person", "alpha.user")),
        forged=wanted.get("forged", False),
    )
    if "malformed" in wanted:
        message = malformed(message, wanted["malformed"])
    for node in scene.network.orderers:
        status, words = await offered(connections, node, message)
        assert status == case["status"], words
        assert same_words(case["words"], words), words


def _content(wanted: dict[str, Any]) -> bytes:
    if "update" not in wanted:
        return bytes(wanted.get("bytes", 10))
    update = configtx_pb2.ConfigUpdate(channel_id=wanted["update"]).SerializeToString()
    return bytes(configtx_pb2.ConfigUpdateEnvelope(config_update=update).SerializeToString())


async def _live(scene: Scene, connections: Connections) -> configtx_pb2.Config:
    node, admin = scene.network.orderers[0], scene.person("ordering.admin")
    return config_of(await orderer.config_block(connections, node, "channel", admin, deadline=10)).config


def _update(
    scene: Scene, live: configtx_pb2.Config, batch: BatchSettings, person: str
) -> common_pb2.Envelope:
    wanted = replace(settings_of(live), channel="channel", batch=batch)
    update = compute_update("channel", live, apply_settings(live, wanted, None)).SerializeToString()
    signer = scene.person(person)
    return update_envelope(update, [sign_update(update, signer)], signer)


async def test_an_update_takes_effect_once(scene: Scene, connections: Connections) -> None:
    """Accepted by any orderer, in force on every node, and refused when it is sent again."""
    live = await _live(scene, connections)
    batch = replace(settings_of(live).batch, max_message_count=settings_of(live).batch.max_message_count + 1)
    message = _update(scene, live, batch, "ordering.admin")
    *_, last = scene.network.orderers
    reader = scene.person("alpha.user")
    height = (await qscc.chain_info(connections, scene.peer(), "channel", reader, deadline=5)).height
    await orderer.broadcast(connections, last, message, deadline=10)
    for node in scene.network.orderers:
        block = await orderer.deliver_block(
            connections, node, "channel", height, reader, deadline=10, wait=True
        )
        assert settings_of(config_of(block).config).batch == batch
    for organization in scene.network.organizations:
        await _reached(scene, connections, organization, height)
        block = await cscc.config_block(
            connections, scene.peer(organization), "channel", scene.person(f"{organization}.user"), deadline=5
        )
        assert block.header.number == height
    with pytest.raises(Refused) as refused:
        await orderer.broadcast(connections, scene.network.orderers[0], message, deadline=10)
    assert refused.value.status == common_pb2.BAD_REQUEST
    assert "attempt to set key [Value]  /Channel/Orderer/BatchSize to version" in refused.value.words


async def _reached(scene: Scene, connections: Connections, organization: str, number: int) -> None:
    await events.deliver_block(
        connections,
        scene.peer(organization),
        "channel",
        number,
        scene.person(f"{organization}.user"),
        deadline=20,
        wait=True,
    )


async def test_an_update_needs_the_right_organization(scene: Scene, connections: Connections) -> None:
    """An application organization may submit, but not decide about ordering."""
    live = await _live(scene, connections)
    batch = replace(settings_of(live).batch, timeout="5s")
    message = _update(scene, live, batch, "alpha.admin")
    with pytest.raises(Refused) as refused:
        await orderer.broadcast(connections, scene.network.orderers[1], message, deadline=10)
    assert refused.value.status == common_pb2.BAD_REQUEST
    assert "policy for [Value]  /Channel/Orderer/BatchTimeout not satisfied: " in refused.value.words
