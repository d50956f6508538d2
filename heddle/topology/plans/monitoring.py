"""Hold the plan of what watches an instance."""

from collections.abc import Mapping
from dataclasses import dataclass

from heddle.spec.monitoring import Receiver
from heddle.topology.plans.nodes import PodSettings

PROMETHEUS, ALERTMANAGER = "prometheus", "alertmanager"
"""Names of their objects, their Services too."""
PROMETHEUS_PORT, ALERTMANAGER_PORT = 9090, 9093
OPERATOR_STABLE, OPERATOR_ALPHA = "monitoring.coreos.com/v1", "monitoring.coreos.com/v1alpha1"
"""API versions of prometheus-operator's kinds."""


@dataclass(frozen=True, kw_only=True)
class WatcherPlan(PodSettings):
    """A Prometheus or an Alertmanager: one pod with a claim, found by a Service."""

    name: str
    """PROMETHEUS or ALERTMANAGER: the name of each of its objects."""
    port: int
    image: str
    storage_class: str | None
    """None = the cluster's default class."""
    storage_size: str


@dataclass(frozen=True, kw_only=True)
class OwnWatchers:
    """A Prometheus and an Alertmanager in the instance's namespace."""

    prometheus: WatcherPlan
    alertmanager: WatcherPlan
    retention: str
    """How long samples are kept: `15d` or `36h`."""
    retention_bytes: int
    """The bytes of samples above which the oldest go."""


@dataclass(frozen=True, kw_only=True)
class ClusterOperator:
    """The Prometheus and the Alertmanager of the cluster's prometheus-operator."""

    labels: Mapping[str, str]
    """Labels by which they select the objects that are made for them."""


@dataclass(frozen=True, kw_only=True)
class MonitoringPlan:
    """What watches an instance, what it scrapes beside the nodes, and whom it tells."""

    watchers: OwnWatchers | ClusterOperator
    exporter: str
    """Where `heddle monitoring serve` listens, `host:port`; empty = nowhere."""
    receivers: tuple[Receiver, ...]

    @property
    def custom_kinds(self) -> dict[str, tuple[str, ...]]:
        """Return the kinds of the objects that are made for the operator, by API version.

        Alpha ones only where they are needed: clusters may have the operator without them.
        """
        if not isinstance(self.watchers, ClusterOperator):
            return {}
        kinds: dict[str, tuple[str, ...]] = {OPERATOR_STABLE: ("PrometheusRule", "ServiceMonitor")}
        alpha = (("AlertmanagerConfig", bool(self.receivers)), ("ScrapeConfig", bool(self.exporter)))
        if wanted := tuple(kind for kind, needed in alpha if needed):
            kinds[OPERATOR_ALPHA] = wanted
        return kinds

    @property
    def secrets(self) -> dict[str, tuple[str, str]]:
        """Return the Secret and the key of each password that Alertmanager reads, by its file's name."""
        found: dict[str, tuple[str, str]] = {}
        for each in self.receivers:
            if each.webhook is not None and each.webhook.token is not None:
                found[f"{each.name}.token"] = (each.webhook.token.secret, each.webhook.token.key)
            if each.mail is not None and each.mail.password is not None:
                found[f"{each.name}.password"] = (each.mail.password.secret, each.mail.password.key)
        return found
