"""List the alarms, and write them as rules of Prometheus."""

from collections.abc import Iterable, Mapping

from heddle.monitoring.alarms.care import CARE
from heddle.monitoring.alarms.cluster import CLUSTER
from heddle.monitoring.alarms.model import Alarm
from heddle.monitoring.alarms.ordering import ORDERING
from heddle.monitoring.alarms.peers import PEERS
from heddle.monitoring.metrics import EXPECTED, Source
from heddle.monitoring.queries import of_namespace
from heddle.render import alert_rules

__all__ = ["ALARMS", "Alarm", "rules_yaml"]

ALARMS: Mapping[str, tuple[Alarm, ...]] = {
    "ordering": ORDERING,
    "peers": PEERS,
    "cluster": CLUSTER,
    "care": CARE,
}
"""All alarms, by group."""


def rules_yaml(
    stack: str, namespace: str, *, exporter: bool = True, expected: Iterable[Mapping[str, str]] = ()
) -> str:
    """Return the file of rules for an instance, as Prometheus takes it.

    Args:
        stack: its name, which the commands of alarms name.
        namespace: the instance's; every alarm bears it, also those that are about machines.
        exporter: False leaves out the alarms that rest on Heddle's exporter alone, where nobody runs it.
        expected: labels of the targets that should be found, for a Prometheus that finds them by their pods.
    """
    wanted = {
        group: [alarm for alarm in alarms if exporter or alarm.sources != (Source.EXPORTER,)]
        for group, alarms in ALARMS.items()
    }
    groups = [
        {
            "name": f"heddle-{namespace}-{group}",
            "alarms": [
                {
                    "name": alarm.name,
                    "expression": of_namespace(alarm.expression, namespace),
                    "lasts": alarm.lasts,
                    "severity": str(alarm.severity),
                    "annotations": alarm.annotations(stack),
                }
                for alarm in alarms
            ],
        }
        for group, alarms in wanted.items()
        if alarms
    ]
    recorded = [{"namespace": namespace, **labels} for labels in expected]
    return alert_rules(stack=stack, namespace=namespace, groups=groups, record=EXPECTED, expected=recorded)
