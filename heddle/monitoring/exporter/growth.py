"""Tell from what was seen how long a volume takes until it is full."""

from collections import deque
from collections.abc import Iterable, Iterator

from heddle.kube.volumeusage import VolumeUsage
from heddle.monitoring.exporter.samples import Sample

__all__ = ["Growth"]

_WINDOW, _LEAST = 24 * 3600.0, 3600.0
"""Seconds that are looked back at most, and that must have been seen before anything is told."""
_DAY = 86_400.0
_NEVER = float("inf")


class Growth:
    """Remember how full volumes were during the last day."""

    def __init__(self) -> None:
        self._seen: dict[str, deque[tuple[float, int]]] = {}

    def watch(self, volumes: Iterable[VolumeUsage], now: float) -> tuple[Sample, ...]:
        """Remember how full volumes are at a moment, in seconds, and return the days that each has left.

        Nothing of a volume that was watched for less than an hour; infinity for one that does not grow.
        """
        return tuple(self._days(volumes, now))

    def _days(self, volumes: Iterable[VolumeUsage], now: float) -> Iterator[Sample]:
        for each in volumes:
            seen = self._seen.setdefault(each.claim, deque())
            seen.append((now, each.used))
            while now - seen[0][0] > _WINDOW:
                seen.popleft()
            since, used = seen[0]
            if now - since < _LEAST:
                continue
            a_day = (each.used - used) / (now - since) * _DAY
            left = (each.capacity - each.used) / a_day if a_day > 0 else _NEVER
            yield Sample(
                name="heddle_volume_days_left", value=left, labels={"persistentvolumeclaim": each.claim}
            )
