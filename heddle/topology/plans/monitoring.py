"""Hold the plan of what watches an instance."""

from dataclasses import dataclass

from heddle.spec.monitoring import Receiver
from heddle.topology.plans.nodes import PodSettings

PROMETHEUS, ALERTMANAGER = "prometheus", "alertmanager"
"""Names of their objects, their Services too."""
PROMETHEUS_PORT, ALERTMANAGER_PORT = 9090, 9093


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
class MonitoringPlan:
    """What watches an instance: a Prometheus and an Alertmanager in its namespace."""

    prometheus: WatcherPlan
    alertmanager: WatcherPlan
    retention: str
    """How long samples are kept: `15d` or `36h`."""
    retention_bytes: int
    """The bytes of samples above which the oldest go."""
    exporter: str
    """Where `heddle monitoring serve` listens, `host:port`; empty = nowhere."""
    receivers: tuple[Receiver, ...]

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
