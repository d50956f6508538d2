"""Who orders, on official nodes: BFT channels, broken consenters, an orderer that is away."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from heddle.configtx.settings import BFT
from heddle.errors import HeddleError
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.network.answers import ask_orderer_channels
from heddle.planner.facts import PodFacts
from heddle.planner.restart import restart_refusal
from heddle.plugin.interface import PartialFailure
from heddle.quorum import quorum
from tests.provider.harness import Engine, channel_value
from tests.real.network import RealNetwork, prepared_network

pytestmark = pytest.mark.real

CHANNEL = "heddle:ledger:Channel"


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    """Five orderers that have not been started, and no peer on the channel."""
    network = prepared_network(tmp_path, orderers=5, peers={"organization": 1})
    yield network
    network.stop()


def _start(network: RealNetwork, count: int) -> None:
    names = [f"orderer{number}" for number in range(1, count + 1)]
    for name in names:
        network.programs[name].start()
    for name in names:
        network.programs[name].wait()


def _channel(
    network: RealNetwork, numbers: str, consensus: str = "etcdraft", **changes: Any
) -> dict[str, Any]:
    """A Channel of the orderers with these numbers."""
    chosen = [node for node in network.orderers if node.name[-1] in numbers]
    settings = network.settings(consensus=consensus)
    addresses = {f"{node.host}:{node.port}" for node in chosen}
    (ordering,) = settings.orderer_organizations
    settings = replace(
        settings,
        consenters=tuple(one for one in settings.consenters if one.address in addresses),
        orderer_organizations=(replace(ordering, endpoints=tuple(sorted(addresses))),),
    )
    signers = [network.ordering.admin, *(one.admin for one in network.organizations.values())]
    return channel_value(settings, chosen, signers, network.admin_tls) | changes


async def _numbers(engine: Engine, value: dict[str, Any]) -> str:
    """The numbers of the orderers that are consenters, after a refresh."""
    result = await engine.read(CHANNEL, "channel")
    assert not (await engine.diff(CHANNEL, "channel", value)).changes
    consenters: Any = result.inputs["consenters"]
    return "".join(sorted(one["node"][-1] for one in consenters))


async def test_a_broken_consenter_is_replaced(network: RealNetwork, engine: Engine) -> None:
    """Of three, one is lost for good: it leaves first, then the new one joins; no step waits for it."""
    _start(network, 4)
    await engine.up(CHANNEL, "channel", _channel(network, "123"))
    network.programs["orderer1"].stop()
    wanted = _channel(network, "234")
    _, message = await engine.preview(CHANNEL, "channel", wanted)
    kinds = [line.split(": ")[1] for line in message.splitlines() if line.startswith("update ")]
    assert kinds == ["settings", "remove a consenter", "add a consenter", "settings"]
    await engine.up(CHANNEL, "channel", wanted)
    assert await _numbers(engine, wanted) == "234"


async def test_an_orderer_that_is_away_is_passed_by(network: RealNetwork, engine: Engine) -> None:
    """The next consenter takes a change of settings; who orders is not changed meanwhile."""
    _start(network, 4)
    await engine.up(CHANNEL, "channel", _channel(network, "123"))
    network.programs["orderer1"].stop()
    state = await engine.up(CHANNEL, "channel", _channel(network, "123", batch={"timeout": "1s"}))
    assert state["sequence"] == 1
    away, late = engine.log.of("warning")
    assert away.startswith("orderers that are away catch up later\norderer1 (")
    assert late.startswith("configuration 1 is in force, but not everywhere yet")
    with pytest.raises(HeddleError, match="while one of them is down: orderer1\n"):
        await engine.up(CHANNEL, "channel", _channel(network, "1234", batch={"timeout": "1s"}))


async def test_what_a_run_did_before_it_stopped_can_be_taken_back(
    network: RealNetwork, engine: Engine
) -> None:
    """The program as it was is no difference to the old inputs, but the channel has moved on."""
    _start(network, 4)
    first = _channel(network, "123")
    await engine.up(CHANNEL, "channel", first)
    network.programs["orderer1"].stop()
    with pytest.raises(PartialFailure, match="while one of them is down: orderer1\n"):
        await engine.up(CHANNEL, "channel", _channel(network, "1234", batch={"timeout": "1s"}))
    _, message = await engine.preview(CHANNEL, "channel", first)
    assert "batch timeout: 1s → " in message
    assert (await engine.up(CHANNEL, "channel", first))["sequence"] == 2
    assert await _numbers(engine, first) == "123"


async def test_bft_from_genesis_to_five_and_back(network: RealNetwork, engine: Engine) -> None:
    """Four order by three signatures; a fifth joins, makes it four, and leaves again; settings change."""
    _start(network, 5)
    four = _channel(network, "1234", BFT)
    _, message = await engine.preview(CHANNEL, "channel", four)
    assert "consensus: BFT, blocks signed by 3 of 4, 1 may fail" in message.splitlines()
    await engine.up(CHANNEL, "channel", four)
    assert await _numbers(engine, four) == "1234"
    assert await _objection(network, "234") == "", "three of four sign"
    network.programs["orderer4"].stop()
    assert "2 others order, 3 are needed" in await _objection(network, "234")
    network.start()
    five = _channel(network, "12345", BFT)
    await engine.up(CHANNEL, "channel", five)
    assert await _numbers(engine, five) == "12345"
    assert quorum(5, bft=True) == 4
    changed = {**five, "bft": {"requestBatchMaxInterval": "300ms"}}
    await engine.up(CHANNEL, "channel", changed)
    again = {**four, "bft": {"requestBatchMaxInterval": "300ms"}}
    await engine.up(CHANNEL, "channel", again)
    assert await _numbers(engine, again) == "1234"


async def _objection(network: RealNetwork, numbers: str) -> str:
    """Why none but these can be spared, as a rollout sees it."""
    async with Connections(DirectDialer()) as connections:
        facts = [
            await ask_orderer_channels(connections, node, ["channel"], network.admin_tls, deadline=10)
            for node in network.orderers
            if node.name[-1] in numbers
        ]
    return restart_refusal([replace(each, pod=PodFacts(ready=True, outdated=False)) for each in facts])


async def test_a_broken_bft_consenter_is_replaced(network: RealNetwork, engine: Engine) -> None:
    """Its successor takes its place in one update: the channel never has less than four."""
    _start(network, 5)
    await engine.up(CHANNEL, "channel", _channel(network, "1234", BFT))
    network.programs["orderer2"].stop()
    wanted = _channel(network, "1345", BFT)
    _, message = await engine.preview(CHANNEL, "channel", wanted)
    assert "put a consenter in the place of a broken one" in message
    await engine.up(CHANNEL, "channel", wanted)
    assert await _numbers(engine, wanted) == "1345"


async def test_a_channel_keeps_its_consensus(network: RealNetwork, engine: Engine) -> None:
    """To make it another is refused, with the way out."""
    _start(network, 4)
    await engine.up(CHANNEL, "channel", _channel(network, "1234"))
    with pytest.raises(HeddleError, match=r"consensus cannot change\. .* Declare another channel"):
        await engine.diff(CHANNEL, "channel", _channel(network, "1234", BFT))
