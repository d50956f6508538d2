"""What requests to the participation API carry: blocks and envelopes by name, good ones and bad ones.

A name that stands for nothing is its own content.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from fabric_protos.common import common_pb2, configtx_pb2

from heddle.configtx.blocks import config_of, data_hash, is_config_block
from heddle.configtx.genesis import genesis_block
from heddle.errors import Refused
from heddle.fabric import orderer
from heddle.fabric.connection import Connections
from heddle.waiting import poll
from tests.contract.messages import envelope
from tests.contract.scene import Scene
from tests.contract.updates import edited, signed_update

__all__ = ["content"]


async def content(scene: Scene, connections: Connections, name: str) -> bytes:
    """The bytes that a name stands for."""
    made = _MADE.get(name)
    if made is not None:
        return bytes((await made(scene, connections)).SerializeToString())
    if name in _BLOCKS:
        return bytes(_BLOCKS[name](scene).SerializeToString())
    return bytes(2 << 20) if name == "two megabytes" else name.encode()


# --- blocks


def _other_genesis(scene: Scene, case: Mapping[str, Any], **changes: Any) -> common_pb2.Block:
    """The genesis block of a channel `other` with an edited configuration."""
    block = genesis_block(replace(scene.network.settings("other"), **changes))
    message = common_pb2.Envelope.FromString(block.data.data[0])
    payload = common_pb2.Payload.FromString(message.payload)
    config = configtx_pb2.ConfigEnvelope.FromString(payload.data)
    config.config.CopyFrom(edited(config.config, case, {}))
    payload.data = config.SerializeToString()
    message.payload = payload.SerializeToString()
    block.data.data[0] = message.SerializeToString()
    block.header.data_hash = data_hash(block.data)
    return block


def _without_metadata(scene: Scene) -> common_pb2.Block:
    block = _other_genesis(scene, {})
    block.ClearField("metadata")
    return block


def _without_match(scene: Scene) -> common_pb2.Block:
    block = _other_genesis(scene, {})
    block.header.data_hash = bytes(32)
    return block


def _of(case: Mapping[str, Any], **changes: Any) -> Callable[[Scene], common_pb2.Block]:
    return lambda scene: _other_genesis(scene, case, **changes)


_BLOCKS: Mapping[str, Callable[[Scene], common_pb2.Block]] = {
    "genesis": lambda scene: scene.genesis,
    "no block metadata": _without_metadata,
    "other data than the header's": _without_match,
    "no application": _of({"delete": ["/Channel/Application"]}),
    "no ordering": _of({"delete": ["/Channel/Orderer"]}),
    "a system channel": _of({"groups": ["/Channel/Consortiums"]}),
    "an unknown capability": _of(
        {"change": {"/Channel/Capabilities": {"capabilities": {"V3_0": {}, "V9_9": {}}}}}
    ),
    "an unknown consensus": _of({"change": {"/Channel/Orderer/ConsensusType": {"type": "solo"}}}),
    "no endpoints": _of({"change": {"/Channel/Orderer/ordering/Endpoints": {"addresses": []}}}),
    "no batch": _of({"change": {"/Channel/Orderer/BatchSize": {"max_message_count": 0}}}),
    "BFT of no patience": _of(
        {"change": {"/Channel/Orderer/ConsensusType": {"metadata": {"view_change_timeout": "0s"}}}},
        consensus="BFT",
    ),
    "BFT of a stranger": _of(
        {"change": {"/Channel/Orderer/Orderers": {"consenter_mapping": [{"msp_id": "StrangerMSP"}]}}},
        consensus="BFT",
    ),
}


# --- what is made of the channel as it is


async def _transactions(scene: Scene, connections: Connections) -> common_pb2.Block:
    node, signer = scene.network.orderers[0], scene.person("alpha.admin")
    number = 1
    while True:
        block = await orderer.deliver_block(connections, node, "channel", number, signer, deadline=5)
        if not is_config_block(block):
            return block
        number += 1


def _message(kind: int, channel: str, data: bytes = b"") -> Callable[..., Awaitable[Any]]:
    async def make(scene: Scene, _: Connections) -> common_pb2.Envelope:
        return envelope(kind, channel, data, scene.person("ordering.admin"))

    return make


def _update(case: Mapping[str, Any], *people: str) -> Callable[..., Awaitable[Any]]:
    async def make(scene: Scene, connections: Connections) -> common_pb2.Envelope:
        live = config_of(await _newest_configuration(scene, connections)).config
        return signed_update("channel", live, edited(live, case, {}), [scene.person(name) for name in people])

    return make


async def _stale(scene: Scene, connections: Connections) -> common_pb2.Envelope:
    """An update of the channel's first configuration, once the node has a newer one."""
    first = config_of(scene.genesis).config
    admin = scene.person("ordering.admin")
    if not (await _newest_configuration(scene, connections)).header.number:
        newer = signed_update("channel", first, edited(first, _BATCH, {}), [admin])
        with suppress(Refused):  # that of the case before may be on its way
            await orderer.broadcast(connections, scene.network.orderers[0], newer, deadline=10)
    await poll(
        lambda _: _newest_configuration(scene, connections),
        lambda block: bool(block.header.number),
        deadline=20,
        otherwise=lambda block: AssertionError(
            f"the newest configuration is still block {block.header.number}"
        ),
    )
    case = {"change": {"/Channel/Orderer/BatchSize": {"max_message_count": 78}}}
    return signed_update("channel", first, edited(first, case, {}), [admin])


async def _newest_configuration(scene: Scene, connections: Connections) -> common_pb2.Block:
    node, admin = scene.network.orderers[0], scene.person("ordering.admin")
    return await orderer.config_block(connections, node, "channel", admin, deadline=10)


_BATCH = {"change": {"/Channel/Orderer/BatchSize": {"max_message_count": 77}}}
_MADE: Mapping[str, Callable[..., Awaitable[Any]]] = {
    "transactions": _transactions,
    "newest configuration": _newest_configuration,
    "a transaction": _message(common_pb2.ENDORSER_TRANSACTION, "channel"),
    "an update of no channel": _message(common_pb2.CONFIG_UPDATE, ""),
    "an update of nothing": _message(common_pb2.CONFIG_UPDATE, "channel"),
    "an update": _update(_BATCH, "ordering.admin"),
    "another update": _update(
        {"change": {"/Channel/Orderer/BatchSize": {"max_message_count": 79}}}, "ordering.admin"
    ),
    "an update of a stranger": _update(_BATCH, "stranger.admin"),
    "an update that nobody agreed to": _update(_BATCH, "alpha.admin"),
    "an update to a bad value": _update(
        {"change": {"/Channel/Orderer/BatchSize": {"max_message_count": 0}}}, "ordering.admin"
    ),
    "a stale update": _stale,
}
