"""Owns which plots are drawn of a run, and of several runs together.

A peak is never hidden by thinning out: latencies, memory and lag keep their largest value, rates their mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import fmean

from loadtest import words
from loadtest.comparison import MEASURE
from loadtest.report.distribution import percentile_points
from loadtest.report.plots import Axes, Band, Line, Linear, Log, Plot, Point, Scale, draw, thin, values
from loadtest.results import Latency, Result, Sample

_LOG_NOTE = "Logarithmic scale."
_MEBIBYTE = 1024 * 1024
Say = Callable[[float], str]
_PERCENTILES: tuple[tuple[str, Callable[[Sample], float]], ...] = (
    ("p50", lambda sample: sample.p50_ms),
    ("p95", lambda sample: sample.p95_ms),
    ("p99", lambda sample: sample.p99_ms),
)
TONES = 6
"""Colours of lines that stand beside each other."""


def latency_over_time(result: Result) -> Plot | None:
    """Percentiles of each interval."""
    lines = [
        Line(name, name, thin([(sample.at_s, _positive(read(sample))) for sample in result.samples], max))
        for name, read in _PERCENTILES
    ]
    if not values(lines):
        return None
    axes = Axes(_time(result.samples), Log.over(values(lines)), _at, words.milliseconds, _mark_ms)
    return draw("Latency over time", lines, axes, _bands(result), note=_LOG_NOTE)


def distribution(latencies: Sequence[tuple[str, Latency]], title: str = "Latency distribution") -> Plot | None:
    """Latency at every percentile, one line each; the x axis gives each further nine the same room."""
    lines = [
        Line(label, f"s{index % TONES + 1}", points)
        for index, (label, latency) in enumerate(latencies)
        if latency.count and (points := _percentile_line(latency))
    ]
    if not values(lines):
        return None
    last = max(x for line in lines for x, _ in line.points)
    y = Log.over(values(lines))
    axes = Axes(_Nines(max(last, 2.0)), y, _percentile_name, words.milliseconds, _mark_ms, "percentile of deliveries")
    return draw(title, lines, axes, note=_LOG_NOTE)


def throughput(result: Result) -> Plot | None:
    """Updates received and sent a second."""
    lines = [
        Line("delivered", "s1", _rates(result.samples, lambda sample: sample.deliveries), filled=True),
        Line("sent", "s2", _rates(result.samples, lambda sample: sample.sent)),
    ]
    return _over_time("Updates a second", lines, result, words.number, words.mark)


def connections(result: Result) -> Plot | None:
    """Open connections."""
    lines = [_line("connections", "s1", result.samples, lambda sample: float(sample.connections), max, filled=True)]
    return _over_time("Connections", lines, result, words.count, words.count)


def server_cpu(result: Result) -> Plot | None:
    """Cores that the server's processes used."""
    lines = [_line("server", "s1", result.samples, lambda sample: sample.server_cpu, fmean, filled=True)]
    return _over_time("Server: processor", lines, result, words.cores, words.cores, note="100 % is one core.")


def server_memory(result: Result) -> Plot | None:
    """Resident memory of the server's processes."""
    lines = [_line("server", "s1", result.samples, _mebibytes, max, filled=True)]
    return _over_time("Server: memory", lines, result, _say_mebibytes, _mark_mebibytes)


def generator_cpu(result: Result) -> Plot | None:
    """Cores that the busiest generator process used."""
    lines = [_line("generator", "s3", result.samples, lambda sample: sample.generator_cpu, fmean, filled=True)]
    note = "The busiest process; near 100 % it is the limit."
    return _over_time("Generator: processor", lines, result, words.cores, words.cores, note=note)


def generator_lag(result: Result) -> Plot | None:
    """How late the generator's event loop was."""
    lines = [_line("lag", "s3", result.samples, lambda sample: sample.generator_lag_ms, max, filled=True)]
    return _over_time("Generator: lateness", lines, result, words.milliseconds, _mark_ms)


def cpu_beside(results: Sequence[Result]) -> Plot | None:
    """Cores that each server used."""
    return _beside("Server: processor", results, lambda sample: sample.server_cpu, (words.cores, words.cores))


def memory_beside(results: Sequence[Result]) -> Plot | None:
    """Memory of each server."""
    return _beside("Server: memory", results, _mebibytes, (_say_mebibytes, _mark_mebibytes))


def _beside(
    title: str, results: Sequence[Result], read: Callable[[Sample], float | None], say: tuple[Say, Say]
) -> Plot | None:
    """One line a run, over the time since its measurement began."""
    lines = []
    for index, result in enumerate(results):
        phase = result.phase(MEASURE)
        start, end = (phase.start_s, phase.end_s) if phase else (0.0, math.inf)
        points = [(sample.at_s - start, read(sample)) for sample in result.samples if start <= sample.at_s <= end]
        lines.append(Line(result.server, f"s{index % TONES + 1}", thin(points, max)))
    if not values(lines):
        return None
    last = max(x for line in lines for x, _ in line.points)
    return draw(title, lines, Axes(Linear(0.0, last or 1.0), Linear.over(values(lines)), _at, *say))


def _over_time(
    title: str, lines: Sequence[Line], result: Result, say: Say, mark: Say, *, note: str = ""
) -> Plot | None:
    if not any(values(lines)):
        return None
    axes = Axes(_time(result.samples), Linear.over(values(lines)), _at, say, mark)
    return draw(title, lines, axes, _bands(result), note=note)


def _line(
    label: str,
    tone: str,
    samples: Sequence[Sample],
    read: Callable[[Sample], float | None],
    reduce: Callable[[Sequence[float]], float],
    *,
    filled: bool = False,
) -> Line:
    points: list[Point] = [(sample.at_s, _finite(read(sample))) for sample in samples]
    return Line(label, tone, thin(points, reduce), filled)


def _rates(samples: Sequence[Sample], read: Callable[[Sample], int]) -> list[Point]:
    """Per second: a sample counts what happened since the one before it."""
    starts = [0.0, *(sample.at_s for sample in samples)]
    points: list[Point] = [
        (end, read(sample) / (end - start) if end > start else None)
        for sample, (start, end) in zip(samples, pairwise(starts), strict=True)
    ]
    return thin(points, fmean)


def _bands(result: Result) -> list[Band]:
    end = max((sample.at_s for sample in result.samples), default=0.0)
    return [
        Band(phase.start_s, min(phase.end_s, end), words.title(phase.name), phase.name == MEASURE)
        for phase in result.phases
        if phase.start_s < min(phase.end_s, end)
    ]


def _time(samples: Sequence[Sample]) -> Scale:
    return Linear(0.0, max((sample.at_s for sample in samples), default=1.0) or 1.0)


def _at(value: float) -> str:
    return f"{value:,.0f} s" if value >= 10 or value == int(value) else f"{value:,.1f} s"


def _mark_ms(value: float) -> str:
    return f"{words.mark(value)} ms"


def _say_mebibytes(value: float) -> str:
    return words.size(value * _MEBIBYTE)


def _mark_mebibytes(value: float) -> str:
    return f"{words.mark(value)} MB"


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _positive(value: float) -> float | None:
    """An interval without deliveries has no latency."""
    return value if math.isfinite(value) and value > 0 else None


def _mebibytes(sample: Sample) -> float | None:
    return sample.server_rss_bytes / _MEBIBYTE if sample.server_rss_bytes is not None else None


def _percentile_line(latency: Latency) -> list[Point]:
    return [(math.log10(100 / (100 - percentile)), value) for percentile, value in percentile_points(latency)]


def _percentile_name(nines: float) -> str:
    share = 100 - 100 / 10**nines
    return f"{share:.{max(0, math.ceil(nines - 2.001))}f} %"


class _Nines:
    """The scale of percentiles: its unit is one further nine."""

    def __init__(self, last: float) -> None:
        self._last = last

    def place(self, value: float) -> float:
        return value / self._last

    def ticks(self) -> list[float]:
        marks = [0.0, math.log10(2), *(float(nine) for nine in range(1, 7))]
        return [mark for mark in marks if mark <= self._last]
