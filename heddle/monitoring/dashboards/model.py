"""Describe a dashboard: rows of panels, each with its queries; and write it as Grafana takes it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from heddle.monitoring.queries import of_namespace

__all__ = ["Dashboard", "Panel", "Query", "grafana"]

_SCHEMA = 39
"""Version of Grafana's format (Grafana 10 and newer)."""
_WIDTH, _HEIGHT, _ACROSS = 24, 8, 3
_SOURCE = {"type": "prometheus", "uid": "${source}"}


@dataclass(frozen=True, kw_only=True)
class Query:
    """Describe a line of a panel: an expression, with `NS` for the namespace, and what its legend says."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Describe a panel. `unit`: Grafana's word, as s, bytes, ops; `number`: show the newest value alone."""

    title: str
    queries: tuple[Query, ...]
    unit: str = "short"
    number: bool = False


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """Describe a dashboard. `choices`: labels to choose by, each with the series that has its values."""

    name: str
    title: str
    panels: tuple[Panel, ...]
    choices: tuple[tuple[str, str], ...] = ()


def grafana(dashboard: Dashboard, *, stack: str, namespace: str) -> dict[str, Any]:
    """Return a dashboard of an instance as JSON that Grafana imports."""
    return {
        "uid": f"heddle-{namespace}-{dashboard.name}"[:40],
        "title": f"{stack}: {dashboard.title}",
        "tags": ["heddle", namespace],
        "schemaVersion": _SCHEMA,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "utc",
        "templating": {"list": list(_variables(dashboard, namespace))},
        "panels": [_panel(each, number, namespace) for number, each in enumerate(dashboard.panels)],
    }


def _variables(dashboard: Dashboard, namespace: str) -> Iterator[dict[str, Any]]:
    yield {"name": "source", "label": "Source", "type": "datasource", "query": "prometheus"}
    for label, series in dashboard.choices:
        values = f"label_values({of_namespace(series, namespace)}, {label})"
        yield {
            "name": label,
            "label": label.capitalize(),
            "type": "query",
            "datasource": _SOURCE,
            "query": {"query": values, "refId": label},
            "refresh": 2,
            "sort": 1,
        }


def _panel(panel: Panel, number: int, namespace: str) -> dict[str, Any]:
    width = _WIDTH // _ACROSS
    return {
        "id": number + 1,
        "title": panel.title,
        "type": "stat" if panel.number else "timeseries",
        "datasource": _SOURCE,
        "gridPos": {
            "x": number % _ACROSS * width,
            "y": number // _ACROSS * _HEIGHT,
            "w": width,
            "h": _HEIGHT,
        },
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": _SOURCE,
                "expr": of_namespace(query.expression, namespace),
                "legendFormat": query.legend,
                "instant": panel.number,
            }
            for index, query in enumerate(panel.queries)
        ],
    }
