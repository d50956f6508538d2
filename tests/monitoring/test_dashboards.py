"""Dashboards show what there is: each query is Prometheus' language, about metrics and labels that exist."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from heddle.monitoring.dashboards import DASHBOARDS, Dashboard, grafana
from heddle.monitoring.metrics import TARGET_LABELS, Metric, Source
from heddle.monitoring.queries import labels_in, metrics_of, of_namespace
from tests.monitoring.promtool import check_expressions, promtool
from tests.programs import needs

NAMESPACE = "fabric-prod"
ROLES = {"raft": "orderer", "bft": "orderer", "peer": "peer"}
"""The role of each kind of node, by whose name the node goes here."""
VALUES = {"level": "error", "code": "Unavailable"}
"""Values of labels by which queries select; that of any other label is its name."""
PRESENT = 'label_replace(vector(1), "found", "yes", "", "")'


def by_name(dashboard: Dashboard) -> str:
    return dashboard.name


@needs("promtool")
@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=by_name)
def test_prometheus_reads_every_query(tmp_path: Path, dashboard: Dashboard) -> None:
    drawn = grafana(dashboard, stack="prod", namespace="fabric-prod")

    check_expressions(tmp_path, [each["expr"] for panel in drawn["panels"] for each in panel["targets"]])


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=by_name)
def test_a_query_selects_and_groups_by_labels_that_its_metrics_have(dashboard: Dashboard) -> None:
    for panel in dashboard.panels:
        for query in panel.queries:
            known = {label for metric in metrics_of(query.expression) for label in metric.labels}
            assert labels_in(query.expression) <= known | TARGET_LABELS | {"le"}, panel.title


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=by_name)
def test_a_dashboard_is_json_about_one_namespace_without_overlaps(dashboard: Dashboard) -> None:
    drawn = json.loads(json.dumps(grafana(dashboard, stack="prod", namespace="fabric-prod")))
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in drawn["panels"]]
    queries = [each["expr"] for panel in drawn["panels"] for each in panel["targets"]]

    assert len(set(places)) == len(places)
    assert all('namespace="fabric-prod"' in query for query in queries)
    assert len(drawn["uid"]) <= 40


def targets(metric: Metric) -> Iterator[dict[str, str]]:
    """Labels of what is scraped for a metric: of each kind of node that has it, or of another program."""
    if metric.source is not Source.NODES:
        yield {"job": "other"}
    for kind in metric.nodes:
        yield {"job": kind, "instance": kind, "node": kind, "organization": "one", "role": ROLES[kind]}


def series(metric: Metric) -> Iterator[dict[str, str]]:
    """What a scrape has of a metric, as the table of metrics says it of real nodes."""
    parts: dict[str, dict[str, str]] = {"": {}}
    if metric.kind == "histogram":
        parts = {"_count": {}, "_sum": {}, "_bucket": {"le": "0.1"}, "_bucket ": {"le": "+Inf"}}
    for target in targets(metric):
        for part, more in parts.items():
            own = {label: VALUES.get(label, label) for label in metric.labels}
            labels = {**target, **own, "namespace": NAMESPACE, **more}
            text = ", ".join(f'{name}="{value}"' for name, value in labels.items())
            yield {"series": f"{metric.name}{part.strip()}{{{text}}}", "values": "1+1x80"}


def chosen(expression: str, node: str) -> str:
    """A query as it is asked once somebody has chosen by a dashboard's labels."""
    text = of_namespace(expression, NAMESPACE)
    return text.replace("$channel", "channel").replace("$node", node)


def node_of(expression: str) -> str:
    """The peer, or the node of which the exporter tells."""
    own = {metric.source for metric in metrics_of(expression)} == {Source.EXPORTER}
    return "node" if own else "peer"


def has_label(expression: str, label: str) -> str:
    """An expression that is empty unless a query's answer has a label."""
    marked = f'label_replace({expression}, "found", "yes", "{label}", ".+")'
    return f"absent({marked} and on (found) {PRESENT})"


@needs("promtool")
@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=by_name)
def test_every_query_has_an_answer_of_what_real_nodes_say_with_the_labels_of_its_legend(
    tmp_path: Path, dashboard: Dashboard
) -> None:
    """So has each label to choose by: an empty panel helps nobody, nor does a line without a name."""
    queries = [query for panel in dashboard.panels for query in panel.queries]
    expressions = [query.expression for query in queries] + [asked for _, asked in dashboard.choices]
    asked = [f"absent({chosen(each, node_of(each))})" for each in expressions]
    asked += [
        has_label(chosen(query.expression, node_of(query.expression)), label)
        for query in queries
        for label in re.findall(r"\{\{(\w+)\}\}", query.legend)
    ]
    asked += [has_label(of_namespace(each, NAMESPACE), label) for label, each in dashboard.choices]
    metrics = {metric.name: metric for each in expressions for metric in metrics_of(each)}
    test = {
        "interval": "15s",
        "input_series": [each for metric in metrics.values() for each in series(metric)],
        "promql_expr_test": [{"expr": each, "eval_time": "18m", "exp_samples": []} for each in asked],
    }
    (tmp_path / "tests.yaml").write_text(yaml.safe_dump({"tests": [test], "rule_files": []}, width=1000))

    promtool(tmp_path, "test", "rules", "tests.yaml")
