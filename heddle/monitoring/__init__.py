"""Watch an instance: the metrics that there are, alarms, dashboards, and an exporter of what no node says."""
