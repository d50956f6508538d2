"""How a leader that is about to restart hands over."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from heddle.planner.facts import (
    Answer,
    CertificateFacts,
    ConsensusCounts,
    LedgerState,
    NoAnswer,
    NodeFacts,
    PodFacts,
)
from heddle.planner.leadership import HandOver, hand_overs, handed_over, led_by
from heddle.quorum import quorum

SHOWN = CertificateFacts(not_after=datetime(2100, 1, 1, tzinfo=UTC), expired=False)
EXPIRED = CertificateFacts(not_after=datetime(2000, 1, 1, tzinfo=UTC), expired=True)


def _orders(height: int = 10, *, leader: bool = False, relation: str = "consenter") -> LedgerState:
    return LedgerState(relation=relation, status="active", height=height, leader=leader)


def _votes(consenters: int, *, view: int | None = 6, height: int = 10) -> LedgerState:
    """What a consenter of BFT says."""
    counts = ConsensusCounts(consenters=consenters, bft=True)
    return replace(_orders(height), view=view, counts=counts)


def _taken_over(leader: NodeFacts, others: list[NodeFacts]) -> dict[str, str]:
    found = hand_overs(leader, others)
    assert all(each.view is None for each in found)
    return {each.channel: each.nodes[0] for each in found}


def _node(
    name: str,
    channels: dict[str, Answer],
    *,
    outdated: bool = False,
    ready: bool = True,
    certificate: CertificateFacts = SHOWN,
) -> NodeFacts:
    pod = PodFacts(ready=ready, outdated=outdated)
    return NodeFacts(name=name, kind="orderer", channels=channels, pod=pod, certificate=certificate)


LEADER = _node("leader", {"channel": _orders(leader=True)}, outdated=True)


def test_each_channel_goes_to_a_node_that_restarts_no_more() -> None:
    """Else the lead would have to be handed over again."""
    leader = _node("leader", {name: _orders(leader=True) for name in ("trade", "goods")}, outdated=True)
    old = _node("old", {"trade": _orders(), "goods": _orders()}, outdated=True)
    new = _node("new", {"trade": _orders()})

    assert _taken_over(leader, [old, new]) == {"trade": "new", "goods": "old"}


def test_a_node_that_leads_nothing_hands_over_nothing() -> None:
    """A follower restarts without further ado."""
    follower = _node("follower", {"channel": _orders()})

    assert _taken_over(follower, [LEADER]) == {}


def test_raft_is_handed_over_when_another_node_leads() -> None:
    """That the old leader leads no more says nothing yet: somebody has to be elected."""
    wanted, led = HandOver(channel="channel", nodes=("other",)), _node("other", {"channel": _orders()})
    follows = _node("leader", {"channel": _orders()})

    assert not handed_over(wanted, follows, [led])
    assert handed_over(wanted, follows, [_node("third", {"channel": _orders(leader=True)})])


@pytest.mark.parametrize("consenters", range(4, 14))
def test_those_who_run_ask_for_bfts_next_view(consenters: int) -> None:
    """Also of a node that does not say that it leads: that is told with blocks only, and may be out of date.

    They must be a quorum without one node, which the leader then completes; with fewer nothing is asked.
    """
    node, enough = _node("node", {"channel": _votes(consenters)}), quorum(consenters, bft=True) - 1
    others = [_node(f"other{number}", {"channel": _votes(consenters)}) for number in range(consenters - 1)]
    away = [replace(each, pod=PodFacts(ready=False, outdated=False)) for each in others]

    for running in range(consenters):
        found = hand_overs(node, [*others[:running], *away[running:]])
        names = tuple(f"other{number}" for number in range(running))
        wanted = HandOver(channel="channel", nodes=names, view=6)
        assert found == ((wanted,) if running >= enough else ())
    assert led_by(node) == ()


def test_nobody_asks_for_a_view_after_one_that_is_not_known() -> None:
    """As of a release without that metric: orderers ignore any number but the next."""
    node = _node("node", {"channel": _votes(4, view=None)})
    others = [_node(f"other{number}", {"channel": _votes(4)}) for number in range(3)]

    assert hand_overs(node, others) == ()


@pytest.mark.parametrize(("view", "done"), [(None, False), (6, False), (7, True), (9, True)])
def test_bft_is_handed_over_when_the_node_itself_is_in_a_later_view(view: int | None, done: bool) -> None:
    """Then it proposes nothing more. Who leads need not be a node of this stack."""
    wanted = HandOver(channel="channel", nodes=("a", "b"), view=6)

    assert handed_over(wanted, _node("node", {"channel": _votes(4, view=view)}), []) is done


@pytest.mark.parametrize(
    "other",
    [
        _node("other", {"channel": _orders(relation="follower")}),
        _node("other", {"channel": _orders(height=8)}),
        _node("other", {"channel": NoAnswer(reason="other is away")}),
        _node("other", {"channel": None}),
        _node("other", {}),
        _node("other", {"channel": _orders()}, ready=False),
        _node("other", {"channel": _orders()}, certificate=EXPIRED),
    ],
    ids=["follows", "behind", "silent", "not joined", "not asked", "unready", "expired"],
)
def test_nobody_takes_over_who_cannot_lead(other: NodeFacts) -> None:
    """The leader then restarts as it is, and an election follows."""
    assert _taken_over(LEADER, [other]) == {}
