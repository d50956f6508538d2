"""What others do meanwhile: administrators with Heddle's own clients, or with the official programs."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from heddle.configtx.blocks import config_of
from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.envelope import sign_update, update_envelope
from heddle.configtx.read import settings_of
from heddle.fabric import lifecycle
from heddle.fabric.connection import Connections
from heddle.fabric.definition import Definition
from heddle.fabric.dial import DirectDialer
from heddle.fabric.node import Node
from heddle.fabric.orderer import broadcast, config_block
from heddle.provider.collection_package import collections_bytes
from heddle.waiting import Deadline
from tests.provider.previews.world import COLLECTION
from tests.real.network import Organization, RealNetwork

__all__ = ["OfficialOthers", "Others", "OwnOthers", "change_batch"]

FULL = {
    **COLLECTION,
    "requiredPeerCount": 0,
    "maxPeerCount": 1,
    "blockToLive": 0,
    "memberOnlyRead": True,
    "memberOnlyWrite": True,
}


class Others(Protocol):
    """Changes behind the stack's back, each in force when the call returns."""

    async def change_batch(self, messages: int) -> None:
        """Another number of messages in a block."""

    async def commit(self, package_id: str) -> None:
        """Version 2.0 of the chaincode, sequence 2, collections as they are."""

    async def leave(self, peer: Node) -> None:
        """The peer gives its channel up."""


class OwnOthers:
    """With Heddle's own clients, and on stand-ins' disks."""

    def __init__(self, network: RealNetwork) -> None:
        self.network = network

    async def change_batch(self, messages: int) -> None:
        await change_batch(self.network, max_message_count=messages)

    async def commit(self, package_id: str) -> None:
        network = self.network
        wanted = Definition(name="assets", version="2.0", sequence=2, collections=collections_bytes([FULL]))
        first = _first_peers(network)
        async with Connections(DirectDialer()) as connections:
            for owner, peer in first:
                args = (connections, peer, network.orderers[:3], "channel", wanted, package_id, owner.admin)
                await lifecycle.approve(*args, deadline=20)
            peers = [peer for _, peer in first]
            admin = first[0][0].admin
            await lifecycle.commit(
                connections, peers, network.orderers[:3], "channel", wanted, admin, deadline=20
            )

    async def leave(self, peer: Node) -> None:
        program = self.network.programs[peer.name]
        program.stop()
        shutil.rmtree(self.network.folder / peer.name / "production/ledgersData")
        program.start()
        program.wait()


class OfficialOthers:
    """With `peer` and `configtxlator`."""

    def __init__(self, network: RealNetwork) -> None:
        self.network = network
        self.orderer = network.orderers[0]
        self.folder = network.folder / "others"
        self.folder.mkdir()
        self.cafile = self._file("orderer.pem", self.orderer.tls_root_certificates[0])

    async def change_batch(self, messages: int) -> None:
        peer = self._peer(self.network.ordering, self.network.peers[0])
        block, update = self.folder / "block.pb", self.folder / "update.pb"
        peer("channel", "fetch", "config", str(block), "-c", "channel", *self._orderer())
        decoded = json.loads(self._translate("proto_decode", "common.Block", block.read_bytes()))
        config = decoded["data"]["data"][0]["payload"]["data"]["config"]
        old = self._translate("proto_encode", "common.Config", json.dumps(config).encode())
        size = config["channel_group"]["groups"]["Orderer"]["values"]["BatchSize"]["value"]
        size["max_message_count"] = messages
        new = self._translate("proto_encode", "common.Config", json.dumps(config).encode())
        delta = self._compute(old, new)
        content = json.loads(self._translate("proto_decode", "common.ConfigUpdate", delta))
        header = {"channel_header": {"channel_id": "channel", "type": 2}}
        envelope = {"payload": {"header": header, "data": {"config_update": content}}}
        encoded = self._translate("proto_encode", "common.Envelope", json.dumps(envelope).encode())
        update.write_bytes(encoded)
        peer("channel", "update", "-f", str(update), "-c", "channel", *self._orderer())
        await _wait_for_batch(self.network, messages)

    async def commit(self, package_id: str) -> None:
        # The official names of the fields are Heddle's; what is left out is false there.
        collections = self._file("collections.json", json.dumps([FULL]).encode())
        definition = ["--channelID", "channel", "--name", "assets", "--version", "2.0", "--sequence", "2"]
        definition += ["--collections-config", collections, *self._orderer()]
        first = _first_peers(self.network)
        for owner, node in first:
            peer = self._peer(owner, node)
            verb = ("lifecycle", "chaincode", "approveformyorg", "--package-id", package_id)
            peer(*verb, *definition)
        endorsers = []
        for owner, node in first:
            root = self._file(f"{owner.name}.pem", node.tls_root_certificates[0])
            endorsers += ["--peerAddresses", f"{node.host}:{node.port}", "--tlsRootCertFiles", root]
        owner, node = first[0]
        self._peer(owner, node)("lifecycle", "chaincode", "commit", *definition, *endorsers)

    async def leave(self, peer: Node) -> None:
        program = self.network.programs[peer.name]
        program.stop()
        home = self.network.folder / peer.name
        await asyncio.to_thread(
            subprocess.run,
            [self.network.release.program("peer"), "node", "unjoin", "-c", "channel"],
            env={"PATH": os.environ["PATH"], "FABRIC_CFG_PATH": str(home)},
            capture_output=True,
            check=True,
            timeout=60,
        )
        program.start()
        program.wait()

    def _peer(self, owner: Organization, node: Node) -> Callable[..., str]:
        return self.network.official_peer(owner, node, owner.admin)

    def _orderer(self) -> list[str]:
        return ["-o", f"{self.orderer.host}:{self.orderer.port}", "--tls", "--cafile", self.cafile]

    def _file(self, name: str, content: bytes) -> str:
        (self.folder / name).write_bytes(content)
        return str(self.folder / name)

    def _translate(self, verb: str, kind: str, content: bytes) -> bytes:
        return self._configtxlator(verb, "--type", kind, "--input", self._file("in", content))

    def _compute(self, old: bytes, new: bytes) -> bytes:
        files = ("--original", self._file("old", old), "--updated", self._file("new", new))
        return self._configtxlator("compute_update", "--channel_id", "channel", *files)

    def _configtxlator(self, *arguments: str) -> bytes:
        out = self.folder / "out"
        program = Path(self.network.release.program("peer")).parent / "configtxlator"
        subprocess.run(
            [str(program), *arguments, "--output", str(out)], capture_output=True, check=True, timeout=60
        )
        return out.read_bytes()


def _first_peers(network: RealNetwork) -> list[tuple[Organization, Node]]:
    """Alpha and beta, each with its first peer."""
    owners = [network.organizations[name] for name in ("alpha", "beta")]
    return [(one, next(node for node in network.peers if node.msp_id == one.msp.msp_id)) for one in owners]


async def change_batch(network: RealNetwork, **batch: Any) -> None:
    """Set something of the batch, and wait until it is in force."""
    admin, node = network.ordering.admin, network.orderers[0]
    async with Connections(DirectDialer()) as connections:
        config = config_of(await config_block(connections, node, "channel", admin, deadline=10)).config
        live = settings_of(config, channel="channel")
        settings = replace(live, batch=replace(live.batch, **batch))
        update = compute_update("channel", config, apply_settings(config, settings, None))
        content = update.SerializeToString()
        envelope = update_envelope(content, [sign_update(content, admin)], admin)
        await broadcast(connections, node, envelope, deadline=10)
    await _wait_for_batch(network, settings.batch.max_message_count)


async def _wait_for_batch(network: RealNetwork, messages: int) -> None:
    async with Connections(DirectDialer()) as connections:
        clock = Deadline(20)
        while True:
            block = await config_block(
                connections, network.orderers[0], "channel", network.ordering.admin, deadline=clock.left()
            )
            if settings_of(config_of(block).config).batch.max_message_count == messages:
                return
            await asyncio.sleep(0.05)
