"""Turn facts into samples of the exporter's metrics, and samples into Prometheus' text."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from heddle.monitoring.exporter.facts import Facts
from heddle.monitoring.metrics import METRICS, Source
from heddle.network.status import InstanceStatus, NodeStatus

__all__ = ["Sample", "families_of", "samples_of", "text_of"]

_KINDS = ("status", "certificates", "drift", "backups", "clocks", "volumes")
_SERIAL = 8
"""Digits of a serial number, as `heddle certificates list` shows them."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Hold one number of a metric, with its labels but for the namespace."""

    name: str
    value: float
    labels: Mapping[str, str]


def samples_of(facts: Facts, now: datetime) -> tuple[Sample, ...]:
    """Return what is known as samples; `now` tells ages. What is not known has none."""
    return (
        *_known(facts),
        *(_of_status(facts.status) if facts.status else ()),
        *_of_certificates(facts),
        *(_sample("channel_drift", count, channel=name) for name, count in facts.drift.items()),
        *_of_backups(facts, now),
        *(_sample("clock_skew_seconds", ahead, clock=name) for name, ahead in facts.clocks.items()),
        *_of_volumes(facts),
    )


def text_of(namespace: str, samples: Iterable[Sample]) -> str:
    """Return samples in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(families_of(namespace, samples)))
    return generate_latest(registry).decode()


def families_of(namespace: str, samples: Iterable[Sample]) -> list[GaugeMetricFamily]:
    """Return samples by metric, as prometheus-client takes them."""
    families: dict[str, GaugeMetricFamily] = {}
    for sample in samples:
        metric = METRICS[sample.name]
        labels = {"namespace": namespace, **sample.labels}
        if metric.source is not Source.EXPORTER or set(labels) != set(metric.labels):
            raise ValueError(f"{sample.name} has the labels {metric.labels}, not {sorted(labels)}")
        family = families.setdefault(
            metric.name, GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
        )
        family.add_metric([labels[name] for name in metric.labels], sample.value)
    return list(families.values())


class _Once(Collector):
    """Hand out families that are there already."""

    def __init__(self, families: list[GaugeMetricFamily]) -> None:
        self._families = families

    def collect(self) -> list[GaugeMetricFamily]:
        return self._families


def _sample(name: str, value: float, **labels: str) -> Sample:
    return Sample(name=f"heddle_{name}", value=value, labels=labels)


def _known(facts: Facts) -> Iterator[Sample]:
    for kind in _KINDS:
        yield _sample("facts_known", kind not in facts.unknown, facts=kind)


def _of_status(status: InstanceStatus) -> Iterator[Sample]:
    newest: dict[str, int] = {}
    for node in status.nodes:
        for channel, height in node.heights.items():
            newest[channel] = max(height, newest.get(channel, 0))
    for node in status.nodes:
        labels = {"node": node.name, "role": node.kind}
        yield _sample("node_up", _answers(node), organization=node.organization, **labels)
        yield _sample("node_problems", len(node.problems), organization=node.organization, **labels)
        for channel, height in node.heights.items():
            yield _sample("channel_height", height, channel=channel, **labels)
            yield _sample("channel_height_gap", newest[channel] - height, channel=channel, **labels)
    for chaincode in status.chaincodes:
        labels = {"chaincode": chaincode.name, "channel": chaincode.channel}
        yield _sample("chaincode_up", not chaincode.problem, **labels)
    for margin in status.margins:
        if found := margin.standing:
            yield _sample("channel_consenters", found.consenters, channel=margin.channel)
            yield _sample("channel_ordering", found.running, channel=margin.channel)
            yield _sample("channel_margin", found.margin, channel=margin.channel)


def _answers(node: NodeStatus) -> bool:
    """Tell whether a node answers about any channel; of one that is on none, whether all is well."""
    return bool(node.heights) or not node.problems


def _of_certificates(facts: Facts) -> Iterator[Sample]:
    if facts.certificates is None:
        return
    left: dict[tuple[str, str, str], int] = {}
    differs: dict[str, bool] = {}
    for each in facts.certificates.certificates:
        key = (each.whose, each.purpose, each.serial[:_SERIAL])
        left[key] = min(each.days, left.get(key, each.days))
        if each.presented_at:
            differs[each.whose] = differs.get(each.whose, False) or bool(each.differs)
    for (whose, purpose, serial), days in left.items():
        yield _sample("certificate_days_left", days, whose=whose, purpose=purpose, serial=serial)
    for whose, found in differs.items():
        yield _sample("certificate_differs", found, whose=whose)


def _of_backups(facts: Facts, now: datetime) -> Iterator[Sample]:
    if facts.backups is None:
        return
    if facts.backups.newest is not None:
        age = (now - datetime.fromisoformat(facts.backups.newest)).total_seconds()
        yield _sample("backup_age_seconds", age)
    if "backups" not in facts.unknown:
        yield _sample("backup_overdue", facts.backups.overdue)


def _of_volumes(facts: Facts) -> Iterator[Sample]:
    for each in facts.volumes:
        yield _sample("volume_used_bytes", each.used, persistentvolumeclaim=each.claim)
        yield _sample("volume_capacity_bytes", each.capacity, persistentvolumeclaim=each.claim)
