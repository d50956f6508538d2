"""Bringing a peer back: each step does only what is missing. On stand-ins; every test has a fresh peer."""

import asyncio
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from heddle.configtx.blocks import block_hash
from heddle.errors import FabricError
from heddle.fabric import cscc, qscc
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.network.network import Network
from heddle.runbooks.context import Approval, Package
from heddle.runbooks.rejoin import Rejoining
from tests.contract.damage import spoil_blocks
from tests.contract.standins import prepared_standins
from tests.network.processes import network_of_processes
from tests.real.network import RealNetwork, running
from tests.real.steps import Deployed, deploy_assets, make_channel

FRESH = 7


@dataclass
class Scene:
    """A channel with a chaincode, and peers that the stack puts on it and that run with an empty ledger."""

    processes: RealNetwork
    network: Network
    deployed: Deployed
    fresh: list[str]

    def rejoining(
        self, connections: Connections, *, genesis_hash: str = "", patience: float = 20, peer: str = ""
    ) -> Rejoining:
        """Return the steps for a peer that no other test has had."""
        network, name = self.network, peer or self.fresh.pop()
        if genesis_hash:
            channel = replace(network.instance.channels["channel"], genesis_hash=genesis_hash)
            network = replace(network, instance=replace(network.instance, channels={"channel": channel}))
        node = next(each for each in network.instance.peers if each.name == name)
        return Rejoining(network, connections, node, patience=patience)

    async def joined(self, connections: Connections, peer: str) -> tuple[str, ...]:
        """Return the channels that a peer says it has."""
        node = next(each for each in self.processes.peers if each.name == peer)
        admin = self.processes.organization_of(node).admin
        return await cscc.channels(connections, node, admin, deadline=10)

    def package(self, peer: str) -> Package:
        """Return the chaincode's package as the stack's state has it for a peer."""
        content = b64encode(self.deployed.package).decode()
        return Package(
            peer=peer, label=self.deployed.label, package_id=self.deployed.package_id, content=content
        )

    @property
    def approval(self) -> Approval:
        """Return the first organization's approval as the stack's state has it."""
        package_id = self.deployed.package_id
        return Approval(msp_id="AlphaMSP", channel="channel", name="assets", package_id=package_id)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Two organizations; the second's only peer is on the channel, so is the first of the first."""
    folder = tmp_path_factory.mktemp("standins")
    processes = prepared_standins(folder, orderers=1, peers={"alpha": 1 + FRESH, "beta": 1})
    for _ in running(processes):
        yield asyncio.run(prepared(processes))


async def prepared(processes: RealNetwork) -> Scene:
    """Return the scene once channel and chaincode are there, made by the peers that are not fresh."""
    every = list(processes.peers)
    processes.peers[:] = [every[0], every[-1]]
    async with Connections(DirectDialer()) as connections:
        genesis = await make_channel(connections, processes)
        deployed = await deploy_assets(connections, processes)
    processes.peers[:] = every
    network = network_of_processes(processes)
    channel = replace(network.instance.channels["channel"], genesis_hash=block_hash(genesis.header).hex())
    network = replace(network, instance=replace(network.instance, channels={"channel": channel}))
    return Scene(processes, network, deployed, fresh=[each.name for each in every[1:-1]])


async def test_missing_channels_are_joined_once(scene: Scene, connections: Connections) -> None:
    """A channel that the peer has joined is left alone."""
    rejoining = scene.rejoining(connections)
    assert (await rejoining.join()).channels == ("channel",)
    assert (await rejoining.join()).channels == ()


async def test_a_ledger_that_is_not_open_is_not_joined(scene: Scene, connections: Connections) -> None:
    """The peer has it, and says 'already exists' whenever it is asked to join."""
    peer = scene.fresh.pop()
    rejoining = scene.rejoining(connections, peer=peer)
    await rejoining.join()
    await rejoining.catch_up()
    node, program = rejoining._node, scene.processes.programs[peer]
    program.stop()
    spoil_blocks(scene.processes, node, "channel", standin=True)
    program.start()
    program.wait()

    found = await rejoining.join()

    assert (found.channels, list(found.unopened)) == ((), ["channel"])
    assert "could not open it" in found.unopened["channel"]


async def test_a_foreign_block_0_is_never_joined_with(scene: Scene, connections: Connections) -> None:
    """Its hash is the stack's, or the channel is another; every orderer's answer is told."""
    peer = scene.fresh.pop()
    with pytest.raises(FabricError, match=r"no orderer handed out block 0 of channel.*\n.*hash") as error:
        await scene.rejoining(connections, genesis_hash="ff" * 32, peer=peer).join()
    assert "ffff" in str(error.value)
    assert await scene.joined(connections, peer) == ()


async def test_its_own_missing_packages_are_installed(scene: Scene, connections: Connections) -> None:
    """Another peer's are not, nor those that it has."""
    peer = scene.fresh.pop()
    rejoining = scene.rejoining(connections, peer=peer)
    other = replace(scene.package("alpha-peer1"), label="other", package_id="other:1")
    packages = [scene.package(peer), other]

    assert await rejoining.install(packages) == [scene.deployed.label]
    assert await rejoining.install(packages) == []


async def test_it_is_level_and_knows_its_approvals(scene: Scene, connections: Connections) -> None:
    """It waits for its blocks, and for what another peer of its organization hands over."""
    rejoining = scene.rejoining(connections)
    await rejoining.join()
    orderers_height = await qscc.chain_info(
        connections,
        scene.processes.peers[0],
        "channel",
        scene.processes.organizations["alpha"].admin,
        deadline=10,
    )

    heights = await rejoining.catch_up()

    assert heights["channel"] + 1 >= orderers_height.height > 2
    assert await rejoining.know_approvals([scene.approval]) == ["assets on channel"]


async def test_a_peer_that_does_not_catch_up_is_told_with_its_height(
    scene: Scene, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what to do: it goes on by itself."""

    async def far_ahead(*_: object) -> int:
        return 80000

    monkeypatch.setattr("heddle.runbooks.rejoin.channel_height", far_ahead)
    peer = scene.fresh.pop()
    await scene.rejoining(connections, peer=peer).join()
    with pytest.raises(FabricError, match=r"channel: \d+ of 80000 blocks after 1 s") as error:
        await scene.rejoining(connections, peer=peer, patience=1.0).catch_up()
    assert "patience=SECONDS" in str(error.value)


async def test_an_approval_that_nobody_has_is_told(scene: Scene, connections: Connections) -> None:
    """With the way out that Fabric leaves: another sequence."""
    peer = scene.fresh.pop()
    rejoining = scene.rejoining(connections, patience=1.0, peer=peer)
    for each in scene.processes.peers:
        if each.msp_id == "AlphaMSP" and each.name != peer:
            scene.processes.programs[each.name].stop()
    try:
        await rejoining.join()
        await rejoining.catch_up()

        with pytest.raises(FabricError, match="does not know its organization's approval") as error:
            await rejoining.know_approvals([scene.approval])
        assert "raise the chaincode's sequence" in str(error.value)
    finally:
        scene.processes.start()
