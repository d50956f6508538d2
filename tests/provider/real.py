"""A network of nodes of its own, and what the provider is asked to make of it."""

import asyncio
from dataclasses import replace
from typing import Any

from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.envelope import sign_update, update_envelope
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.fabric.orderer import broadcast
from heddle.plugin import interface as api
from heddle.provider.channel.client import ChannelClient, LiveConfig
from heddle.provider.channel.state import history_of
from heddle.waiting import Deadline
from tests.provider.harness import (
    Engine,
    channel_value,
    node_value,
    plain,
    signer_value,
    urn,
)
from tests.provider.tokens import APPROVAL, CHANNEL, DEFINITION, INSTALLATION, MEMBERSHIP, PACKAGE
from tests.real.network import RealNetwork


def channel_inputs(network: RealNetwork, **changes: Any) -> dict[str, Any]:
    signers = [network.ordering.admin, *(one.admin for one in network.organizations.values())]
    value = channel_value(network.settings(), network.orderers, signers, network.admin_tls)
    return value | changes


def membership_inputs(network: RealNetwork, number: int, genesis_hash: str) -> dict[str, Any]:
    peer = network.peers[number]
    return {
        "channel": "channel",
        "genesisHash": genesis_hash,
        "peer": node_value(peer),
        "orderers": [node_value(node) for node in network.orderers],
        "signer": signer_value(network.organization_of(peer).admin),
    }


async def put_all_in_force(network: RealNetwork, engine: Engine) -> dict[str, Any]:
    channel = await engine.up(CHANNEL, "channel", channel_inputs(network))
    await asyncio.gather(
        *(
            engine.up(
                MEMBERSHIP, f"member-{number}", membership_inputs(network, number, channel["genesisHash"])
            )
            for number in range(len(network.peers))
        )
    )
    await put_chaincode_in_force(network, engine)
    return channel


async def put_chaincode_in_force(network: RealNetwork, engine: Engine, **changes: Any) -> None:
    organization = network.organizations["organization"]
    root = organization.tls_authority.certificate.decode()
    package = await engine.up(
        PACKAGE, "package", {"label": "assets_1", "address": "localhost:9999", "tlsRootCertificate": root}
    )
    common = {"signer": signer_value(organization.admin)}
    shipped = {key: package[key] for key in ("label", "package", "packageId")}
    await asyncio.gather(
        *(
            engine.up(INSTALLATION, f"install-{peer.name}", {**common, **shipped, "peer": node_value(peer)})
            for peer in network.peers
        )
    )
    orderers = [node_value(node) for node in network.orderers]
    definition = {
        "channel": "channel",
        "name": "assets",
        "version": "1.0",
        "sequence": 1,
        "genesisHash": engine.outputs["channel"]["genesisHash"],
        "orderers": orderers,
        **common,
        **changes,
    }
    peers = [node_value(peer) for peer in network.peers]
    approval = {**definition, "packageId": package["packageId"], "peer": peers[0]}
    await engine.up(APPROVAL, "approval", approval)
    await engine.up(DEFINITION, "definition", {**definition, "peers": peers})


def without_orderers(network: RealNetwork, *names: str) -> dict[str, Any]:
    """The changes of a Channel's inputs that leave some orderers out."""
    value = channel_inputs(network)
    gone = {f"{node.host}:{node.port}" for node in network.orderers if node.name in names}
    organization = value["ordererOrganizations"][0]
    endpoints = [one for one in organization["endpoints"] if one not in gone]
    return {
        "orderers": [one for one in value["orderers"] if one["name"] not in names],
        "consenters": [one for one in value["consenters"] if one["node"] not in names],
        "ordererOrganizations": [{**organization, "endpoints": endpoints}],
    }


async def update_channel(engine: Engine, news: dict[str, Any], *, seconds: float) -> None:
    inputs = await engine.check(CHANNEL, "channel", news)
    await engine.provider.update(
        api.UpdateRequest(
            urn=urn(CHANNEL, "channel"),
            type=CHANNEL,
            name="channel",
            id="channel",
            old_inputs=engine.inputs["channel"],
            old_outputs=engine.outputs["channel"],
            news=inputs,
            timeout=seconds,
        )
    )


async def live_config(network: RealNetwork, engine: Engine, asked: str = "orderer1") -> LiveConfig:
    node = next(node for node in network.orderers if node.name == asked)
    async with Connections(DirectDialer()) as connections:
        inputs = plain(await engine.check(CHANNEL, "x", channel_inputs(network)))
        history = history_of("channel", engine.outputs["channel"])
        client = ChannelClient.of(connections, inputs, history=history)
        return await client.live_once_led(Deadline(10), [node])


async def change_from_outside(network: RealNetwork, engine: Engine, **batch: Any) -> None:
    """Another administrator changes the batch."""
    live = await live_config(network, engine)
    settings = replace(live.settings, batch=replace(live.settings.batch, **batch))
    update = compute_update("channel", live.config, apply_settings(live.config, settings, None))
    content = update.SerializeToString()
    admin = network.ordering.admin
    envelope = update_envelope(content, [sign_update(content, admin)], admin)
    async with Connections(DirectDialer()) as connections:
        await broadcast(connections, network.orderers[0], envelope, deadline=5)
    await wait_for_sequence(network, engine, live.sequence + 1)


async def wait_for_sequence(network: RealNetwork, engine: Engine, sequence: int) -> None:
    """Return once the configuration has this sequence."""
    clock = Deadline(10)
    while (await live_config(network, engine)).sequence < sequence:
        assert not clock.passed()
        await asyncio.sleep(0.05)
