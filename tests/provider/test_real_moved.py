"""Consenters get other addresses, on official nodes: one after the other, and nobody comes or goes."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from heddle.configtx.settings import BFT, ETCDRAFT
from heddle.errors import HeddleError
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.fabric.node import Node
from heddle.network.answers import ask_orderer
from heddle.planner.facts import LedgerState, orders
from heddle.waiting import poll
from tests.provider.harness import Engine, channel_value
from tests.provider.test_real_rekeyed_bft import QUICK
from tests.provider.tokens import CHANNEL
from tests.real.network import RealNetwork, prepared_network

pytestmark = pytest.mark.real

FORMER, NEW = "localhost", "127.0.0.1"
"""Two names of each node: its certificate is good for both."""


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    """Four orderers that run, and no peer on the channel."""
    yield from with_orderers(prepared_network(tmp_path, orderers=4, peers={"organization": 1}))


def with_orderers(network: RealNetwork) -> Iterator[RealNetwork]:
    """Yield a network whose orderers run."""
    for node in network.orderers:
        network.programs[node.name].start()
    for node in network.orderers:
        network.programs[node.name].wait()
    yield network
    network.stop()


def _channel(network: RealNetwork, host: str, consensus: str = ETCDRAFT, **changes: Any) -> dict[str, Any]:
    """A Channel whose orderers all have this host."""
    settings = network.settings(consensus=consensus)
    (ordering,) = settings.orderer_organizations
    endpoints = tuple(f"{host}:{node.port}" for node in network.orderers)
    settings = replace(
        settings,
        consenters=tuple(replace(each, host=host) for each in settings.consenters),
        orderer_organizations=(replace(ordering, endpoints=endpoints),),
    )
    nodes = [replace(node, host=host) for node in network.orderers]
    signers = [network.ordering.admin, *(one.admin for one in network.organizations.values())]
    return channel_value(settings, nodes, signers, network.admin_tls) | changes


async def _answers(network: RealNetwork) -> list[LedgerState]:
    async with Connections(DirectDialer()) as connections:
        found = await asyncio.gather(
            *(
                ask_orderer(connections, node, "channel", network.admin_tls, deadline=20)
                for node in network.orderers
            )
        )
    assert all(orders(each) for each in found), found
    return [each for each in found if isinstance(each, LedgerState)]


def _hosts(inputs: Any) -> set[str]:
    return {each["host"] for each in inputs["consenters"]}


@pytest.mark.parametrize("consensus", [ETCDRAFT, BFT])
async def test_each_moves_by_an_update_of_its_own(
    network: RealNetwork, engine: Engine, consensus: str
) -> None:
    """The preview says so; afterwards all order, restart at the new addresses one by one, and go on."""
    await engine.up(CHANNEL, "channel", _channel(network, FORMER, consensus))
    wanted = _channel(network, NEW, consensus)

    _, message = await engine.preview(CHANNEL, "channel", wanted)
    state = await engine.up(CHANNEL, "channel", wanted)

    kinds = [line.split(": ")[1] for line in message.splitlines() if line.startswith("update ")]
    assert kinds == ["settings", *["new address of a consenter"] * 4]
    first = network.orderers[0]
    assert f"consenter {FORMER}:{first.port}: moves to {NEW}:{first.port}" in message
    assert state["sequence"] == 5
    found = await engine.read(CHANNEL, "channel")
    assert not (await engine.diff(CHANNEL, "channel", wanted)).changes
    assert _hosts(found.inputs or engine.inputs["channel"]) == {NEW}
    await _answers(network)
    for node in network.orderers:
        network.programs[node.name].stop()
        network.programs[node.name].start()
        network.programs[node.name].wait()
    settings = (
        {"bft": {"requestBatchMaxInterval": "100ms"}} if consensus == BFT else {"batch": {"timeout": "1s"}}
    )
    after = await engine.up(CHANNEL, "channel", _channel(network, NEW, consensus, **settings))
    assert after["sequence"] == 6


@pytest.mark.parametrize("consensus", [ETCDRAFT, BFT])
async def test_one_with_a_new_key_moves_too(network: RealNetwork, engine: Engine, consensus: str) -> None:
    """Both in one edit: the channel takes its new key at the former address first, so nothing is spent."""
    options: dict[str, Any] = {"bft": QUICK} if consensus == BFT else {}
    await engine.up(CHANNEL, "channel", _channel(network, FORMER, consensus, **options))
    first = network.orderers[0]  # which leads with BFT, and lags once it is a consenter again
    give_new_key = network.rekey if consensus == ETCDRAFT else network.rekey_identity
    give_new_key(first)
    network.programs[first.name].stop()
    network.programs[first.name].start()
    network.programs[first.name].wait()
    await _until_it_follows(network, first)
    wanted = _channel(network, NEW, consensus, **options)

    _, message = await engine.preview(CHANNEL, "channel", wanted)
    state = await engine.up(CHANNEL, "channel", wanted)

    kinds = [line.split(": ")[1] for line in message.splitlines() if line.startswith("update ")]
    assert sorted(kinds) == ["new address of a consenter"] * 4 + [
        "new certificate of a consenter",
        "settings",
    ]
    assert kinds.index("new certificate of a consenter") < 2
    assert message.count("leaves 4 of 4 running, margin 1") == 5
    assert state["sequence"] in (5, 6)
    await _answers(network)


async def _until_it_follows(network: RealNetwork, node: Node) -> None:
    """Wait until an orderer whose key the channel does not know follows it."""
    async with Connections(DirectDialer()) as connections:

        async def look(_: float) -> object:
            return await ask_orderer(connections, node, "channel", network.admin_tls, deadline=5)

        def follows(answer: object) -> bool:
            return isinstance(answer, LedgerState) and (answer.relation, answer.status) == (
                "follower",
                "active",
            )

        found = await poll(look, follows, deadline=60)
    assert follows(found), found


async def test_a_killed_run_is_taken_up_wherever_it_was(network: RealNetwork, engine: Engine) -> None:
    """The state knows the former addresses alone, the channel has some of the new ones."""
    await engine.up(CHANNEL, "channel", _channel(network, FORMER))
    before = engine.inputs["channel"], engine.outputs["channel"]
    wanted = _channel(network, NEW)
    half = {**wanted, "consenters": [*wanted["consenters"][:2], *_channel(network, FORMER)["consenters"][2:]]}
    await engine.up(CHANNEL, "channel", half)
    engine.inputs["channel"], engine.outputs["channel"] = before

    _, message = await engine.preview(CHANNEL, "channel", wanted)
    await engine.up(CHANNEL, "channel", wanted)

    assert message.count("new address of a consenter") == 2
    assert _hosts((await engine.read(CHANNEL, "channel")).inputs or engine.inputs["channel"]) == {NEW}


async def test_who_presents_no_certificate_for_an_address_does_not_get_it(
    network: RealNetwork, engine: Engine
) -> None:
    """Nobody would reach it there; what was done before is kept, and the way back is open."""
    former = _channel(network, FORMER)
    await engine.up(CHANNEL, "channel", former)
    wanted = _channel(network, NEW)
    for part in (wanted["consenters"], wanted["orderers"]):
        part[2]["host"] = "elsewhere.example.com"
    wanted["orderers"][2]["host"] = FORMER

    with pytest.raises(HeddleError, match=r"orderer3 cannot have the address elsewhere\.example\.com yet"):
        await engine.up(CHANNEL, "channel", wanted)
    await engine.up(CHANNEL, "channel", former)

    assert _hosts((await engine.read(CHANNEL, "channel")).inputs or engine.inputs["channel"]) == {FORMER}
