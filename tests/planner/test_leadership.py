"""Who takes over from a leader that is about to restart."""

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
from heddle.planner.leadership import led_by, successors

SHOWN = CertificateFacts(not_after=datetime(2100, 1, 1, tzinfo=UTC), expired=False)
EXPIRED = CertificateFacts(not_after=datetime(2000, 1, 1, tzinfo=UTC), expired=True)


def _orders(
    height: int = 10, *, leader: bool = False, relation: str = "consenter", bft: bool = False
) -> LedgerState:
    counts = ConsensusCounts(bft=bft)
    return LedgerState(relation=relation, status="active", height=height, leader=leader, counts=counts)


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

    assert successors(leader, [old, new]) == {"trade": "new", "goods": "old"}


def test_a_node_that_leads_nothing_hands_over_nothing() -> None:
    """A follower restarts without further ado."""
    follower = _node("follower", {"channel": _orders()})

    assert successors(follower, [LEADER]) == {}


def test_bft_has_no_way_to_hand_over() -> None:
    """Its followers change the leader when they miss it; nobody can ask for that."""
    leader = _node("leader", {"channel": _orders(leader=True, bft=True)})
    other = _node("other", {"channel": _orders(bft=True)})

    assert led_by(leader) == ()
    assert successors(leader, [other]) == {}


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
    assert successors(LEADER, [other]) == {}
