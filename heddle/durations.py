"""Read and write durations, as Go does ("1m30s", "500ms") and in days or hours ("30d", "36h"), and times."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

__all__ = ["PERIOD", "canonical", "nanoseconds", "period", "seconds", "timestamp"]

_UNITS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
PERIOD: Final = r"[1-9][0-9]{0,4}[dh]"
"""Pattern of a time in days or hours."""
_PART: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")


def nanoseconds(text: str) -> int:
    """Return the length of a Go duration. Raises ValueError for what Go's time.ParseDuration refuses."""
    sign, rest = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if rest == "0":
        return 0
    parts = list(_PART.finditer(rest))
    if not parts or "".join(part.group() for part in parts) != rest:
        raise ValueError(f"duration {text!r}: expected a Go duration such as 500ms, 2s or 1m30s")
    return sign * round(sum(float(part[1]) * _UNITS[part[2]] for part in parts))


def seconds(text: str) -> float:
    """Return the length of a Go duration in seconds. Raises ValueError as `nanoseconds` does."""
    return nanoseconds(text) / _UNITS["s"]


def canonical(length: int) -> str:
    """Return a length in nanoseconds as text in its one spelling: `2s`, `500ms`, `100us` or `1ns`."""
    unit = next(unit for unit in ("s", "ms", "us", "ns") if length % _UNITS[unit] == 0)
    return f"{length // _UNITS[unit]}{unit}"


def period(text: str) -> timedelta:
    """Return the length of "30d" or "36h". Raises ValueError for what is no such text."""
    if re.fullmatch(PERIOD, text) is None:
        raise ValueError(f"{text!r}: expected days or hours, as 30d or 36h")
    count = int(text[:-1])
    return timedelta(days=count) if text.endswith("d") else timedelta(hours=count)


def timestamp(moment: datetime) -> str:
    """Return a time as RFC 3339 in UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
