"""Who orders, on official nodes: BFT channels, broken consenters, an orderer that is away."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from heddle.configtx.settings import BFT
from heddle.errors import HeddleError
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.fabric.gateway_orderers import ordering_answers
from heddle.network.answers import ask_orderer, ask_orderer_channels
from heddle.planner.facts import PodFacts
from heddle.planner.restart import restart_refusal
from heddle.plugin.interface import PartialFailure
from heddle.provider.channel import handler
from heddle.quorum import quorum
from tests.provider.harness import Engine, channel_value, node_value
from tests.provider.real import membership_inputs
from tests.provider.tokens import CHANNEL, MEMBERSHIP
from tests.real.network import RealNetwork, prepared_network

pytestmark = pytest.mark.real


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    """Five orderers that have not been started, and no peer on the channel."""
    network = prepared_network(tmp_path, orderers=5, peers={"organization": 1})
    yield network
    network.stop()


def _have_no_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what waits in vain come to the test's own deadline, however busy the machine is."""
    monkeypatch.setattr(handler, "_DEADLINE", 3600.0)


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


async def test_all_orderers_are_replaced_while_one_stays_and_not_at_once(
    network: RealNetwork, engine: Engine
) -> None:
    """New ones alone could not learn the channel, nor hand in what makes them consenters."""
    _start(network, 5)
    await engine.up(CHANNEL, "channel", _channel(network, "123"))
    wanted = _channel(network, "45")
    reason = r"channel channel: all its orderers \(orderer1, orderer2, orderer3\) would be replaced at once"

    _, message = await engine.preview(CHANNEL, "channel", wanted)
    assert re.match(f"WILL BE REFUSED: {reason}", message)
    assert "(`ordering.nodes: [1, 4, 5]`)" in message
    with pytest.raises(HeddleError, match=reason):
        await engine.up(CHANNEL, "channel", wanted)

    await engine.up(CHANNEL, "channel", _channel(network, "145"))
    await engine.up(CHANNEL, "channel", wanted)
    assert await _numbers(engine, wanted) == "45"


def _lose_disk(network: RealNetwork, name: str) -> None:
    """It runs again, on an empty disk: it answers, and has no ledger."""
    network.programs[name].stop()
    for part in ("ledger", "wal", "snap"):
        shutil.rmtree(network.folder / name / part, ignore_errors=True)
    network.programs[name].start()
    network.programs[name].wait()


async def test_a_node_without_its_ledger_leaves_before_those_that_run(
    network: RealNetwork, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three become one; had a running node left first, one of two would be left. Also after a refresh."""
    _have_no_deadline(monkeypatch)
    _start(network, 3)
    await engine.up(CHANNEL, "channel", _channel(network, "123"))
    _lose_disk(network, "orderer3")
    await engine.read(CHANNEL, "channel")
    wanted = _channel(network, "1")
    _, message = await engine.preview(CHANNEL, "channel", wanted)
    gone = [line for line in message.splitlines() if line.startswith("  consenter ")]
    assert [
        line.endswith(f"{network.orderers[n].port}: removed") for line, n in zip(gone, (2, 1), strict=True)
    ]
    assert [line for line in message.splitlines() if line.startswith("  leaves ")] == [
        "  leaves 2 of 2 running, margin 0",
        "  leaves 1 of 1 running, margin 0",
    ]
    await engine.up(CHANNEL, "channel", wanted)  # what Fabric refuses would be offered again and again
    assert await _numbers(engine, wanted) == "1"


async def test_a_node_with_an_empty_disk_gets_the_way_on_and_a_successor(
    network: RealNetwork, engine: Engine
) -> None:
    """It must not return as the node it was; another index takes its place, and it is left alone."""
    _start(network, 4)
    await engine.up(CHANNEL, "channel", _channel(network, "123"))
    await engine.up(CHANNEL, "channel", _channel(network, "123", batch={"timeout": "1s"}))
    _lose_disk(network, "orderer2")
    same = _channel(network, "123", batch={"timeout": "2s"})
    _, message = await engine.preview(CHANNEL, "channel", same)
    assert message.startswith("WILL BE REFUSED: channel channel: orderer2: a consenter without its ledger")
    with pytest.raises(HeddleError, match=r"`ordering\.nodes: \[1, 3, 4\]` in the stack file"):
        await engine.up(CHANNEL, "channel", same)
    wanted = _channel(network, "134", batch={"timeout": "1s"})
    _, message = await engine.preview(CHANNEL, "channel", wanted)
    assert "WILL BE REFUSED" not in message
    await engine.up(CHANNEL, "channel", wanted)
    assert await _numbers(engine, wanted) == "134"
    async with Connections(DirectDialer()) as connections:
        lost = network.orderers[1]
        assert await ask_orderer(connections, lost, "channel", network.admin_tls, deadline=10) is None


async def test_where_no_quorum_is_left_nothing_is_waited_for(
    network: RealNetwork, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of three are lost: the preview says so, and an update ends at once with what brings it back."""
    _have_no_deadline(monkeypatch)
    _start(network, 4)
    await engine.up(CHANNEL, "channel", _channel(network, "123"))
    await engine.up(CHANNEL, "channel", _channel(network, "123", batch={"timeout": "1s"}))
    network.programs["orderer1"].stop()
    _lose_disk(network, "orderer2")
    wanted = _channel(network, "134", batch={"timeout": "1s"})
    _, message = await engine.preview(CHANNEL, "channel", wanted)
    assert message.startswith("WILL BE REFUSED: ")
    assert "1 of 3 consenters runs, 2 are needed: no configuration update can be ordered" in message
    with pytest.raises(HeddleError, match="Bring back orderer1 or orderer2, with its ledger"):
        await engine.up(CHANNEL, "channel", wanted)
    network.programs["orderer1"].start()
    network.programs["orderer1"].wait()
    await engine.up(CHANNEL, "channel", wanted)
    assert await _numbers(engine, wanted) == "134"


async def test_an_orderer_that_leaves_is_not_joined_again(network: RealNetwork, engine: Engine) -> None:
    """It may still be among the orderers, without a ledger or silent: nobody waits for it."""
    _start(network, 4)
    await engine.up(CHANNEL, "channel", _channel(network, "123"))
    await engine.up(CHANNEL, "channel", _channel(network, "123", batch={"timeout": "1s"}))
    _lose_disk(network, "orderer3")
    wanted = _channel(network, "124", batch={"timeout": "1s"})
    wanted["orderers"].insert(0, node_value(network.orderers[2]))
    _, message = await engine.preview(CHANNEL, "channel", wanted)
    assert "WILL BE REFUSED" not in message
    assert "join the orderer orderer3" not in message
    await engine.up(CHANNEL, "channel", wanted)
    wanted["batch"] = {"timeout": "500ms"}  # nothing in the old inputs says any more that it was a consenter
    _, message = await engine.preview(CHANNEL, "channel", wanted)
    assert "join the orderer" not in message
    await engine.up(CHANNEL, "channel", wanted)
    async with Connections(DirectDialer()) as connections:
        gone = network.orderers[2]
        assert await ask_orderer(connections, gone, "channel", network.admin_tls, deadline=10) is None
    wanted["orderers"].pop(0)
    await engine.up(CHANNEL, "channel", wanted)
    assert await _numbers(engine, wanted) == "124"


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
    with pytest.raises(HeddleError, match=r"add a consenter: it must wait: .*\n  orderer1: "):
        await engine.up(CHANNEL, "channel", _channel(network, "1234", batch={"timeout": "1s"}))


async def test_what_a_run_did_before_it_stopped_can_be_taken_back(
    network: RealNetwork, engine: Engine
) -> None:
    """The program as it was is no difference to the old inputs, but the channel has moved on."""
    _start(network, 4)
    first = _channel(network, "123")
    await engine.up(CHANNEL, "channel", first)
    network.programs["orderer1"].stop()
    with pytest.raises(PartialFailure, match=r"add a consenter: it must wait: .*\n  orderer1: "):
        await engine.up(CHANNEL, "channel", _channel(network, "1234", batch={"timeout": "1s"}))
    _, message = await engine.preview(CHANNEL, "channel", first)
    assert "batch timeout: 1s → " in message
    assert (await engine.up(CHANNEL, "channel", first))["sequence"] == 2
    assert await _numbers(engine, first) == "123"


async def test_a_killed_runs_newcomer_makes_room_for_another_index(
    network: RealNetwork, engine: Engine
) -> None:
    """The run saved nothing, so the state does not know orderer4, which has become a consenter."""
    _start(network, 5)
    await engine.up(CHANNEL, "channel", _channel(network, "123"))
    before = engine.inputs["channel"], engine.outputs["channel"]
    await engine.up(CHANNEL, "channel", _channel(network, "124"))
    engine.inputs["channel"], engine.outputs["channel"] = before
    wanted = _channel(network, "125")
    await engine.up(CHANNEL, "channel", wanted)
    assert await _numbers(engine, wanted) == "125"


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
    """Why none but these can spare the first, as a rollout sees it."""
    async with Connections(DirectDialer()) as connections:
        facts = [
            await ask_orderer_channels(connections, node, ["channel"], network.admin_tls, deadline=10)
            for node in network.orderers
            if node.name[-1] in "1" + numbers
        ]
    first, *others = [replace(each, pod=PodFacts(ready=True, outdated=False)) for each in facts]
    return restart_refusal(first, others)


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


async def test_a_gateway_knows_the_orderers_that_there_were_when_its_peer_started(
    network: RealNetwork, engine: Engine
) -> None:
    """So `up` restarts peers after orderers have joined; without it nobody would take a transaction here."""
    _start(network, 2)
    peer, first = network.peers[0], network.orderers[0]
    program = network.programs[peer.name]
    program.start()
    program.wait()
    channel = await engine.up(CHANNEL, "channel", _channel(network, "1"))
    await engine.up(MEMBERSHIP, "member", membership_inputs(network, 0, channel["genesisHash"]))

    async def answers() -> dict[str, bool]:
        async with Connections(DirectDialer()) as connections:
            return await ordering_answers(connections, peer, "channel", deadline=30)

    def restart() -> None:
        program.stop()
        program.start()
        program.wait()

    restart()
    assert await answers() == {}  # it has found the first orderer
    await engine.up(CHANNEL, "channel", _channel(network, "12"))
    await engine.up(CHANNEL, "channel", _channel(network, "2"))
    network.programs[first.name].stop()
    assert await answers() == {f"{first.host}:{first.port}": False}

    restart()
    assert await answers() == {}
