"""Owns reading a latency's distribution: from its histogram where there is one, else from its percentiles."""

from __future__ import annotations

import binascii
import math
import zlib

from hdrh.histogram import HdrHistogram

from loadtest.results import Latency

_UNITS_PER_MS = 1000
_STEPS_PER_NINE = 20
_SUMMARY = ((50.0, "p50_ms"), (90.0, "p90_ms"), (95.0, "p95_ms"), (99.0, "p99_ms"), (99.9, "p999_ms"))


def percentile_points(latency: Latency) -> list[tuple[float, float]]:
    """Percentile and milliseconds, rising; no percentile that so few deliveries cannot tell."""
    if not latency.count:
        return []
    last = 100 - 100 / max(latency.count, 2)
    levels = [level for level in _levels(latency.count) if level <= last]
    histogram = _histogram(latency.histogram)
    if histogram is not None:
        return [(level, histogram.get_value_at_percentile(level) / _UNITS_PER_MS) for level in levels]
    points = [(level, getattr(latency, name)) for level, name in _SUMMARY if level <= last]
    return [*points, (last, latency.max_ms)] if not points or points[-1][0] < last else points


def _levels(count: int) -> list[float]:
    nines = math.log10(max(count, 2))
    steps = math.floor(nines * _STEPS_PER_NINE + 1e-9)
    return [100 - 100 / 10 ** (step / _STEPS_PER_NINE) for step in range(steps + 1)]


def _histogram(encoded: str) -> HdrHistogram | None:
    """None where there is none, or none that can be read: a report is made of any result."""
    if not encoded:
        return None
    try:
        return HdrHistogram.decode(encoded)
    except (ValueError, TypeError, IndexError, binascii.Error, zlib.error):
        return None
