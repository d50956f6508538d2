"""What runbooks decide follows from the facts: cases in tests/cases/incidents, word by word."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from heddle.planner.facts import LedgerState, NodeFacts
from heddle.planner.incidents import WAYS, causes_of
from heddle.planner.looks import Facts, NodeLook, PodLook
from heddle.planner.responses import RESPONSES, Decision, Verdict, decide
from heddle.planner.responses.model import (
    Closer,
    Deed,
    LogFile,
    LogFiles,
    MachineLook,
    PodDetail,
    WorkloadLook,
)
from heddle.planner.responses.orderers import Damage, damage_of
from heddle.planner.responses.pods import ended_again
from heddle.planner.volumes import ClaimFacts
from tests.planner.test_triage import facts_of

ROOT = Path(__file__).parents[2]
CASES = yaml.safe_load((ROOT / "tests/cases/incidents/cases.yaml").read_text())
LOGS = ROOT / "tests/cases/runbooks/orderer-logs"
HEALTHY = Facts(
    stack="prod",
    namespace="fabric-prod",
    nodes=(
        NodeLook(name="o0", kind="orderer", heights={"ch": 9}),
        NodeLook(name="p0", kind="peer", heights={"ch": 9}),
    ),
    margins={"ch": (1, "1 more orderer may fail")},
)


def decided(case: Mapping[str, Any]) -> Decision:
    given = dict(case["facts"])
    given["answers"] = tuple(map(_answers, given.get("answers", ())))
    facts = facts_of({"facts": given})
    return decide(case["runbook"], facts, _closer(case["closer"]), free=case.get("free", False))


def _answers(node: Mapping[str, Any]) -> NodeFacts:
    state = {
        name: LedgerState(relation="peer", status="joined", height=each)
        for name, each in node["channels"].items()
    }
    return NodeFacts(name=node["name"], kind=node["kind"], channels=state)


def _closer(given: Mapping[str, Any]) -> Closer:
    kinds: dict[str, Any] = {
        "workloads": WorkloadLook,
        "pods": PodDetail,
        "machines": lambda images=(), heaviest=(), **each: MachineLook(
            images=frozenset(images), heaviest=tuple(map(tuple, heaviest)), **each
        ),
        "claims": ClaimFacts,
        "logs": lambda files=(), elsewhere=(), **each: LogFiles(
            files=tuple(LogFile(**file) for file in files), elsewhere=tuple(elsewhere), **each
        ),
    }
    fields: dict[str, Any] = {
        name: {key: kinds[name](**each) for key, each in value.items()} if name in kinds else value
        for name, value in given.items()
    }
    for name in ("steps", "orderers"):
        fields[name] = tuple(fields.get(name, ()))
    return Closer(**fields)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_decision_follows_from_the_facts(case: Mapping[str, Any]) -> None:
    """What was found, what is done, and what a person has to do; or the refusal."""
    found = decided(case)

    assert [*found.lines, *found.refusal.splitlines()] == case["lines"]


def test_every_runbook_has_its_case() -> None:
    assert {case["runbook"] for case in CASES} == set(RESPONSES)


@pytest.mark.parametrize("runbook", RESPONSES)
def test_on_a_healthy_instance_there_is_nothing_to_do(runbook: str) -> None:
    """It says that it is not its incident, and plans no action."""
    found = decide(runbook, HEALTHY, Closer(orderers=("o0",)))

    assert found.verdict is Verdict.WELL
    assert found.lines[0].startswith("not this incident")
    assert (found.response.actions, found.response.needs, found.response.passes) == ((), (), False)


@pytest.mark.parametrize("runbook", RESPONSES)
def test_a_cause_leads_to_every_runbook(runbook: str) -> None:
    """Else nothing would ever be its incident."""
    assert causes_of(runbook)
    assert {WAYS[each].page.partition("#")[0] for each in causes_of(runbook)} == {f"runbook-{runbook}.md"}


def test_only_what_was_asked_for_is_looked_at() -> None:
    """The others are named as what it is instead."""
    case = next(each for each in CASES if each["name"].startswith("an image that the registry"))
    facts, closer = facts_of(case), _closer(case["closer"])

    found = decide("image-pull", facts, closer, only="p1")

    assert [each.about for each in found.findings] == ["p1"]
    assert [each.about for each in found.instead] == ["p0", "p2"]


@pytest.mark.parametrize(
    ("log", "damage"),
    [
        ("index-manifest", Damage.INDEX),
        ("wal", Damage.LEDGER),
        ("raft-log-lost", Damage.LEDGER),
        ("block", Damage.LEDGER),
        ("block-cut", Damage.LEDGER),
        ("block-gone", Damage.LEDGER),
        ("no-certificate", Damage.OTHER),
    ],
)
def test_an_orderers_last_words_tell_its_damage(log: str, damage: Damage) -> None:
    """As orderers of 3.1.5 said it after their files were spoilt: only an index is ever renamed."""
    assert damage_of((LOGS / f"{log}.log").read_text()) is damage


def test_a_full_disk_is_no_damage() -> None:
    log = "panic: Failed to write: write /var/x: no space left on device\n\ngoroutine 1 [running]:\n"
    assert damage_of(log) is Damage.DISK
    assert damage_of("write: no space left on device") is Damage.DISK
    assert damage_of("") is Damage.OTHER


@pytest.mark.parametrize("deed", Deed)
def test_every_deed_is_a_file_of_tasks(deed: Deed) -> None:
    assert (ROOT / f"playbooks/roles/incident/tasks/{deed}.yml").is_file()


def test_of_one_that_needs_a_person_only_what_was_done_must_be_well() -> None:
    """The rest waits for the person."""
    case = next(each for each in CASES if each["name"].startswith("an index is made anew"))

    found = decided(case)

    assert found.settles == ("orderer0-o",)


@pytest.mark.parametrize(
    ("pod", "restarts", "needed"),
    [("cc-new", 3, True), ("cc-new", 2, False), ("cc-old", 7, False)],
    ids=["a new pod that ends again", "one that may still last", "the pod that was deleted"],
)
def test_waiting_ends_when_a_new_pod_ends_again_and_again(pod: str, restarts: int, needed: bool) -> None:
    """Else a runbook waits to the end of its patience for what cannot come."""
    look = PodLook(
        owner="cc", pod=pod, kind="chaincode", chaincode="assets", reason="Error", restarts=restarts
    )

    found = ended_again(replace(HEALTHY, pods=(look,)), ["cc"], ["cc-old"])

    assert any("cc ends whenever it starts" in each for each in found) == needed
    assert ended_again(replace(HEALTHY, pods=(look,)), ["another"], ["cc-old"]) == []


def test_what_only_helps_is_not_waited_for() -> None:
    """Rotated files go; a disk that is full even then is a person's affair, and no run waits for that."""
    case = next(each for each in CASES if each["name"].startswith("rotated files are not enough"))

    found = decided(case)

    [action] = found.response.actions
    assert action.files == ("/l/n_p0-0_u/peer/0.log.20261130-120000.gz",)
    assert found.settles == ()
    assert found.response.needs


def test_files_that_are_written_to_are_emptied_only_where_the_runtime_appends() -> None:
    """Emptying the file of one that writes at a place of its own would leave a hole as large as the file."""
    case = next(each for each in CASES if each["name"].startswith("current files are emptied"))
    seen = case["closer"]["logs"]["m1"]

    for runtime, emptied in (("containerd://2.1", 1), ("cri-o://1.34", 1), ("docker://27", 0), ("", 0)):
        given = {**case, "closer": {"logs": {"m1": {**seen, "runtime": runtime}}}}
        [action] = decided(given).response.actions
        assert len(action.emptied) == emptied, runtime
