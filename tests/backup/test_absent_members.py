"""Members of a channel that have no peers here, or no keys, hinder no backup of those that have."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from heddle.backup.contents import Writer
from heddle.backup.copying import copy_channel
from heddle.backup.privatedata import copy_private_data
from heddle.configtx.blocks import block_hash
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.network.network import Network
from tests.backup.samples import target
from tests.contract.standins import prepared_standins
from tests.network.processes import network_of_processes
from tests.real.network import Organization, RealNetwork, running
from tests.real.steps import make_channel


@pytest.fixture
def real(tmp_path: Path) -> Iterator[RealNetwork]:
    """One orderer, a peer of alpha, and beta, which has none."""
    prepared = prepared_standins(tmp_path, orderers=1, peers={"alpha": 1})
    prepared.organizations["beta"] = Organization.new("beta")
    yield from running(prepared)


def without_keys(network: Network, organization: str) -> Network:
    """Return the network as the stack of another member has it."""
    keys = {name: each for name, each in network.access.user_keys.items() if name != organization}
    return replace(network, access=replace(network.access, user_keys=keys))


@pytest.mark.parametrize("keys", [True, False], ids=["managed", "external"])
async def test_a_member_without_peers_here(real: RealNetwork, tmp_path: Path, *, keys: bool) -> None:
    """The channel is whole, alpha's peer is asked for its private data, and for beta nobody is."""
    (tmp_path / "kept").mkdir()
    writer = Writer(target(tmp_path / "kept"), (), {})

    told: list[str] = []

    async with Connections(DirectDialer()) as connections:
        genesis = await make_channel(connections, real)
        network = network_of_processes(real, block_hash(genesis.header).hex())
        network = network if keys else without_keys(network, "beta")
        channel = await copy_channel(network, connections, "channel", None, writer, told.append)
        kept = {
            name: await copy_private_data(network, connections, name, [channel], None, writer, told.append)
            for name in ("alpha", "beta")
        }

    assert channel.confirmed_by == ("orderer1", "alpha-peer1"), told
    assert channel.commit_hash is None, "block 0 has none"
    assert kept["alpha"].heights == {"channel": channel.height}
    assert (kept["beta"].peer, kept["beta"].heights, kept["beta"].files) == ("", {}, ())
