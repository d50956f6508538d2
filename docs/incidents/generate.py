"""Make docs/operations/README.md: the list of pages, and the table of cases of trouble.

    python -m docs.incidents.generate

Cases are in cases.yaml; rules, runbooks and drills are those of the code; times are those of figures.json, as
`heddle drill all --out` wrote them on Fabric's own nodes, with a word on the machine.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from heddle.drills.catalog import DRILLS
from heddle.monitoring.alarms import ALARMS, Alarm
from heddle.runbooks.following import runbook_of

__all__ = ["CASES", "FIGURES", "PAGE", "page", "read_cases"]

_HERE: Final = Path(__file__).parent
CASES, FIGURES = _HERE / "cases.yaml", _HERE / "figures.json"
PAGE: Final = _HERE.parent / "operations/README.md"
_TITLES: Final = (
    "case", "source", "rules", "runbook, or command", "verification", "drill", "to alarm", "to recovery",
)  # fmt: skip
_RULES: Final[Mapping[str, Alarm]] = {alarm.name: alarm for alarms in ALARMS.values() for alarm in alarms}
Case = Mapping[str, Any]


def page() -> str:
    """Return the page's text."""
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    return "\n".join((*_head(), *_index(), "", *_table(figures), "", *_foot(figures), ""))


def read_cases() -> Sequence[Case]:
    """Return the cases as they are written."""
    cases: Sequence[Case] = yaml.safe_load(CASES.read_text(encoding="utf-8"))
    return cases


def _head() -> Iterator[str]:
    yield "# Operations"
    yield "One page for each verb, each runbook and each task."
    yield "`python -m docs.incidents.generate` makes this one."
    yield ""
    yield "## Pages"


def _index() -> Iterator[str]:
    for path in sorted(PAGE.parent.glob("*.md")):
        if path != PAGE:
            title = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
            yield f"- [{path.stem}]({path.name}): {title}"


def _table(figures: Mapping[str, Any]) -> Iterator[str]:
    yield "## What deals with which trouble"
    yield "From the case to its alarm, to what deals with it, to the proof, to the rehearsal and its times."
    yield ""
    yield f"| {' | '.join(_TITLES)} |"
    yield "|---" * len(_TITLES) + "|"
    times = {each["drill"]: each for each in figures["drills"]}
    for case in read_cases():
        yield f"| {' | '.join(_row(case, times))} |"


def _row(case: Case, times: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    begin = (case["case"], case["source"])
    if "none" in case:
        return (*begin, f"none: {case['none']}", *("nothing to do",) * 2, *("nothing to rehearse",) * 3)
    way, proof = _way(case)
    rules = ", ".join(f"`{name}`" for name in case.get("rules", ())) or f"none: {case['no_rule']}"
    return (*begin, rules, way, proof, *_rehearsal(case, times))


def _way(case: Case) -> tuple[str, str]:
    """Return what deals with a case, and what proves that it is dealt with."""
    rule = _RULES[case["rules"][0]] if case.get("rules") else None
    command = case.get("command") or (rule.command("STACK") if rule else "")
    place = case.get("page") or (rule.way.page if rule else "")
    runbook = runbook_of(command)
    proof = f"tests of `{runbook}`, `triage`" if runbook and runbook != "triage" else "`triage` finds nothing"
    return f"`{command}` ([{place.partition('.')[0]}]({place}))", proof


def _rehearsal(case: Case, times: Mapping[str, Mapping[str, Any]]) -> tuple[str, str, str]:
    if "drill" not in case:
        return f"none: {case['no_drill']}", "not rehearsed", "not rehearsed"
    name = DRILLS[case["drill"]].name
    found, drill = times.get(name), f"[`{name}`](drill.md)"
    if found is None:
        return drill, "not measured on these yet", "not measured on these yet"
    if found["outcome"] != "passed":
        return drill, f"{found['outcome']}: {found['why']}", f"{found['outcome']}"
    return drill, f"{found['to_alarm']:.0f} s (`{found['alarm']}`)", f"{found['to_recovery']:.0f} s"


def _foot(figures: Mapping[str, Any]) -> Iterator[str]:
    yield "## How the times were measured"
    yield f"{figures['score']} on {figures['nodes']}, {figures['on']}."
    yield "[drill](drill.md) says what counts as which time; rules waited as long as in operation."
    yield "`python -m bench drills` measures them anew."


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
