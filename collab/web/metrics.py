"""Owns the metrics of one server in a registry of its own; names come from those who count, never labels of people."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

CONTENT_TYPE = CONTENT_TYPE_LATEST
_PREFIX = "collab_"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_BYTES = tuple(float(4**power) for power in range(3, 14))


class _Counts(Collector):
    """Plain counts, turned into metrics when somebody asks: they are counted far more often than read."""

    def __init__(self) -> None:
        self.by_name: dict[str, int] = {}

    def collect(self) -> Iterator[CounterMetricFamily]:
        for name, count in tuple(self.by_name.items()):
            bare = name.removesuffix("_total")
            yield CounterMetricFamily(_PREFIX + bare, bare.replace("_", " ").capitalize(), value=count)


class Metrics:
    """Counters and histograms made when they are first used, gauges read when somebody asks."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._counts = _Counts()
        self._registry.register(self._counts)
        self._histograms: dict[str, Histogram] = {}
        self._errors = Counter(f"{_PREFIX}errors", "Errors told to clients, by slug", ["code"], registry=self._registry)
        self._handshakes = Counter(
            f"{_PREFIX}handshakes", "WebSocket handshakes by HTTP status", ["status"], registry=self._registry
        )

    def count(self, name: str, amount: int = 1) -> None:
        """Add to the counter of that name."""
        counts = self._counts.by_name
        counts[name] = counts.get(name, 0) + amount

    def observe(self, name: str, value: float) -> None:
        """Add a value to the histogram of that name; the name ends in its unit."""
        histogram = self._histograms.get(name)
        if histogram is None:
            buckets = _BYTES if name.endswith("_bytes") else _SECONDS
            text = name.replace("_", " ").capitalize()
            histogram = Histogram(_PREFIX + name, text, registry=self._registry, buckets=buckets)
            self._histograms[name] = histogram
        histogram.observe(value)

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Publish a number that is read at each scrape."""
        Gauge(_PREFIX + name, text, registry=self._registry).set_function(read)

    def error(self, code: str) -> None:
        """Count an error that a client was told."""
        self._errors.labels(code).inc()

    def handshake(self, status: int) -> None:
        """Count a WebSocket handshake."""
        self._handshakes.labels(str(status)).inc()

    def text(self) -> bytes:
        """Everything, in the Prometheus text format."""
        return generate_latest(self._registry)
