"""Owns reading a latency's distribution: from its histogram where there is one, else from its percentiles."""

from __future__ import annotations

import math

from loadtest.histogram import decode
from loadtest.results import Latency

_US_PER_MS = 1000
_STEPS_PER_NINE = 20
_SUMMARY = ((50.0, "p50_ms"), (90.0, "p90_ms"), (95.0, "p95_ms"), (99.0, "p99_ms"), (99.9, "p999_ms"))


def percentile_points(latency: Latency) -> list[tuple[float, float]]:
    """Percentile and milliseconds, rising; no percentile that so few deliveries cannot tell."""
    if not latency.count:
        return []
    last = 100 - 100 / max(latency.count, 2)
    levels = [level for level in _levels(latency.count) if level <= last]
    try:
        histogram = decode(latency.histogram)
    except ValueError:
        return _from_summary(latency, last)
    return [(level, histogram.get_value_at_percentile(level) / _US_PER_MS) for level in levels]


def _from_summary(latency: Latency, last: float) -> list[tuple[float, float]]:
    points = [(level, getattr(latency, name)) for level, name in _SUMMARY if level <= last]
    return [*points, (last, latency.max_ms)] if not points or points[-1][0] < last else points


def _levels(count: int) -> list[float]:
    nines = math.log10(max(count, 2))
    steps = math.floor(nines * _STEPS_PER_NINE + 1e-9)
    return [100 - 100 / 10 ** (step / _STEPS_PER_NINE) for step in range(steps + 1)]
