"""Serve an instance's facts to Prometheus, asked again and again."""

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event, Lock

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from heddle.errors import HeddleError
from heddle.monitoring.exporter.facts import Facts
from heddle.monitoring.exporter.growth import Growth
from heddle.monitoring.exporter.samples import families_of, samples_of

__all__ = ["serve"]


class _Newest(Collector):
    """Hand out what was found out last: a scrape waits for nobody."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._families: list[GaugeMetricFamily] = []

    def put(self, families: list[GaugeMetricFamily]) -> None:
        with self._lock:
            self._families = families

    def collect(self) -> list[GaugeMetricFamily]:
        with self._lock:
            return self._families


def serve(
    ask: Callable[[], Facts],
    *,
    host: str,
    port: int,
    every: float,
    stopped: Event,
    tell: Callable[[str], None],
) -> None:
    """Serve `/metrics` on `host:port` until `stopped`, and ask anew `every` so many seconds.

    tell: is told when it listens, and what cannot be found out. While a stack cannot be read at all, nothing
    is served but the address itself: an alarm says so. Raises OSError for an address that cannot be had.
    """
    newest, growth = _Newest(), Growth()
    registry = CollectorRegistry(auto_describe=False)
    registry.register(newest)
    server, thread = start_http_server(port, addr=host, registry=registry)
    tell(f"metrics at http://{host}:{server.server_port}/metrics, asked anew every {every:g} s")
    told: dict[str, str] = {}
    try:
        while not stopped.is_set():
            told = _round(ask, newest, growth, tell, told)
            stopped.wait(every)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _round(
    ask: Callable[[], Facts],
    newest: _Newest,
    growth: Growth,
    tell: Callable[[str], None],
    told: dict[str, str],
) -> dict[str, str]:
    """Ask once, and tell what is not known, if it was not told in the round before; return that."""
    now = datetime.now(UTC)
    try:
        facts = ask()
    except HeddleError as error:
        newest.put([])
        unknown = {"instance": error.message}
    except Exception as error:  # An exporter that ends tells nothing any more: it says so and asks again.
        newest.put([])
        unknown = {
            "instance": f"{type(error).__name__}: {error}; this is a fault of Heddle's, please report it"
        }
    else:
        samples = (*samples_of(facts, now), *growth.watch(facts.volumes, now.timestamp()))
        newest.put(families_of(facts.namespace, samples))
        unknown = dict(facts.unknown)
    for name, reason in unknown.items():
        if told.get(name) != reason:
            tell(f"{name}: {reason}")
    return unknown
