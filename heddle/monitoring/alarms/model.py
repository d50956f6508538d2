"""Describe an alarm: when it fires, what it is a sign of, and so to what it leads whoever it wakes."""

import re
from dataclasses import dataclass

from heddle.monitoring.metrics import Metric, Source
from heddle.monitoring.queries import metrics_of
from heddle.planner.incidents import WAYS, Cause, Severity, Way

__all__ = ["Alarm"]

_LABEL = re.compile(r"<(\w+)>")
_LABELS = ("namespace", "channel", "pod", "chaincode")
"""Names in commands that are labels of the same name."""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """Describe an alarm. `<name>` in texts stands for the value of that label of the alarm's series.

    Page, command and runbook are those of the cause (heddle.planner.incidents), so that an alarm leads where
    `triage` does.

    expression: in PromQL, with `NS` for the namespace's selector (heddle.monitoring.queries).
    lasts: how long it has to be true before anybody is told.
    summary: what is wrong, in one sentence.
    about: what the cause's command takes as its `{name}`.
    own_severity: of this sign, where it is not that of the cause; the reason stands beside it.
    """

    name: str
    expression: str
    lasts: str
    summary: str
    cause: Cause
    about: str = "<node>"
    own_severity: Severity | None = None

    @property
    def way(self) -> Way:
        """Return what deals with its cause."""
        return WAYS[self.cause]

    @property
    def severity(self) -> Severity:
        """Return how serious it is."""
        return self.own_severity or self.way.severity

    @property
    def page(self) -> str:
        """Return the page that deals with it, from the project's folder, with its section."""
        return f"docs/operations/{self.way.page}"

    @property
    def sources(self) -> tuple[Source, ...]:
        """Return whose metrics have to be scraped for it."""
        return tuple(dict.fromkeys(metric.source for metric in self.metrics))

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Return the metrics that the expression reads."""
        return metrics_of(self.expression)

    def command(self, stack: str) -> str:
        """Return the line to type next; it changes nothing before it has asked."""
        names = {label: f"<{label}>" for label in _LABELS}
        return self.way.command.format(**{**names, "name": self.about, "stack": stack})

    def annotations(self, stack: str) -> dict[str, str]:
        """Return what Prometheus says of each alarm that fires, with the labels as it fills them in.

        summary, page and command for people; cause and runbook for programs. A runbook is left out where none
        deals with it.
        """
        texts = {
            "summary": self.summary,
            "page": self.page,
            "command": self.command(stack),
            "cause": str(self.cause),
            **({"runbook": self.way.runbook} if self.way.runbook else {}),
        }
        return {name: _LABEL.sub(r"{{ $labels.\1 }}", text) for name, text in texts.items()}
