"""Every block of every real node is checked; one node has random bytes in the middle of its file."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from fabric_protos.common.common_pb2 import Block
from typer.testing import CliRunner, Result

from heddle.cli.app import app
from heddle.configtx.blocks import block_hash
from heddle.fabric import events, gateway
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.network.ledgers import LedgersReport, verify_ledgers
from heddle.network.network import Network
from tests.network.processes import network_of_processes
from tests.network.samples import use_network
from tests.provider.previews.others import change_batch
from tests.real.network import RealNetwork
from tests.real.steps import deploy_assets, make_channel

pytestmark = pytest.mark.real

DAMAGED = "organization-peer2"
TRANSACTIONS = 12


@pytest.fixture(scope="module")
def genesis_hash(real_network: RealNetwork) -> str:
    """The hash of block 0 of a channel with a chaincode, transactions, and a change of its configuration."""

    async def prepare() -> Block:
        async with Connections(DirectDialer()) as connections:
            genesis = await make_channel(connections, real_network)
            await deploy_assets(connections, real_network)
            for number in range(TRANSACTIONS):
                await _invoke(connections, real_network, number)
            await change_batch(real_network, max_message_count=20)
            await _invoke(connections, real_network, TRANSACTIONS)
            return genesis

    return block_hash(asyncio.run(prepare()).header).hex()


async def _invoke(connections: Connections, network: RealNetwork, number: int) -> None:
    (organization, *_) = network.organizations.values()
    arguments = ("put", f"a{number}", "ada", "7")
    await gateway.invoke(
        connections, network.peers[0], organization.user, "channel", "assets", arguments, deadline=30
    )


@pytest.fixture
def instance(real_network: RealNetwork, genesis_hash: str) -> Network:
    return network_of_processes(real_network, genesis_hash)


@pytest.fixture
def heddle(instance: Network, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command line, with this network as every stack."""
    use_network(monkeypatch, instance)
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments: CliRunner().invoke(app, ["channel", "verify", *arguments])


@pytest.fixture
def keeps_blocks_in_memory() -> bool:
    """Whether a node hands out the blocks since its start from memory, whatever its disk holds."""
    return True


async def _verified(instance: Network, *nodes: str) -> LedgersReport:
    async with Connections(DirectDialer()) as connections:
        return await verify_ledgers(instance, connections, "channel", nodes=nodes)


async def test_a_sound_channel_is_sound_on_every_node(instance: Network) -> None:
    """All blocks of orderers and peers, and every configuration from the genesis hash on."""
    report = await _verified(instance)
    assert report.sound, [(each.node, each.unread, each.damages) for each in report.ledgers]
    assert len(report.ledgers) == 5
    assert report.configurations == 2
    assert report.blocks > TRANSACTIONS
    assert {each.checked for each in report.ledgers if each.role == "orderer"} == {report.blocks}


async def test_one_node_alone_can_be_checked(instance: Network) -> None:
    """Its chain holds by itself, from the genesis hash on."""
    report = await _verified(instance, "orderer2")
    assert [each.node for each in report.ledgers] == ["orderer2"]
    assert report.sound


async def test_another_genesis_is_no_channel_of_this_stack(
    real_network: RealNetwork, instance: Network
) -> None:
    """Nothing of it holds, because nothing proves it."""
    report = await _verified(network_of_processes(real_network, "ab" * 32), "orderer1")
    assert not report.sound
    assert "expected abab" in report.ledgers[0].damages[0].reason


def test_random_bytes_in_the_middle_are_found(
    real_network: RealNetwork, heddle: Callable[..., Result], keeps_blocks_in_memory: bool
) -> None:
    """The node answers every other question as if all were well; the block is named, and only it."""
    status = CliRunner().invoke(app, ["status", "s"])
    number = 6
    block = asyncio.run(_block(real_network, number))
    restart = _restarter(real_network) if keeps_blocks_in_memory else lambda: None
    restore = _damage(real_network, DAMAGED, block)
    try:
        restart()
        assert CliRunner().invoke(app, ["status", "s"]).output == status.output
        done = heddle("s", "channel")
        alone = heddle("s", "channel", "--node", "orderer1")
    finally:
        restore()
        restart()
    assert done.exit_code == 1, done.output
    assert f"{DAMAGED}: block {number}: " in done.output
    assert done.output.count(f"{DAMAGED}: block") == 1
    assert done.output.count("✓ sound") == 4
    assert alone.exit_code == 0, alone.output
    assert heddle("s", "channel").exit_code == 0


def test_an_unknown_node_is_named(heddle: Callable[..., Result]) -> None:
    done = heddle("s", "channel", "--node", "orderer9")
    assert done.exit_code == 2
    assert "orderer1" in done.output


def _restarter(network: RealNetwork) -> Callable[[], None]:
    program = network.programs[DAMAGED]

    def restart() -> None:
        program.stop()
        program.start()
        program.wait()

    return restart


async def _block(network: RealNetwork, number: int) -> Block:
    """A block as the node that is to be damaged hands it out."""
    node = next(peer for peer in network.peers if peer.name == DAMAGED)
    admin = network.organization_of(node).admin
    async with Connections(DirectDialer()) as connections:
        return await events.deliver_block(connections, node, "channel", number, admin, deadline=10)


def _damage(network: RealNetwork, name: str, block: Block) -> Callable[[], None]:
    """Write random bytes into the block's first transaction in the node's files; return what undoes it."""
    envelope = block.data.data[0]
    places = [
        (path, content.index(envelope))
        for path in (network.folder / name / "production").rglob("*")
        if path.is_file() and envelope in (content := path.read_bytes())
    ]
    assert places, "the block is in none of the node's files"
    half = len(envelope) // 2
    noise = os.urandom(min(300, half))
    for path, start in places:
        _overwrite(path, start + half, noise)

    def restore() -> None:
        for path, start in places:
            _overwrite(path, start + half, envelope[half : half + len(noise)])

    return restore


def _overwrite(path: Path, position: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(position)
        file.write(content)
