"""Every case in tests/cases/planner: facts in, the plan or the refusal out, word by word."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from heddle.configtx.settings import ChannelSettings, Consenter, OrdererOrganization
from heddle.identity.msp import Msp
from heddle.planner.consenters import key_in_use, outlook
from heddle.planner.facts import (
    Answer,
    CertificateFacts,
    ChannelFacts,
    ConsensusCounts,
    LedgerState,
    NoAnswer,
    NodeFacts,
    PodFacts,
    Refusal,
    newest_height,
)
from heddle.planner.health import serves_nobody
from heddle.planner.heights import expected_heights, missing_blocks
from heddle.planner.joining import joining_refusal
from heddle.planner.restart import (
    held_up,
    key_refusal,
    next_restart,
    restart_hint,
    restart_refusal,
    waits_for_successor,
)
from heddle.planner.standing import missing_consenters
from heddle.planner.steps import Kind, steps

EXPIRED = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
CASES = Path(__file__).parents[1] / "cases/planner"
MSP = Msp(msp_id="M", root_certificates=(b"root",), tls_root_certificates=(b"tls",))
Facts = Mapping[str, Any]


@pytest.mark.parametrize("case", sorted(each.name for each in CASES.iterdir()))
def test_the_plan_is_as_written(case: str) -> None:
    """`facts.yaml` asks one question; `plan.txt` is the planner's answer."""
    facts = yaml.safe_load((CASES / case / "facts.yaml").read_text())
    lines = QUESTIONS[facts["question"]](facts)
    assert "\n".join(lines) + "\n" == (CASES / case / "plan.txt").read_text()


def _consenters(facts: Facts) -> Iterator[str]:
    """All steps from the consenters in force to the wanted ones, until one is refused."""
    live, wanted = _settings(facts, "consenters"), _settings(facts, "wanted")
    answers = {_address(name): _answer(text) for name, text in facts["answers"].items()}
    newest = facts.get("newest", newest_height(answers.values()))
    channel = ChannelFacts(
        name="trade",
        settings=live,
        answers=answers,
        nodes={
            _address(name.split()[0]): name.split()[0] for name in (*facts["consenters"], *facts["wanted"])
        },
    )
    # By the node's name, where its key does not tell: `moved: {orderer0.new: orderer0}`.
    former = {_address(new): [_address(old)] for new, old in facts.get("moved", {}).items()}
    todo = steps(live, wanted, missing_consenters(channel, newest), former)
    for number, ahead in enumerate(outlook(channel, todo, newest), 1):
        left = "" if ahead.step.kind is Kind.SETTINGS else f" — leaves {ahead.left}"
        yield f"{number}. {ahead.step.kind.value}: {ahead.step}{left}"
        if ahead.refusal is not None:
            yield from _refused(ahead.refusal)
            return
        if waits := key_in_use(channel, ahead.step):
            yield f"UNLESS IT HAS RESTARTED: {waits.reason}"
            yield f"  {waits.hint}"


def _join(facts: Facts) -> Iterator[str]:
    """Which orderers join the channel, or why none may."""
    answers = {name: _answer(text) for name, text in facts["answers"].items()}
    refusal = joining_refusal("trade", answers, facts["consenters"], facts["sequence"])
    if refusal is not None:
        yield from _refused(refusal)
        return
    yield from (f"join {name}" for name, answer in answers.items() if answer is None)


def _restart(facts: Facts) -> Iterator[str]:
    """Which node restarts next, or why it waits."""
    nodes = [_node(name, each, facts["kind"]) for name, each in facts["nodes"].items()]
    for node in nodes:
        if (
            node.pod
            and node.pod.outdated
            and (why := held_up(node, [each for each in nodes if each is not node]))
        ):
            yield f"{node.name} stays outdated: {why}"
    chosen = next_restart(nodes)
    if chosen is None:
        yield "nothing restarts"
        return
    others = [node for node in nodes if node is not chosen]
    waits = restart_refusal(chosen, others)
    yield f"restart {chosen.name}"
    if because := serves_nobody(chosen):
        yield f"BECAUSE it serves nobody: {because}"
    if waits:
        yield f"WAITS: {waits}"
        yield f"  {restart_hint(others)}"
    if not waits_for_successor(chosen, nodes):
        yield "then the next at once"


def _rekey(facts: Facts) -> Iterator[str]:
    """Whether the first node may get another TLS key."""
    node, *others = [_node(name, each, facts["kind"]) for name, each in facts["nodes"].items()]
    yield key_refusal(node, others) or f"{node.name} gets another TLS key"


def _caught_up(facts: Facts) -> Iterator[str]:
    """What a restarted node still lacks."""
    node = _node("restarted", facts["node"], facts["kind"])
    before = _node("restarted", facts.get("before", facts["node"]), facts["kind"])
    yield missing_blocks(node, expected_heights(before, facts["newest"])) or "caught up"


QUESTIONS: Mapping[str, Callable[[Facts], Iterator[str]]] = {
    "consenters": _consenters,
    "join": _join,
    "restart": _restart,
    "rekey": _rekey,
    "caught up": _caught_up,
}


def _refused(refusal: Refusal) -> Iterator[str]:
    yield f"REFUSED: {refusal.reason}"
    yield f"  {refusal.hint}"


def _settings(facts: Facts, part: str) -> ChannelSettings:
    names = [str(name).split()[0] for name in facts[part]]
    endpoints = facts.get("endpoints", names) if part == "consenters" else names
    # `new0 as orderer0`: with the key of orderer0, at another address.
    keys = {name.split()[0]: name.split(" as ")[-1].encode() for name in facts[part]}
    return ChannelSettings(
        channel="trade",
        orderer_organizations=(
            OrdererOrganization(name="ordering", msp=MSP, endpoints=tuple(map(_address, endpoints))),
        ),
        peer_organizations=(),
        consenters=tuple(
            Consenter(host=name, port=7050, client_tls_certificate=key, server_tls_certificate=key)
            for name, key in keys.items()
        ),
        consensus=facts.get("consensus", "etcdraft"),
    )


def _node(name: str, facts: Facts, kind: Any) -> NodeFacts:
    counts = ConsensusCounts(**facts.get("counts", {}))
    pod = PodFacts(
        ready=facts.get("pod", "ready") in ("ready", "outdated"),
        outdated="outdated" in facts.get("pod", "ready"),
        status="Running, not ready",
    )
    channels = {channel: _answer(text, counts) for channel, text in facts.get("channels", {}).items()}
    certificate = CertificateFacts(not_after=EXPIRED, expired=True) if "expired" in facts else None
    leaves = facts.get("leaves", False)
    return NodeFacts(
        name=name,
        kind=kind,
        pod=None if leaves else pod,
        channels=channels,
        certificate=certificate,
        leaves=leaves,
    )


def _answer(text: str | None, counts: ConsensusCounts | None = None) -> Answer:
    """`consenter, active, 195`, `, leads`, `, state 0`; null: it does not have the channel; else a reason."""
    if text is None:
        return None
    relation, _, rest = text.partition(", ")
    if not rest:
        return NoAnswer(reason=text)
    status, height, *more = rest.split(", ")
    state = next((int(each.removeprefix("state ")) for each in more if each.startswith("state ")), None)
    return LedgerState(
        relation=relation,
        status=status,
        height=int(height),
        leader="leads" in more,
        counts=counts or ConsensusCounts(),
        state_height=state,
    )


def _address(name: str) -> str:
    return f"{name}:7050"
