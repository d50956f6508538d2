"""The state of an instance and what its channels can lose: cases in tests/cases/states, word by word."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from heddle.planner.facts import Answer, CertificateFacts, ConsensusCounts, LedgerState, NoAnswer, NodeFacts
from heddle.planner.instance import Evidence, NamespaceFacts, Run, State, Workload, instance_state
from heddle.planner.margin import channel_margins

CASES = Path(__file__).parents[1] / "cases/states"
STATES = yaml.safe_load((CASES / "states.yaml").read_text())
MARGINS = yaml.safe_load((CASES / "margins.yaml").read_text())


@pytest.mark.parametrize("case", STATES, ids=lambda case: case["name"])
def test_the_state_follows_from_the_facts(case: Mapping[str, Any]) -> None:
    """With its reason in one line."""
    found = instance_state(
        Evidence(
            deployed=case.get("deployed", True),
            running=_run(case.get("running")),
            killed=_run(case.get("killed")),
            pending=case.get("pending", {}),
            asleep="asleep" in case,
            asleep_since=case.get("asleep", ""),
            unreachable=case.get("unreachable", ""),
            silent=case.get("silent", False),
            namespace=_namespace(case.get("namespace", "")),
            workloads={name: _workload(text) for name, text in case.get("workloads", {}).items()},
            troubles=case.get("troubles", ()),
            addresses=case.get("addresses", {}),
        )
    )
    assert f"{found.state}: {found.reason}" == case["state"]
    assert "\n" not in found.reason


def test_every_state_has_a_case() -> None:
    """None is a word that no facts lead to."""
    assert {case["state"].partition(":")[0] for case in STATES} == set(State)


@pytest.mark.parametrize("case", MARGINS, ids=lambda case: case["name"])
def test_what_a_channel_can_lose_is_told(case: Mapping[str, Any]) -> None:
    """As its orderers present themselves now: level, with certificates that others accept."""
    nodes = [_orderer(name, text) for name, text in case["orderers"].items()]
    peer = NodeFacts(name="peer0", kind="peer", channels={"trade": NoAnswer(reason="silent")})

    (found,) = channel_margins([*nodes, peer], ["trade", "elsewhere"], bft=case.get("bft", False))

    assert str(found) == case["margin"]
    stopped = found.standing is not None and found.standing.margin < 0
    assert ("stopped" in str(found)) == stopped
    assert found.plain()["channel"] == "trade"


def _run(kind: str | None) -> Run | None:
    return Run(kind=kind, words=f"`{kind}` by anna") if kind else None


def _namespace(text: str) -> NamespaceFacts | None:
    return NamespaceFacts(name="fabric-dev", leaving_since=text.replace("gone", "")) if text else None


def _workload(text: str) -> Workload:
    if text == "missing":
        return Workload(wanted=0, ready=0, there=False)
    wanted, ready, *outdated = map(int, text.split("/"))
    return Workload(wanted=wanted, ready=ready, outdated=sum(outdated))


def _orderer(name: str, text: str) -> NodeFacts:
    expires = datetime(2026, 1, 1, tzinfo=UTC)
    expired = CertificateFacts(not_after=expires, expired=True) if "expired" in text else None
    return NodeFacts(
        name=name, kind="orderer", channels={"trade": _answer(text.split())}, certificate=expired
    )


def _answer(words: list[str]) -> Answer:
    if words[0] in ("silent", "none"):
        return NoAnswer(reason="silent") if words[0] == "silent" else None
    relation, status, height, *more = words
    counts = ConsensusCounts()
    if leads := more[:1] == ["leads"]:
        counts = ConsensusCounts(consenters=int(more[1]), alive=int(more[2]))
    elif more[:1] == ["counts"]:
        counts = ConsensusCounts(consenters=int(more[1]))
    return LedgerState(relation=relation, status=status, height=int(height), leader=leads, counts=counts)
