"""A ledger that a peer has but could not open is told from a channel that it never joined."""

from typing import cast

import pytest

from heddle.fabric.node import Node
from heddle.kube.client import KubeClient
from heddle.network.status import judge_node
from heddle.network.unopened import with_unopened
from heddle.planner.facts import LedgerState, NoAnswer, NodeFacts, PodFacts
from heddle.provider.rollout.look import not_well
from tests.network.samples import sample_network

PEER = Node(name="peer0-one", msp_id="OneMSP", host="peer0-one", port=7051, namespace="n", pod="peer0-one-0")
JOINED = LedgerState(relation="peer", status="joined", height=7)
LOG = "2026-11-28 [peer] Initialize -> ERRO 001 Failed to load ledger trade(error opening block store: EOF)\n"


class Cluster:
    """A cluster whose pods have this log."""

    def __init__(self, log: str) -> None:
        self.log, self.asked = log, 0

    async def first_log(self, _namespace: str, _pod: str) -> str:
        self.asked += 1
        return self.log


async def _facts(cluster: Cluster, node: Node = PEER) -> NodeFacts:
    client = cast("KubeClient", cluster)
    channels = await with_unopened(client, node, {"other": JOINED, "trade": None}, ["other", "trade"])
    pod = PodFacts(ready=True, outdated=False)
    return NodeFacts(name="peer0-one", kind="peer", channels=channels, pod=pod)


async def test_a_ledger_that_is_not_open_is_named_with_its_reason_and_remedy() -> None:
    """By `status` and by the warning of a plain preview, in a line each."""
    facts = await _facts(Cluster(LOG))

    words = "trade: it has a ledger that it could not open: error opening block store: EOF"
    status = judge_node(sample_network().instance.peers[0], facts)
    remedy = "`heddle runbook run rejoin-peer --stack STACK -e peer=peer0-one` mends it."
    assert status.summary == f"{words}. {remedy}"
    assert not_well("peer", [facts]).splitlines() == ["1 of 1 peer is not well", f"peer0-one: {words}"]


@pytest.mark.parametrize("log", ["", "Failed to load ledger elsewhere(EOF)\n"])
async def test_a_channel_that_was_never_joined_stays_one(log: str) -> None:
    """An update joins it."""
    facts = await _facts(Cluster(log))

    assert facts.channels["trade"] is None
    assert not_well("peer", [facts]) == ""


async def test_logs_are_read_only_for_a_missing_channel_of_a_pod() -> None:
    """A preview of hundreds of peers reads none of them."""
    cluster = Cluster(LOG)
    client = cast("KubeClient", cluster)

    assert await with_unopened(client, PEER, {"trade": JOINED}, ["trade"]) == {"trade": JOINED}
    outside = Node(name="p", msp_id="M", host="p", port=1)
    assert await with_unopened(client, outside, {"trade": None}, ["trade"]) == {"trade": None}
    silent = NoAnswer(reason="away")
    assert await with_unopened(client, PEER, {"trade": silent}, ["trade"]) == {"trade": silent}
    assert cluster.asked == 0
