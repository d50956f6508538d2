"""The exporter beside real nodes: what it tells changes as they do."""

import asyncio
from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from heddle.cli.app import app
from heddle.configtx.blocks import block_hash
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.network.network import Network
from tests.network.processes import network_of_processes
from tests.network.samples import use_network
from tests.real.network import RealNetwork
from tests.real.steps import deploy_assets, make_channel

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def network(real_network: RealNetwork) -> Network:
    """The network with a channel and a chaincode, as its stack's outputs describe it."""

    async def prepare() -> str:
        async with Connections(DirectDialer()) as connections:
            genesis = await make_channel(connections, real_network)
            await deploy_assets(connections, real_network)
            return block_hash(genesis.header).hex()

    return network_of_processes(real_network, asyncio.run(prepare()))


@pytest.fixture
def scrape(network: Network, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """What `heddle monitoring metrics` prints."""
    use_network(monkeypatch, network)
    monkeypatch.setattr(Network, "connections", lambda *_: Connections(DirectDialer()))
    return lambda: CliRunner().invoke(app, ["monitoring", "metrics", "dev"]).stdout


def test_a_lost_orderer_costs_the_margin(scrape: Callable[[], str], real_network: RealNetwork) -> None:
    """With three orderers one may be lost; then none."""
    before = scrape()
    assert 'heddle_channel_margin{channel="channel",namespace=""} 1.0' in before
    assert 'heddle_chaincode_up{chaincode="assets",channel="channel",namespace=""} 1.0' in before

    lost = real_network.orderers[2]
    real_network.programs[lost.name].stop()
    after = scrape()
    real_network.start()

    assert 'heddle_channel_margin{channel="channel",namespace=""} 0.0' in after
    assert (
        f'heddle_node_up{{namespace="",node="{lost.name}",organization="ordering",role="orderer"}} 0.0'
        in after
    )


def test_certificates_have_their_days(scrape: Callable[[], str], network: Network) -> None:
    text = scrape()

    for node in (*network.instance.orderers, *network.instance.peers):
        assert any(
            line.startswith("heddle_certificate_days_left") and f'whose="{node.name}"' in line
            for line in text.splitlines()
        )
