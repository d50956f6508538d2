"""What triage says follows from the facts: cases in tests/cases/triage, word by word."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from heddle.cli.subcommands import SUBCOMMANDS
from heddle.monitoring.alarms import ALARMS
from heddle.planner.incidents import WAYS, Cause, Severity
from heddle.planner.looks import Facts, LogsLook, NodeLook, PeerLook, PodLook
from heddle.planner.triage import find, report, told
from heddle.runbooks.catalog import find_runbook

ROOT = Path(__file__).parents[2]
CASES = yaml.safe_load((ROOT / "tests/cases/triage/cases.yaml").read_text())


def facts_of(case: Mapping[str, Any]) -> Facts:
    given = dict(case["facts"])
    lists = ("missing", "scaled_down", "expired", "growing", "residue", "leftovers")
    return Facts(
        **{
            "stack": "prod",
            "namespace": "fabric-prod",
            **given,
            **{name: tuple(given[name]) for name in lists if name in given},
            "nodes": tuple(NodeLook(**_tuples(each)) for each in given.get("nodes", ())),
            "pods": tuple(PodLook(**each) for each in given.get("pods", ())),
            "peers": {name: PeerLook(**_tuples(each)) for name, each in given.get("peers", {}).items()},
            "logs": {name: LogsLook(**each) for name, each in given.get("logs", {}).items()},
            "forgot": {name: tuple(each) for name, each in given.get("forgot", {}).items()},
            "settings": tuple(map(tuple, given.get("settings", ()))),
            "servers": tuple(map(tuple, given.get("servers", ()))),
        }
    )


def _tuples(each: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in each.items()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_is_wrong_follows_from_the_facts(case: Mapping[str, Any]) -> None:
    """The most serious first, each with what deals with it; of one reason no consequences."""
    facts = facts_of(case)

    assert told(facts, find(facts)) == case["lines"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_report_for_programs_has_the_same(case: Mapping[str, Any]) -> None:
    """Each finding with its severity, cause, command, page, and runbook where there is one."""
    facts = facts_of(case)
    found = report(facts, find(facts))

    assert found["well"] == case["lines"][0].startswith("all is well")
    for each in found["findings"]:
        assert f"    → {each['command']}  ({each['page']})" in case["lines"]
        assert each["severity"] == WAYS[each["cause"]].severity


def test_every_cause_has_its_case() -> None:
    """Or it is one that alarms alone name. And every cause has its way out."""
    seen = {each.cause for case in CASES for each in find(facts_of(case))}
    seen |= {alarm.cause for group in ALARMS.values() for alarm in group}

    assert set(WAYS) == set(Cause)
    assert set(Cause) - seen == set()


@pytest.mark.parametrize("cause", Cause)
def test_every_way_out_is_there(cause: Cause) -> None:
    """The page with its section, the verb or tool, and the runbook with the variable that is set."""
    way = WAYS[cause]
    page, _, section = way.page.partition("#")
    titles = [
        line.lstrip("# ").lower().replace(" ", "-")
        for line in (ROOT / "docs/operations" / page).read_text().splitlines()
        if line.startswith("#")
    ]
    words = way.command.split()

    assert not section or section in titles
    assert words[0] in ("kubectl", "timedatectl") or (words[0] == "heddle" and words[1] in SUBCOMMANDS)
    assert way.severity in Severity
    assert (words[1:3] == ["runbook", "run"]) == bool(way.runbook)
    if way.runbook:
        assert words[3] == way.runbook
        given = [words[index + 1] for index, word in enumerate(words) if word == "-e"]
        find_runbook(way.runbook).check(dict.fromkeys((each.partition("=")[0] for each in given), "x"))
