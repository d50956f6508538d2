"""Slow is not down: a node that tells something and only misses the deadline for the rest is well."""

from datetime import UTC, datetime

import pytest

from heddle.planner.facts import Answer, CertificateFacts, LedgerState, NoAnswer, NodeFacts, PodFacts
from heddle.planner.health import slowness, trouble
from heddle.provider.rollout.look import not_well

LATE = NoAnswer(reason="peer0: no answer: Deadline Exceeded", late=True)
BROKEN = NoAnswer(reason="peer0: no answer: connection refused")
JOINED = LedgerState(relation="peer", status="joined", height=7)
SHOWN = CertificateFacts(not_after=datetime(2100, 1, 1, tzinfo=UTC), expired=False)


def _node(
    channels: dict[str, Answer],
    *,
    silent: NoAnswer | None = None,
    certificate: CertificateFacts | None = SHOWN,
    ready: bool = True,
    version: str | NoAnswer = "",
) -> NodeFacts:
    return NodeFacts(
        name="peer0",
        kind="peer",
        channels=channels,
        silent=silent,
        certificate=certificate,
        version=version,
        pod=PodFacts(ready=ready, outdated=False, status="Running"),
    )


@pytest.mark.parametrize(
    ("node", "slow", "ill"),
    [
        (_node({"a": JOINED}), False, False),
        (_node({"a": JOINED, "b": LATE}), True, False),
        (_node({}, silent=LATE), True, False),
        (_node({"a": JOINED}, version=LATE), True, False),
        (_node({"a": JOINED, "b": BROKEN}), False, True),
        (_node({"a": LATE, "b": BROKEN}), False, True),
        (_node({"a": LATE}, certificate=None), False, True),
        (_node({"a": LATE}, certificate=None, version="3.1.5"), True, False),
        (_node({"a": LATE, "b": JOINED}, certificate=None), True, False),
        (_node({"a": LATE}, ready=False), True, True),
    ],
    ids=[
        "well",
        "late",
        "all late",
        "late version",
        "broken",
        "both",
        "tells nothing",
        "tells its version",
        "tells of a channel",
        "unready",
    ],
)
def test_only_a_node_that_tells_something_counts_as_slow(node: NodeFacts, slow: bool, ill: bool) -> None:
    """One that is broken on one channel is not well, whatever it answers late on others."""
    assert (bool(slowness(node)), bool(trouble(node))) == (slow, ill)


def test_slow_nodes_are_told_apart_from_those_that_are_not_well() -> None:
    """Each in a line of its own."""
    nodes = [_node({"a": LATE}), _node({"a": BROKEN}), _node({"a": JOINED})]

    assert not_well("peer", nodes).splitlines() == [
        "1 of 3 peers is not well",
        "peer0: a: peer0: no answer: connection refused",
        "1 of 3 peers is slow, which is no sign of harm",
        "peer0: it lives, but did not answer in time about a",
    ]
    assert not_well("peer", [_node({"a": JOINED})]) == ""
