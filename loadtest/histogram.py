"""Owns latencies as HDR histograms: recording cheaply, adding up over time and processes, percentiles.

The only importer of `hdrh`. Values are microseconds, up to an hour, with three significant digits.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping

from hdrh.codec import HdrCookieException, HdrHistogramSettingsException, HdrLengthException
from hdrh.histogram import HdrHistogram

from loadtest.results import Latency

_UNREADABLE = (ValueError, TypeError, HdrCookieException, HdrHistogramSettingsException, HdrLengthException, zlib.error)
_LOWEST_US, _HIGHEST_US, _DIGITS = 1, 3_600_000_000, 3


class Tally:
    """What was measured since it was last taken; recording is an addition in a dict."""

    def __init__(self) -> None:
        self.counts: defaultdict[str, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
        """Kind of latency -> microseconds -> how often."""

    def record(self, kind: str, latency_s: float) -> None:
        self.counts[kind][int(latency_s * 1e6)] += 1

    def take(self) -> dict[str, str]:
        """Kind -> encoded histogram; begins anew."""
        taken = {kind: encode(_filled(counts.items())) for kind, counts in self.counts.items() if counts}
        for counts in self.counts.values():
            counts.clear()
        return taken


class Histograms:
    """Sums of encoded histograms by kind."""

    def __init__(self) -> None:
        self._sums: dict[str, HdrHistogram] = {}

    def add(self, encoded: Mapping[str, str]) -> None:
        """Raises: ValueError (no histogram)."""
        for kind, histogram in encoded.items():
            self._sums.setdefault(kind, _empty()).add(decode(histogram))

    def percentile_ms(self, kind: str, percentile: float) -> float:
        """0 where nothing was measured."""
        found = self._sums.get(kind)
        return found.get_value_at_percentile(percentile) / 1000 if found is not None and found.total_count else 0.0

    def latencies(self) -> tuple[Latency, ...]:
        """All kinds, in the order of their names."""
        return tuple(_latency(kind, self._sums[kind]) for kind in sorted(self._sums))

    def latency(self, kind: str) -> Latency | None:
        return _latency(kind, self._sums[kind]) if kind in self._sums else None


def encode(histogram: HdrHistogram) -> str:
    """HdrHistogram's own compressed form in base64, which tools in other languages read too."""
    encoded: bytes = histogram.encode()
    return encoded.decode()


def decode(encoded: str) -> HdrHistogram:
    """Raises: ValueError (no histogram)."""
    try:
        return HdrHistogram.decode(encoded)
    except _UNREADABLE as error:
        raise ValueError(f"not an encoded histogram: {error}") from None


def _empty() -> HdrHistogram:
    return HdrHistogram(_LOWEST_US, _HIGHEST_US, _DIGITS)


def _filled(counts: Iterable[tuple[int, int]]) -> HdrHistogram:
    histogram = _empty()
    for value, count in counts:
        histogram.record_value(min(max(value, _LOWEST_US), _HIGHEST_US), count)
    return histogram


def _latency(kind: str, histogram: HdrHistogram) -> Latency:
    def at(percentile: float) -> float:
        return float(histogram.get_value_at_percentile(percentile)) / 1000

    return Latency(
        kind=kind,
        count=histogram.total_count,
        mean_ms=histogram.get_mean_value() / 1000 if histogram.total_count else 0.0,
        p50_ms=at(50),
        p90_ms=at(90),
        p95_ms=at(95),
        p99_ms=at(99),
        p999_ms=at(99.9),
        max_ms=histogram.get_max_value() / 1000 if histogram.total_count else 0.0,
        histogram=encode(histogram),
    )
