"""Keep gauges and counters with Fabric's names, and show them in Prometheus' text form."""

from collections.abc import Callable, Mapping

__all__ = ["Metrics"]

Labels = tuple[tuple[str, str], ...]


class Metrics:
    """Values by name and labels. Some gauges are set only when the metrics are asked for."""

    def __init__(self) -> None:
        self._values: dict[str, dict[Labels, float]] = {}
        self._kinds: dict[str, str] = {}
        self._sources: list[Callable[[], None]] = []

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge to a value."""
        self._kinds[name] = "gauge"
        self._values.setdefault(name, {})[tuple(labels.items())] = value

    def add(self, name: str, **labels: str) -> None:
        """Add 1 to a counter."""
        self._kinds[name] = "counter"
        series = self._values.setdefault(name, {})
        key = tuple(labels.items())
        series[key] = series.get(key, 0) + 1

    def forget(self, **labels: str) -> None:
        """Drop every series with these labels, as those of a removed channel."""
        wanted = set(labels.items())
        for series in self._values.values():
            for key in [key for key in series if wanted <= set(key)]:
                del series[key]

    def source(self, refresh: Callable[[], None]) -> None:
        """Call `refresh` before each rendering; it sets gauges."""
        self._sources.append(refresh)

    def render(self) -> str:
        """Return the text that `/metrics` answers."""
        for refresh in self._sources:
            refresh()
        lines: list[str] = []
        for name in sorted(self._values):
            lines.append(f"# TYPE {name} {self._kinds[name]}")
            lines.extend(f"{name}{_braces(dict(key))} {value:g}" for key, value in self._values[name].items())
        return "\n".join(lines) + "\n"


def _braces(labels: Mapping[str, str]) -> str:
    inner = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f"{{{inner}}}" if inner else ""
