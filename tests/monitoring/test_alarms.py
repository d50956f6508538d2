"""Every alarm fires when it should and is silent when it should, by Prometheus' own judgement."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from heddle.monitoring.alarms import ALARMS, Alarm, rules_yaml
from heddle.monitoring.metrics import TARGET_LABELS, Source
from heddle.monitoring.queries import labels_in
from tests.monitoring.promtool import RULES, promtool, run_tests
from tests.programs import needs

STACK, NAMESPACE = "prod", "fabric-prod"
CASES: dict[str, dict[str, list[dict[str, Any]]]] = yaml.safe_load(
    (Path(__file__).parents[1] / "cases/monitoring/alarms.yaml").read_text()
)
EVERY = [alarm for group in ALARMS.values() for alarm in group]
WITHOUT_NAMESPACE = {Source.MACHINES, Source.KUBE_STATE}


def by_name(alarm: Alarm) -> str:
    return alarm.name


@needs("promtool")
def test_prometheus_takes_the_rules(tmp_path: Path) -> None:
    (tmp_path / RULES).write_text(rules_yaml(STACK, NAMESPACE))

    assert f"{len(EVERY)} rules found" in promtool(tmp_path, "check", "rules", RULES)


@needs("promtool")
def test_alarms_fire_and_are_silent_as_their_cases_say(tmp_path: Path) -> None:
    """A case that fires says the whole sentence that somebody reads at night."""
    tests = {
        alarm.name: [
            _test(alarm, case, fires=kind == "fires")
            for kind in ("fires", "silent")
            for case in CASES[alarm.name][kind]
        ]
        for alarm in EVERY
    }
    run_tests(tmp_path, rules_yaml(STACK, NAMESPACE), tests)


def test_every_alarm_has_a_case_of_each_kind_and_no_case_is_without_alarm() -> None:
    assert {name: sorted(kinds) for name, kinds in CASES.items()} == {
        alarm.name: ["fires", "silent"] for alarm in EVERY
    }
    assert all(cases for kinds in CASES.values() for cases in kinds.values())


def test_names_are_unique() -> None:
    assert len({alarm.name for alarm in EVERY}) == len(EVERY)


@pytest.mark.parametrize("alarm", EVERY, ids=by_name)
def test_an_alarm_reads_known_metrics_by_labels_that_they_have(alarm: Alarm) -> None:
    """A misspelt name or label would make an alarm that never fires."""
    known = {label for metric in alarm.metrics for label in metric.labels} | TARGET_LABELS | {"le"}

    assert labels_in(alarm.expression) <= known


@pytest.mark.parametrize("alarm", EVERY, ids=by_name)
def test_an_alarm_is_about_the_instance_alone(alarm: Alarm) -> None:
    """Each selector has the namespace, but for what machines say, which no instance has for itself."""
    selectors = re.findall(r"\{([^}]*)\}", alarm.expression)
    about_machines = WITHOUT_NAMESPACE.issuperset(alarm.sources)

    assert about_machines or (selectors and all(re.search(r"\bNS\b", each) for each in selectors))


def _test(alarm: Alarm, case: dict[str, Any], *, fires: bool) -> dict[str, Any]:
    series = [{"series": _with_namespace(name), "values": values} for name, values in case["series"].items()]
    labels = {"namespace": NAMESPACE, **case.get("labels", {})}
    expected = [
        {
            "exp_labels": {"severity": str(alarm.severity), **labels},
            "exp_annotations": {**_filled(alarm, labels), "summary": case.get("says", "")},
        }
    ]
    return {
        "name": f"{alarm.name} {'fires' if fires else 'is silent'}",
        "interval": "15s",
        "input_series": series,
        "alert_rule_test": [
            {"eval_time": case["at"], "alertname": alarm.name, "exp_alerts": expected if fires else []}
        ],
    }


def _with_namespace(series: str) -> str:
    """The series in the instance's namespace, unless it names another."""
    if "namespace=" in series:
        return series
    name, brace, rest = series.partition("{")
    return f'{name}{{namespace="{NAMESPACE}"{", " + rest if brace else "}"}'


def _filled(alarm: Alarm, labels: dict[str, str]) -> dict[str, str]:
    """The annotations as Prometheus fills them in."""
    return {
        name: re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda match: labels.get(match[1], ""), text)
        for name, text in alarm.annotations(STACK).items()
    }
