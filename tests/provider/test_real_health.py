"""What nodes tell of their health, and what that allows."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import TypeAlias

import pytest

from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.fabric.node import Node
from heddle.network.answers import ask_orderer_channels, ask_peer_channels
from heddle.planner.facts import LedgerState, NodeFacts, PodFacts
from heddle.planner.heights import newest_heights
from heddle.planner.restart import restart_refusal
from heddle.waiting import Deadline
from tests.provider.harness import (
    Engine,
)
from tests.provider.real import channel_inputs, membership_inputs
from tests.provider.tokens import CHANNEL, MEMBERSHIP
from tests.real.network import RealNetwork

pytestmark = pytest.mark.real
Ask: TypeAlias = Callable[[Node], Awaitable[NodeFacts]]


async def _one_leader(ask: Ask, network: RealNetwork) -> list[NodeFacts]:
    """Return the facts once exactly one node says that it leads: metrics follow an election with a delay."""
    clock = Deadline(15)
    while True:
        facts = await _ask(ask, network.orderers)
        answers = [each.channels["channel"] for each in facts]
        if [isinstance(answer, LedgerState) and answer.leader for answer in answers].count(True) == 1:
            return facts
        assert not clock.passed(), "no single leader"
        await asyncio.sleep(0.1)


async def _ask(ask: Ask, nodes: Iterable[Node]) -> list[NodeFacts]:
    return [await ask(node) for node in nodes]


async def test_health_of_real_nodes(network: RealNetwork, engine: Engine) -> None:
    """One leader is known, all are level, and two that are down make a third indispensable."""
    channel = await engine.up(CHANNEL, "channel", channel_inputs(network))
    await engine.up(MEMBERSHIP, "member-0", membership_inputs(network, 0, channel["genesisHash"]))
    async with Connections(DirectDialer()) as connections:
        channels, tls = ["channel", "unmade"], network.admin_tls

        async def orderers(node: Node) -> NodeFacts:
            return await ask_orderer_channels(connections, node, channels, tls, deadline=10)

        facts = await _one_leader(orderers, network)
        assert [newest_heights([each]) for each in facts] == [{"channel": 1}] * 3
        assert _refusal(facts) == ""
        network.programs["orderer3"].stop()
        refusal = _refusal(await _ask(orderers, network.orderers))
        assert refusal.startswith("channel: 1 others order, 2 are needed; orderer3: orderer3 (localhost:")

        admin = network.organizations["organization"].admin
        own = {admin.msp_id: admin}

        async def peer(node: Node) -> NodeFacts:
            who = own.get(node.msp_id)
            return await ask_peer_channels(connections, node, ["channel"], who, deadline=10)

        peers = await _ask(peer, network.peers)
        assert newest_heights(peers[:1]) == {"channel": 1}
        assert newest_heights(peers[1:2]) == {}, "it has not joined"
        own.clear()
        (stranger,) = await _ask(peer, network.peers[:1])
        assert (stranger.channels, stranger.silent) == ({}, None), "nobody to ask as: it answers, no more"


def _refusal(facts: Iterable[NodeFacts]) -> str:
    """Why the others cannot spare the first; their pods are ready."""
    first, *others = [replace(each, pod=PodFacts(ready=True, outdated=False)) for each in facts]
    return restart_refusal(first, others)
