"""Read what Alertmanager posts, and find for each alarm what Heddle's own table says of it. Pure.

Nothing is run that a message says: it names an alarm and its labels, and the command is that of the rule.
Source: the webhook of Prometheus' Alertmanager, version 4 (notify/webhook in prometheus/alertmanager).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from heddle.errors import RunbookError
from heddle.monitoring.alarms import ALARMS, Alarm
from heddle.plain import Plain, ShapeError, parse_json

__all__ = ["LARGEST", "Alert", "command_for", "read_webhook"]

LARGEST: Final = 1 << 20
"""Bytes of a message: hundreds of alarms."""
_MOST: Final = 500
"""Alarms in a message."""
_TEXT: Final = 1000
"""Characters of a label or note."""
_LABEL: Final = re.compile(r"<(\w+)>")
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:-]{0,252}")
"""Labels that may stand in a command: names of nodes, channels, pods, people. None begins with a dash."""


@dataclass(frozen=True, kw_only=True)
class Alert:
    """Describe an alarm of a message. `started` and `fingerprint` tell this time it fires from all others."""

    name: str
    fingerprint: str
    started: str
    firing: bool
    labels: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Return what tells it from others."""
        return self.fingerprint, self.started


def read_webhook(body: bytes) -> tuple[Alert, ...]:
    """Return the alarms of a message. Raises RunbookError for one that Alertmanager does not send."""
    try:
        message = parse_json(body, limit=LARGEST)
        version = message["version"].text()
        if version != "4":
            raise ShapeError("version: 4 expected")
        alerts = list(message["alerts"].items())
        if len(alerts) > _MOST:
            raise ShapeError(f"alerts: at most {_MOST} expected, {len(alerts)} found")
        return tuple(_alert(each) for each in alerts)
    except ShapeError as error:
        raise RunbookError(
            f"not a message of Alertmanager: {error}", hint="Give its address as url of a webhook_config."
        ) from None


def _alert(found: Plain) -> Alert:
    labels = {name: value.text(most=_TEXT) for name, value in found["labels"].entries()}
    notes = found.get("annotations")
    summary = notes.get("summary") if notes else None
    return Alert(
        name=found["labels"]["alertname"].text(most=_TEXT),
        fingerprint=found["fingerprint"].text(most=_TEXT),
        started=found["startsAt"].text(most=_TEXT),
        firing=found["status"].text() == "firing",
        labels=labels,
        summary=summary.text(most=_TEXT) if summary else "",
    )


_RULES: Final[Mapping[str, Alarm]] = {alarm.name: alarm for alarms in ALARMS.values() for alarm in alarms}


def command_for(alert: Alert, stack: str) -> str:
    """Return the command of Heddle's rule of this name, with the alarm's labels; empty for others' alarms.

    Raises RunbookError for a label that no command may hold.
    """
    rule = _RULES.get(alert.name)
    if rule is None:
        return ""

    def label(match: re.Match[str]) -> str:
        value = alert.labels.get(match[1], "")
        if _PLAIN.fullmatch(value) is None:
            raise RunbookError(
                f"alarm {alert.name}: its label {match[1]!r} is no name", hint="It is not of Heddle's rules."
            )
        return value

    return _LABEL.sub(label, rule.command(stack))
