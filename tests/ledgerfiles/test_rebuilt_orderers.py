"""An ordering service goes on from blocks alone: Fabric's own orderers, on files that Heddle wrote."""

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fabric_protos.common.common_pb2 import Block

from heddle.configtx.blocks import block_hash, config_of, is_config_block, last_config_index
from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.envelope import sign_update, update_envelope
from heddle.configtx.read import settings_of
from heddle.configtx.settings import BFT
from heddle.fabric import orderer, participation, qscc
from heddle.fabric.connection import Connections
from heddle.fabric.deliver import Position
from heddle.fabric.dial import DirectDialer
from heddle.fabric.node import Node
from heddle.ledgerfiles.blockfile import BlockFiles, file_name, orderer_block, record
from heddle.ledgerfiles.raftlog import raft_files
from tests.contract.messages import offered
from tests.contract.test_bft import QUICK
from tests.ledgerfiles.blockfiles import block_files, blocks_in
from tests.programs import needs
from tests.real.network import RealNetwork, prepared_network
from tests.real.steps import make_channel

pytestmark = needs("orderer", "peer")
CHANNEL = "channel"


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    """Four orderers and a peer; they have no channel yet."""
    network = prepared_network(tmp_path, orderers=4, peers={"alpha": 1})
    try:
        network.start()
        yield network
    finally:
        network.stop()


def _home(network: RealNetwork, node: Node) -> Path:
    return network.folder / node.name


def _orderers_file(network: RealNetwork, node: Node) -> bytes:
    return (_home(network, node) / "ledger/chains" / CHANNEL / file_name(0)).read_bytes()


def _peers_file(network: RealNetwork) -> bytes:
    chains = _home(network, network.peers[0]) / "production/ledgersData/chains/chains"
    return (chains / CHANNEL / file_name(0)).read_bytes()


def _stop(network: RealNetwork, nodes: Sequence[Node]) -> None:
    for node in nodes:
        network.programs[node.name].stop()


def _rebuild(network: RealNetwork, nodes: Sequence[Node], blocks: Sequence[Block], *, raft: bool) -> None:
    """Leave stopped orderers nothing but these blocks, and for Raft a log that begins with the last one."""
    for node in nodes:
        home = _home(network, node)
        for folder in ("ledger", "wal", "snap"):
            shutil.rmtree(home / folder, ignore_errors=True)
        for number, content in block_files(blocks, BlockFiles()):
            _write(home / "ledger/chains" / CHANNEL / file_name(number), content)
        files = raft_files(blocks[-1]) if raft else None
        if files is not None:
            _write(home / "wal" / CHANNEL / files.log_name, files.log)
            _write(home / "snap" / CHANNEL / files.snapshot_name, files.snapshot)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(content)


async def _block(network: RealNetwork, connections: Connections, node: Node, number: Position) -> Block:
    reader = network.ordering.admin
    return await orderer.deliver_block(
        connections, node, CHANNEL, number, reader, deadline=30, best_effort=True
    )


async def _order(network: RealNetwork, connections: Connections, nodes: Sequence[Node], count: int) -> int:
    """Have the orderers order a change of the batches' size; return the height that they all have then."""
    changed = {"batch": replace(network.settings().batch, max_message_count=count)}
    return await _change(network, connections, nodes, changed)


async def _change(
    network: RealNetwork, connections: Connections, nodes: Sequence[Node], changes: dict[str, Any]
) -> int:
    admin = network.ordering.admin
    async with asyncio.timeout(60):
        while True:
            newest = await _block(network, connections, nodes[0], "newest")
            config = config_of(await _block(network, connections, nodes[0], last_config_index(newest))).config
            edited = apply_settings(config, replace(settings_of(config, channel=CHANNEL), **changes), None)
            content = compute_update(CHANNEL, config, edited).SerializeToString(deterministic=True)
            envelope = update_envelope(content, [sign_update(content, admin)], admin)
            status, words = await offered(connections, nodes[0], envelope)
            if status == "SUCCESS":
                break
            # Right after a start there is no leader, or it has not heard the others yet.
            assert status == "SERVICE_UNAVAILABLE" or "nodes are alive" in words, words
            await asyncio.sleep(0.2)
    height = int(newest.header.number) + 2
    for node in nodes:
        await _at(network, connections, node, height)
    return height


async def _at(network: RealNetwork, connections: Connections, node: Node, height: int) -> None:
    await participation.wait_until(
        connections,
        node,
        CHANNEL,
        network.admin_tls,
        lambda info: info.height >= height and info.status == "active",
        deadline=30,
        wanted=f"at height {height}",
    )


async def _hashes(
    network: RealNetwork, connections: Connections, nodes: Sequence[Node], number: int
) -> set[bytes]:
    blocks = [await _block(network, connections, node, number) for node in nodes]
    return {block_hash(block.header) for block in blocks}


async def _peer_at(connections: Connections, network: RealNetwork, height: int) -> None:
    """Wait until the peer has a height."""
    peer = network.peers[0]
    async with asyncio.timeout(60):
        while True:
            info = await qscc.chain_info(
                connections, peer, CHANNEL, network.organizations["alpha"].admin, deadline=10
            )
            if info.height >= height:
                return
            await asyncio.sleep(0.2)


async def test_raft_goes_on_from_a_peers_blocks(network: RealNetwork) -> None:
    """After all orderers lost all: same blocks, new ones, also after one more restart.

    The last block is the one by which the fourth consenter joined: who votes is taken from there.
    """
    four = network.orderers
    three = tuple(network.consenter(node) for node in four[:3])
    settings = network.settings(consenters=three)
    async with Connections(DirectDialer()) as connections:
        await make_channel(connections, network, settings)
        await _order(network, connections, four[:3], 11)
        everybody = (*three, network.consenter(four[3]))
        height = await _change(network, connections, four, {"consenters": everybody})
        tips = await _hashes(network, connections, four, height - 1)
        await _peer_at(connections, network, height)
    _stop(network, four)
    written = _orderers_file(network, four[0])
    blocks = [orderer_block(block) for block in blocks_in(_peers_file(network))]
    assert b"".join(map(record, blocks_in(written))) == written
    for own, peers in zip(blocks_in(written), blocks, strict=True):
        assert (own.header, own.data) == (peers.header, peers.data)
        # Each orderer signs for itself; the rest is the same.
        assert own.metadata.metadata[1:] == peers.metadata.metadata[1:]
    assert is_config_block(blocks[-1])
    _rebuild(network, four, blocks, raft=True)
    network.start()
    async with Connections(DirectDialer()) as connections:
        assert await _hashes(network, connections, four, height - 1) == tips
        after = await _order(network, connections, four, 12)
        assert after == height + 1
    _stop(network, four)
    network.start()
    async with Connections(DirectDialer()) as connections:
        after = await _order(network, connections, four, 13)
        assert after == height + 2
        assert len(await _hashes(network, connections, four, after - 1)) == 1
        await _peer_at(connections, network, after)


async def test_an_old_log_is_not_heard(network: RealNetwork) -> None:
    """A consenter that comes back with blocks above the restored height never leads, and stops nobody.

    It cannot tell others what it does not have; when they reach its height, its ledger refuses their block.
    """
    four, three = network.orderers, network.orderers[:3]
    old = network.programs[four[3].name]
    async with Connections(DirectDialer()) as connections:
        await make_channel(connections, network)
        height = await _order(network, connections, four, 11)
        for number in (12, 13, 14):
            await _order(network, connections, four, number)
    _stop(network, four)
    blocks = list(blocks_in(_orderers_file(network, four[0])))[:height]
    _rebuild(network, three, blocks, raft=True)
    network.start()
    async with Connections(DirectDialer()) as connections:
        for number in range(21, 27):
            await _order(network, connections, three, number)
        async with asyncio.timeout(60):
            while old.running:  # noqa: ASYNC110 - a process of its own
                await asyncio.sleep(0.2)
        assert "unexpected Previous block hash" in old.tail(60)
        assert await _order(network, connections, three, 31) == height + 7
        assert len(await _hashes(network, connections, three, height + 6)) == 1


async def test_bft_goes_on_from_blocks(network: RealNetwork) -> None:
    """It needs no log: its view and its sequence are in the blocks."""
    four = network.orderers
    settings = network.settings(consensus=BFT, bft=QUICK)
    async with Connections(DirectDialer()) as connections:
        await make_channel(connections, network, settings)
        for number in (11, 12):
            height = await _order(network, connections, four, number)
        tips = await _hashes(network, connections, four, height - 1)
    _stop(network, four)
    _rebuild(network, four, list(blocks_in(_orderers_file(network, four[0]))), raft=False)
    network.start()
    async with Connections(DirectDialer()) as connections:
        assert await _hashes(network, connections, four, height - 1) == tips
        for number in (13, 14):
            after = await _order(network, connections, four, number)
        assert after == height + 2


async def test_a_channel_of_its_genesis_block(network: RealNetwork) -> None:
    """Nothing was ordered yet: all begin together, as they did the first time."""
    four = network.orderers
    settings = network.settings()
    async with Connections(DirectDialer()) as connections:
        await make_channel(connections, network, settings)
    _stop(network, four)
    _rebuild(network, four, list(blocks_in(_orderers_file(network, four[0]))), raft=True)
    network.start()
    async with Connections(DirectDialer()) as connections:
        height = await _order(network, connections, four, 13)
        assert height == 2
