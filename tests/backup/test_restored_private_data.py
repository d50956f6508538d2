"""Private data comes back from a backup alone: the only peer that had it is made anew."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fabric_protos.common.common_pb2 import Block

from heddle.backup.contents import Reader, Writer
from heddle.backup.copying import copy_channel
from heddle.backup.manifest import ChannelBackup, PeerBackup
from heddle.backup.privatedata import copy_private_data
from heddle.backup.restoring.private import store_chunks
from heddle.configtx.blocks import block_hash, commit_hash
from heddle.errors import FabricError
from heddle.fabric import cscc, events, gateway, installation
from heddle.fabric.connection import Connections
from heddle.fabric.definition import Definition
from heddle.fabric.dial import DirectDialer
from heddle.fabric.orderer import deliver_block
from heddle.fabric.qscc import height_if_admitted
from heddle.provider.collection_package import collections_bytes
from heddle.waiting import poll, retry
from tests.backup.samples import manifest, target
from tests.clients.conftest import PRICES
from tests.contract.standins import prepared_standins
from tests.network.processes import network_of_processes
from tests.programs import needs
from tests.real.network import RealNetwork, prepared_network
from tests.real.steps import Packaged, define, make_channel, run_chaincode

OWN = {**PRICES, "policy": "OR('AlphaMSP.member')"}


@pytest.fixture(params=["stand-ins", pytest.param("official", marks=needs("orderer", "peer"))])
def network(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RealNetwork]:
    """One orderer, and the only peer of the collection's only member."""
    prepared = prepared_standins if request.param == "stand-ins" else prepared_network
    network = prepared(tmp_path, orderers=1, peers={"alpha": 1})
    try:
        network.start()
        yield network
    finally:
        network.stop()


async def put_price(network: RealNetwork, connections: Connections, asset: str, price: bytes) -> None:
    user, peer = network.organizations["alpha"].user, network.peers[0]
    for call, transient in ((("put", asset, "ada", "7"), None), (("putPrice", asset), {"price": price})):
        await gateway.invoke(
            connections, peer, user, "channel", "priced", call, transient=transient, deadline=60
        )


async def price_of(network: RealNetwork, connections: Connections, asset: str) -> bytes:
    user, peer, call = network.organizations["alpha"].user, network.peers[0], ("getPrice", asset)

    async def ask(left: float) -> bytes:
        return await gateway.evaluate(connections, peer, user, "channel", "priced", call, deadline=left)

    # Gossip says after a moment that the peer has the chaincode.
    return await retry(ask, lambda error: "no peers available" in error.message, deadline=60)


async def made_anew(
    network: RealNetwork, connections: Connections, genesis: Block, package: Packaged
) -> None:
    """Have the peer, which has an empty ledger, join the channel, take all blocks and run the chaincode."""
    peer, admin = network.peers[0], network.organizations["alpha"].admin
    await connections.wait_until_ready(peer, deadline=60)
    await cscc.join_channel(connections, peer, "channel", genesis, admin, deadline=30)
    await installation.install(connections, peer, package.label, package.package, admin, deadline=30)
    newest = await deliver_block(
        connections, network.orderers[0], "channel", "newest", admin, deadline=20, best_effort=True
    )

    async def height(left: float) -> int:
        return await height_if_admitted(connections, peer, "channel", admin, deadline=left)

    assert await poll(height, lambda found: found > newest.header.number, deadline=60)


async def backed_up(
    network: RealNetwork,
    connections: Connections,
    genesis_hash: str,
    folder: Path,
    before: tuple[ChannelBackup, PeerBackup] | None = None,
) -> tuple[ChannelBackup, PeerBackup]:
    known = network_of_processes(network, genesis_hash)
    writer = Writer(target(folder), (), {})

    def quiet(_: str) -> None:
        return

    channel, peer = before or (None, None)
    now = await copy_channel(known, connections, "channel", channel, writer, quiet)
    return now, await copy_private_data(known, connections, "alpha", [now], peer, writer, quiet)


def lose(network: RealNetwork, files: dict[str, bytes]) -> None:
    """Take everything from the stopped peer but these files."""
    home = network.folder / network.peers[0].name / "production"
    shutil.rmtree(home)
    for path, content in files.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_bytes(content)


async def kept_in_two_backups(
    network: RealNetwork, place: Path
) -> tuple[Block, Packaged, ChannelBackup, PeerBackup]:
    """Make a channel with two prices, one in each of two backups that follow one another."""
    wanted = Definition(name="priced", version="1", sequence=1, collections=collections_bytes([OWN]))
    async with Connections(DirectDialer()) as connections:
        genesis = await make_channel(connections, network)
        packages = await run_chaincode(connections, network, "priced")
        await define(connections, network, wanted, packages)
        genesis_hash = block_hash(genesis.header).hex()
        await put_price(network, connections, "car", b"4711")
        first = await backed_up(network, connections, genesis_hash, place)
        await put_price(network, connections, "boat", b"x" * 70_000)
        channel, peer = await backed_up(network, connections, genesis_hash, place, first)
    assert len(peer.files) == len(first[1].files) + 1
    assert peer.heights == {"channel": channel.height}
    assert channel.commit_hash not in (None, first[0].commit_hash)
    return genesis, packages["alpha"], channel, peer


async def store_of(peer: PeerBackup, place: Path) -> dict[str, bytes]:
    """Return the files with which a peer of the backup begins."""
    files: dict[str, bytes] = {}
    for chunk in await store_chunks(Reader(target(place), manifest()), peer, ["channel"]):
        assert chunk.offset == len(files.get(chunk.path, b""))
        files[chunk.path] = files.get(chunk.path, b"") + chunk.content
    return files


async def commit_hash_of(network: RealNetwork, connections: Connections, number: int) -> str:
    """Return what the peer has as its hash of the state after a block."""
    peer, admin = network.peers[0], network.organizations["alpha"].admin
    block = await events.deliver_block(connections, peer, "channel", number, admin, deadline=20)
    return commit_hash(block).hex()


async def test_a_peer_made_anew_has_its_private_data(network: RealNetwork, tmp_path: Path) -> None:
    """What the backups hold comes back, of the first and of the one after it; without them it is lost."""
    kept = tmp_path / "kept"
    kept.mkdir()
    program = network.programs[network.peers[0].name]
    # For each block without its private data it asks other peers, of which there are none, for so long.
    program.environment["CORE_PEER_GOSSIP_PVTDATA_PULLRETRYTHRESHOLD"] = "1s"
    genesis, package, channel, peer = await kept_in_two_backups(network, kept)
    files = await store_of(peer, kept)

    program.stop()
    lose(network, {})
    program.start()
    async with Connections(DirectDialer()) as connections:
        await made_anew(network, connections, genesis, package)
        with pytest.raises(FabricError, match=r"has no price|private data matching public hash"):
            await price_of(network, connections, "car")

    program.stop()
    lose(network, files)
    program.start()
    async with Connections(DirectDialer()) as connections:
        await made_anew(network, connections, genesis, package)
        assert await price_of(network, connections, "car") == b"4711"
        assert await price_of(network, connections, "boat") == b"x" * 70_000
        assert await commit_hash_of(network, connections, channel.height - 1) == channel.commit_hash
        await put_price(network, connections, "plane", b"1")
