"""Describe an alarm: when it fires, and to what it leads whoever it wakes."""

import re
from dataclasses import dataclass
from enum import StrEnum

from heddle.monitoring.metrics import Metric, Source
from heddle.monitoring.queries import metrics_of

__all__ = ["Alarm", "Severity"]

_LABEL = re.compile(r"<(\w+)>")


class Severity(StrEnum):
    """Say who has to know: `critical` wakes somebody, `warning` waits for the day, `info` for the week."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """Describe an alarm. `<name>` in texts stands for the value of that label of the alarm's series.

    expression: in PromQL, with `NS` for the namespace's selector (heddle.monitoring.queries).
    lasts: how long it has to be true before anybody is told.
    summary: what is wrong, in one sentence.
    page: the page that deals with it, from the project's folder.
    command: what to run first, with `STACK` for the stack's name; it changes nothing before it has asked.
    """

    name: str
    expression: str
    lasts: str
    severity: Severity
    summary: str
    page: str
    command: str

    @property
    def sources(self) -> tuple[Source, ...]:
        """Return whose metrics have to be scraped for it."""
        return tuple(dict.fromkeys(metric.source for metric in self.metrics))

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Return the metrics that the expression reads."""
        return metrics_of(self.expression)

    def annotations(self, stack: str) -> dict[str, str]:
        """Return summary, page and command as Prometheus fills them in for each alarm that fires."""
        texts = {"summary": self.summary, "page": self.page, "command": self.command.replace("STACK", stack)}
        return {name: _LABEL.sub(r"{{ $labels.\1 }}", text) for name, text in texts.items()}
