"""Owns the books of a run: what generators report and the server uses, by phase and by second."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from loadtest.histogram import Histograms
from loadtest.orders import Interval, Step
from loadtest.results import Ceiling, Phase, Sample
from loadtest.server import Usage
from loadtest.statistics import LAG, LATE_SEND

_BUSY_CORES = 0.9
_LATE_MS, _LATE_SHARE = 5.0, 0.5
"""The generator was the limit when it was itself late by this much, and by this share of what was measured."""
_SHOWN_KINDS = ("text", "join", "presence")


@dataclass(slots=True)
class _Entry:
    """One phase while it is written."""

    begin_s: float
    usage: Usage | None
    end_s: float | None = None
    end_usage: Usage | None = None
    deliveries: int = 0
    sent: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    late: int = 0
    cpu_s: Counter[int] = field(default_factory=Counter)
    elapsed_s: Counter[int] = field(default_factory=Counter)


class Ledger:
    """One run's books. Times by `time.monotonic`, those that are given out since the beginning."""

    def __init__(self, begin_s: float) -> None:
        self.histograms = Histograms()
        self.errors: Counter[str] = Counter()
        self.samples: list[Sample] = []
        self._begin_s = begin_s
        self._entries: dict[Step, _Entry] = {}
        self._fresh: list[Interval] = []
        self._sampled_s = begin_s
        self._sampled_usage: Usage | None = None
        self._connections: dict[int, int] = {}
        self._worst_lag_ms = 0.0

    def enter(self, step: Step, now_s: float, usage: Usage | None) -> None:
        """A phase begins, the one before ends."""
        self.close(now_s, usage)
        self._entries[step] = _Entry(now_s, usage)

    def close(self, now_s: float, usage: Usage | None) -> None:
        """The last phase ends."""
        for entry in self._entries.values():
            if entry.end_s is None:
                entry.end_s, entry.end_usage = now_s, usage

    def add(self, interval: Interval) -> None:
        """A report of a generator."""
        entry = self._entries.get(interval.step)
        if entry is not None:
            entry.deliveries += interval.deliveries
            entry.sent += interval.sent
            entry.bytes_in += interval.bytes_in
            entry.bytes_out += interval.bytes_out
            entry.late += interval.late
            entry.cpu_s[interval.process] += interval.cpu_s  # type: ignore[assignment]  # counts of seconds
            entry.elapsed_s[interval.process] += interval.elapsed_s  # type: ignore[assignment]
        self.errors.update(interval.errors)
        self._connections[interval.process] = interval.connections
        self._fresh.append(interval)
        if interval.step in (Step.MEASURE, Step.SETTLE):
            self.histograms.add(interval.histograms)
            if interval.step is Step.MEASURE:
                self._worst_lag_ms = max(self._worst_lag_ms, interval.lag_ms)
        elif interval.step is Step.CONNECT:
            self.histograms.add(_of_connecting(interval))

    def sample(self, now_s: float, usage: Usage | None) -> Sample:
        """The interval since the last sample."""
        fresh, self._fresh = self._fresh, []
        elapsed_s = max(now_s - self._sampled_s, 1e-6)
        latencies = Histograms()
        for interval in fresh:
            latencies.add(interval.histograms)
        kind = next((kind for kind in _SHOWN_KINDS if latencies.latency(kind)), "text")
        before, self._sampled_usage, self._sampled_s = self._sampled_usage, usage, now_s
        sample = Sample(
            at_s=round(now_s - self._begin_s, 3),
            deliveries=sum(interval.deliveries for interval in fresh),
            sent=sum(interval.sent for interval in fresh),
            connections=sum(self._connections.values()),
            p50_ms=latencies.percentile_ms(kind, 50),
            p95_ms=latencies.percentile_ms(kind, 95),
            p99_ms=latencies.percentile_ms(kind, 99),
            server_cpu=(usage.cpu_s - before.cpu_s) / elapsed_s if usage and before else None,
            server_rss_bytes=usage.rss_bytes if usage else None,
            generator_cpu=_busiest(fresh),
            generator_lag_ms=max((interval.lag_ms for interval in fresh), default=0.0),
        )
        self.samples.append(sample)
        return sample

    def phases(self) -> tuple[Phase, ...]:
        """Those that were entered, in order."""
        return tuple(self._phase(step, entry) for step, entry in self._entries.items())

    def ceiling(self, processes: int) -> Ceiling:
        """How near to its own limit the generator was while it measured."""
        entry = self._entries.get(Step.MEASURE, _Entry(0.0, None))
        busiest = max((entry.cpu_s[number] / entry.elapsed_s[number] for number in entry.cpu_s), default=0.0)
        reasons = []
        if busiest >= _BUSY_CORES:
            reasons.append(f"a generator process used {busiest:.2f} of a core")
        shown = next((kind for kind in _SHOWN_KINDS if self.histograms.latency(kind)), "text")
        measured_ms = self.histograms.percentile_ms(shown, 99)
        for kind, what in ((LAG, "its event loop was"), (LATE_SEND, "sends were")):
            late_ms = self.histograms.percentile_ms(kind, 99)
            if late_ms >= _LATE_MS and late_ms >= _LATE_SHARE * measured_ms > 0:
                reasons.append(
                    f"{what} {late_ms:.1f} ms late (p99), of {measured_ms:.1f} ms that were measured ({shown})"
                )
        return Ceiling(processes, busiest, self._worst_lag_ms, entry.late, bool(reasons), "; ".join(reasons))

    def _phase(self, step: Step, entry: _Entry) -> Phase:
        known = entry.usage is not None and entry.end_usage is not None
        return Phase(
            name=step.value,
            start_s=entry.begin_s - self._begin_s,
            end_s=(entry.begin_s if entry.end_s is None else entry.end_s) - self._begin_s,
            deliveries=entry.deliveries,
            sent=entry.sent,
            bytes_in=entry.bytes_in,
            bytes_out=entry.bytes_out,
            server_cpu_s=entry.end_usage.cpu_s - entry.usage.cpu_s if known else None,  # type: ignore[union-attr]
            generator_cpu_s=float(sum(entry.cpu_s.values())),
        )


def _of_connecting(interval: Interval) -> dict[str, str]:
    """Joins before the load begins are a kind of their own."""
    return {"connect" if kind == "join" else kind: found for kind, found in interval.histograms.items() if kind != LAG}


def _busiest(intervals: list[Interval]) -> float:
    return max((item.cpu_s / item.elapsed_s for item in intervals if item.elapsed_s > 0.1), default=0.0)
