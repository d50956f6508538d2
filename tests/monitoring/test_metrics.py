"""Names of metrics stand in one file, and those of Fabric are what real nodes say."""

import pytest

from heddle.monitoring.alarms import ALARMS
from heddle.monitoring.dashboards import DASHBOARDS
from heddle.monitoring.metrics import METRICS, Metric, Source
from heddle.monitoring.queries import labels_in, metrics_of, names_in
from tests.monitoring.scrapes import recorded

OF_NODES = [metric for metric in METRICS.values() if metric.source is Source.NODES]
QUERIES = [alarm.expression for group in ALARMS.values() for alarm in group] + [
    query.expression for board in DASHBOARDS for panel in board.panels for query in panel.queries
]


@pytest.mark.parametrize("metric", OF_NODES, ids=lambda metric: metric.name)
def test_real_nodes_have_the_metric(metric: Metric) -> None:
    """By name, type and labels, as they were recorded of each kind of node that is said to have it."""
    said = {kind: shapes.get(metric.name) for kind, shapes in recorded().items()}
    expected = " ".join([metric.kind, *sorted(metric.labels)])

    assert {kind: shape for kind, shape in said.items() if shape} == dict.fromkeys(metric.nodes, expected)


def test_every_metric_is_used_and_every_used_one_is_known() -> None:
    used = {metric.name for query in QUERIES for metric in metrics_of(query)}
    of_exporter = {name for name, metric in METRICS.items() if metric.source is Source.EXPORTER}

    assert METRICS.keys() - used - of_exporter == set()


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ('sum by (namespace, le) (rate(a_bucket{NS, x=~"b|c"}[5m])) > 1', ("a_bucket",)),
        ("a{NS} and on (channel) b{NS} == 0 or vector(0)", ("a", "b")),
        ("max_over_time(a[1h]) - on (x) group_right () b:c", ("a", "b:c")),
        ('count_values by (x) ("leader", a{NS})', ("a",)),
        ("1 - a / 0.5", ("a",)),
    ],
)
def test_names_are_found(expression: str, names: tuple[str, ...]) -> None:
    assert names_in(expression) == names


def test_labels_are_found() -> None:
    assert labels_in('sum by (namespace, le) (a{NS, x=~"b|c", y!="d"}) / on (z) b') == {
        "namespace",
        "le",
        "x",
        "y",
        "z",
    }


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(KeyError, match="no_such_metric"):
        metrics_of("rate(no_such_metric[5m])")
