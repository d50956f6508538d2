"""Ask a Prometheus which alarms fire."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx

from heddle.errors import DrillError, Unreachable
from heddle.plain import ShapeError, parse_json

__all__ = ["Firing", "firing_in", "read_firing"]

_SECONDS: Final = 10.0
_MOST: Final = 16 << 20
"""Bytes of an answer."""


@dataclass(frozen=True, kw_only=True)
class Firing:
    """Describe an alarm that fires: its labels tell it from others, its annotations lead somewhere."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    summary: str = ""
    page: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """Return what tells it from others."""
        return (self.name, *(f"{name}={value}" for name, value in sorted(self.labels.items())))


async def read_firing(address: str, namespace: str) -> tuple[Firing, ...]:
    """Return the alarms of a namespace, and those of no namespace, that fire in the Prometheus at an address.

    Raises Unreachable when it does not answer, DrillError for an answer that is none.
    """
    try:
        async with httpx.AsyncClient(timeout=_SECONDS, trust_env=False) as client:
            response = await client.get(f"{address}/api/v1/alerts")
    except httpx.TransportError as error:
        raise Unreachable(f"Prometheus at {address}: {str(error) or type(error).__name__}") from error
    if response.status_code != httpx.codes.OK:
        raise Unreachable(f"Prometheus at {address}: HTTP {response.status_code}")
    return firing_in(response.content, namespace, source=f"Prometheus at {address}")


def firing_in(content: bytes, namespace: str, *, source: str) -> tuple[Firing, ...]:
    """Return the alarms that fire, of an answer of Prometheus' `/api/v1/alerts`. Raises DrillError."""
    try:
        answer = parse_json(content, limit=_MOST)
        found = []
        for each in answer["data"]["alerts"].items():
            name = each["labels"]["alertname"].text()
            labels = {label: value.text() for label, value in each["labels"].entries()}
            notes = {note: value.text() for note, value in each["annotations"].entries()}
            if each["state"].text() == "firing" and labels.get("namespace", namespace) == namespace:
                found.append(_firing(name, labels, notes))
    except ShapeError as error:
        raise DrillError(f"{source}: an answer that is none: {error}") from None
    return tuple(found)


def _firing(name: str, labels: Mapping[str, str], notes: Mapping[str, str]) -> Firing:
    return Firing(
        name=name,
        labels={label: value for label, value in labels.items() if label != "alertname"},
        command=notes.get("command", ""),
        summary=notes.get("summary", ""),
        page=notes.get("page", ""),
    )
