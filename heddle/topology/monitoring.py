"""Lay out what watches an instance."""

from heddle.quantities import amount
from heddle.spec import Instance
from heddle.topology.images import images_plan
from heddle.topology.plans.monitoring import (
    ALERTMANAGER,
    ALERTMANAGER_PORT,
    PROMETHEUS,
    PROMETHEUS_PORT,
    ClusterOperator,
    MonitoringPlan,
    OwnWatchers,
    WatcherPlan,
)
from heddle.topology.pods import claim_settings, pod_settings

_FULL = 4, 5
"""The part of the claim that samples may take: the newest hours and what is being compacted come on top."""


def monitoring_plan(instance: Instance) -> MonitoringPlan | None:
    """Lay out what watches an instance; None where nothing does."""
    wanted = instance.monitoring
    if wanted is None:
        return None
    watchers = (
        ClusterOperator(labels=wanted.operator.labels)
        if wanted.operator
        else _own(instance, wanted.retention)
    )
    return MonitoringPlan(watchers=watchers, exporter=wanted.exporter or "", receivers=wanted.receivers)


def _own(instance: Instance, retention: str) -> OwnWatchers:
    prometheus = _watcher(instance, PROMETHEUS, PROMETHEUS_PORT)
    part, whole = _FULL
    return OwnWatchers(
        prometheus=prometheus,
        alertmanager=_watcher(instance, ALERTMANAGER, ALERTMANAGER_PORT),
        retention=retention,
        retention_bytes=int(amount(prometheus.storage_size) * part / whole),
    )


def _watcher(instance: Instance, kind: str, port: int) -> WatcherPlan:
    return WatcherPlan(
        name=kind,
        port=port,
        image=str(getattr(images_plan(instance), kind)),
        **pod_settings(instance.nodes, kind, kind),
        **claim_settings(instance.nodes, instance.storage, kind, kind),
    )
