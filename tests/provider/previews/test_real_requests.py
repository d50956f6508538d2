"""The same round on official nodes, once with a signature by `peer channel signconfigtx`."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

from heddle.state.outputs import read_resources
from tests.contract.standins import same_tests
from tests.network.processes import network_of_processes
from tests.network.samples import use_network
from tests.provider.previews import test_requests
from tests.provider.previews.engines import Project
from tests.provider.previews.test_requests import heddle, project
from tests.provider.previews.world import Wanted
from tests.provider.tokens import CHANNEL
from tests.real.network import RealNetwork, prepared_network

__all__ = ["heddle", "project"]

pytestmark = pytest.mark.real


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    network = prepared_network(tmp_path / "network", orderers=3, peers={"alpha": 1, "beta": 1, "gamma": 1})
    network.start()
    yield network
    network.stop()


globals().update(same_tests(test_requests))


async def test_the_official_peer_signs(
    network: RealNetwork,
    project: Project,
    heddle: Callable[..., Result],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What `request --envelope` writes is signed in place, and handed in beside the request."""
    wanted = Wanted(network, {})
    wanted.add("channel", CHANNEL, wanted.channel())
    project.want(wanted.declared())
    await project.up()
    [channel] = read_resources(project.folder, "dev", CHANNEL)
    use_network(monkeypatch, network_of_processes(network, str(channel["genesisHash"])))
    wanted.inputs("channel")["peerOrganizations"].append(wanted.gamma())
    wanted.inputs("channel")["signers"] = wanted.signers("ordering", "alpha")
    project.want(wanted.declared())
    await project.try_up()

    request, envelope = str(tmp_path / "request.json"), str(tmp_path / "request.pb")
    for arguments in ((request,), (envelope, "--envelope")):
        done = await asyncio.to_thread(heddle, "channel", "request", "dev", "channel", "-o", *arguments)
        assert done.exit_code == 0, done.output
    beta = network.organizations["beta"]
    peer = next(node for node in network.peers if node.msp_id == beta.msp.msp_id)
    network.official_peer(beta, peer, beta.admin)("channel", "signconfigtx", "-f", envelope)
    done = await asyncio.to_thread(heddle, "channel", "submit", request, envelope, "-s", "dev", "--yes")
    assert "configuration 1 is in force" in done.output, done.output + str(done.exception)
