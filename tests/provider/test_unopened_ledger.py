"""PeerMembership of a peer that has the channel's ledger but could not open it: the way out, no wait."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from heddle.errors import ProviderError
from heddle.fabric import qscc
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.provider import peer_membership
from heddle.provider.peer_membership import PeerMembershipHandler
from heddle.waiting import poll
from tests.contract.conftest import KINDS
from tests.contract.damage import spoil_blocks
from tests.contract.standins import prepared_standins
from tests.provider.harness import Engine
from tests.provider.real import channel_inputs, membership_inputs
from tests.provider.tokens import CHANNEL, MEMBERSHIP
from tests.real.network import RealNetwork, prepared_network

WAY_OUT = "`heddle runbook run rejoin-peer --stack test -e peer="


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Stand-ins, or official nodes."""
    return str(request.param)


@pytest.fixture
def network(kind: str, tmp_path: Path) -> Iterator[RealNetwork]:
    """One orderer and one peer."""
    build = prepared_standins if kind == "stand-in" else prepared_network
    network = build(tmp_path, orderers=1, peers={"organization": 1})
    network.start()
    yield network
    network.stop()


async def _has_two_blocks(network: RealNetwork) -> None:
    peer = network.peers[0]
    admin = network.organization_of(peer).admin
    async with Connections(DirectDialer()) as connections:

        async def height(left: float) -> int:
            return (await qscc.chain_info(connections, peer, "channel", admin, deadline=left)).height

        assert await poll(height, lambda found: found >= 2, deadline=30) >= 2


async def test_the_runbook_is_named(
    network: RealNetwork, kind: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A create fails at once with it; a refresh that sees the peer's log keeps the state and warns."""
    await engine.up(CHANNEL, "channel", channel_inputs(network))
    channel = await engine.up(CHANNEL, "channel", channel_inputs(network, batch={"timeout": "1s"}))
    member = membership_inputs(network, 0, channel["genesisHash"])
    await engine.up(MEMBERSHIP, "member", member)
    await _has_two_blocks(network)
    peer = network.peers[0]
    program = network.programs[peer.name]
    program.stop()
    spoil_blocks(network, peer, "channel", standin=kind == "stand-in")
    program.start()
    program.wait()

    # A join that waited for its deadline would come to the test's own, however busy the machine is.
    monkeypatch.setattr(peer_membership, "_DEADLINE", 3600.0)
    with pytest.raises(ProviderError, match="could not open it") as error:
        await engine.up(MEMBERSHIP, "again", member)
    assert WAY_OUT in str(error.value)

    async def reason(*_: object) -> str:
        return "proto: cannot parse"

    monkeypatch.setattr(PeerMembershipHandler, "_reason_not_opened", reason)
    assert (await engine.read(MEMBERSHIP, "member")).id
    assert WAY_OUT in engine.log.of("warning")[-1]
