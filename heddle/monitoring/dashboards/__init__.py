"""Draw dashboards for Grafana, as code."""

from heddle.monitoring.dashboards.model import Dashboard, Panel, Query, grafana
from heddle.monitoring.dashboards.panels import DASHBOARDS

__all__ = ["DASHBOARDS", "Dashboard", "Panel", "Query", "grafana"]
