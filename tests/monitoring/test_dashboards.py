"""Dashboards show what there is: each query is Prometheus' language, about metrics and labels that exist."""

import json
from pathlib import Path

import pytest

from heddle.monitoring.dashboards import DASHBOARDS, Dashboard, grafana
from heddle.monitoring.metrics import TARGET_LABELS
from heddle.monitoring.queries import labels_in, metrics_of
from tests.monitoring.promtool import check_expressions
from tests.programs import needs


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
