"""Owns the geometry of a plot: scales, ticks, paths, and what is read at a place.

Pure numbers and strings. Lines are drawn in a square of 1000 by 1000 that is stretched to its box; text is placed by
per cent beside it, so that it keeps its size on a phone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

SIDE = 1000.0
MOST_POINTS = 160
"""Drawn of one line; more of them are thinned out."""
_LEAST_OF_LOG = 0.01
_NEXT_TO_NOTHING = 1e-9
_TICKS = 4

Point = tuple[float, float | None]


@dataclass(frozen=True, slots=True)
class Line:
    """One series of a plot; a gap where the value is None."""

    label: str
    tone: str
    """The class that colours it."""
    points: Sequence[Point]
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis, by its place in per cent from the left or the top."""

    place: float
    label: str


@dataclass(frozen=True, slots=True)
class Band:
    """A named stretch of the x axis."""

    start: float
    end: float
    label: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line as it is drawn."""

    label: str
    tone: str
    path: str
    area: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the lines say at one place, and the place in per cent."""

    place: float
    start: float
    width: float
    x: str
    values: Sequence[tuple[str, str, str]]
    """Label, tone, value."""


@dataclass(frozen=True, slots=True)
class Plot:
    """Everything that a template needs to draw it."""

    title: str
    summary: str
    strokes: Sequence[Stroke]
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    bands: Sequence[Band]
    readings: Sequence[Reading]
    note: str = ""
    x_title: str = ""


class Scale(Protocol):
    """From a value to its place between 0 and 1."""

    def place(self, value: float) -> float: ...

    def ticks(self) -> list[float]: ...


@dataclass(frozen=True, slots=True)
class Linear:
    """Even steps, from `low` to `high`."""

    low: float
    high: float

    @classmethod
    def over(cls, values: Sequence[float]) -> Linear:
        """From nought to a round number above all values."""
        highest = max(values, default=0.0)
        highest = highest if highest > _NEXT_TO_NOTHING else 1.0
        step = _round_step(highest)
        return cls(0.0, step * math.ceil(highest / step - 1e-9))

    def place(self, value: float) -> float:
        return (value - self.low) / (self.high - self.low) if self.high > self.low else 0.0

    def ticks(self) -> list[float]:
        step = _round_step(self.high - self.low)
        first = math.ceil(self.low / step - 1e-9)
        return [step * index for index in range(first, math.floor(self.high / step + 1e-9) + 1)]


@dataclass(frozen=True, slots=True)
class Log:
    """Powers of ten, or 1-2-5 steps where there are few of them."""

    low: float
    high: float

    @classmethod
    def over(cls, values: Sequence[float]) -> Log:
        """From the 1-2-5 step below the smallest value to the one above the largest."""
        real = [max(value, _LEAST_OF_LOG) for value in values] or [1.0]
        low, high = _step_125(min(real), up=False), _step_125(max(real), up=True)
        return cls(low, high) if high > low else cls(low, low * 10)

    def place(self, value: float) -> float:
        inside = min(max(value, self.low), self.high)
        return math.log(inside / self.low) / math.log(self.high / self.low)

    def ticks(self) -> list[float]:
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        tens = [10.0**power for power in powers if self.low * 0.999 <= 10.0**power <= self.high * 1.001]
        if len(tens) > 2:
            return tens
        fine = [digit * 10.0**power for power in powers for digit in (1, 2, 5)]
        return [value for value in fine if self.low * 0.999 <= value <= self.high * 1.001]


@dataclass(frozen=True, slots=True)
class Axes:
    """How a plot is laid out and how its figures are said."""

    x: Scale
    y: Scale
    say_x: Callable[[float], str]
    say_y: Callable[[float], str]
    mark_y: Callable[[float], str]
    """A round value, beside the axis."""
    x_title: str = ""


def draw(title: str, lines: Sequence[Line], axes: Axes, bands: Sequence[Band] = (), *, note: str = "") -> Plot:
    """Lay a plot out."""
    return Plot(
        title=title,
        summary=_summary(title, lines, axes),
        strokes=[_stroke(line, axes) for line in lines],
        x_ticks=[Tick(100 * axes.x.place(value), axes.say_x(value)) for value in axes.x.ticks()],
        y_ticks=[Tick(100 - 100 * axes.y.place(value), axes.mark_y(value)) for value in axes.y.ticks()],
        bands=[Band(100 * axes.x.place(b.start), 100 * axes.x.place(b.end), b.label, b.strong) for b in bands],
        readings=_readings(lines, axes),
        note=note,
        x_title=axes.x_title,
    )


def thin(points: Sequence[Point], reduce: Callable[[Sequence[float]], float]) -> list[Point]:
    """At most `MOST_POINTS` points; neighbours are put together by `reduce` (`max`, so that no peak is hidden)."""
    stride = math.ceil(len(points) / MOST_POINTS)
    if stride <= 1:
        return list(points)
    thinned: list[Point] = []
    for index in range(0, len(points), stride):
        group = points[index : index + stride]
        there = [value for _, value in group if value is not None]
        thinned.append((group[-1][0], reduce(there) if there else None))
    return thinned


def values(lines: Sequence[Line]) -> list[float]:
    """All values that are there."""
    return [value for line in lines for _, value in line.points if value is not None]


def _stroke(line: Line, axes: Axes) -> Stroke:
    runs: list[list[str]] = [[]]
    for x, value in line.points:
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{SIDE * axes.x.place(x):.1f} {SIDE * (1 - axes.y.place(value)):.1f}")
    runs = [run for run in runs if run]
    # a lone point is drawn as a line of no length, which round caps make a dot
    path = "".join(f"M{run[0]}L{'L'.join(run[1:] or run)}" for run in runs)
    area = ""
    if line.filled:
        area = "".join(
            f"M{run[0].split()[0]} {SIDE:.0f}L{'L'.join(run)}L{run[-1].split()[0]} {SIDE:.0f}Z" for run in runs
        )
    return Stroke(line.label, line.tone, path, area)


def _readings(lines: Sequence[Line], axes: Axes) -> list[Reading]:
    tables = [dict(line.points) for line in lines]
    places = sorted({x for line in lines for x, _ in line.points})
    at = [100 * axes.x.place(x) for x in places]
    found = []
    for index, x in enumerate(places):
        start = (at[index - 1] + at[index]) / 2 if index else 0.0
        end = (at[index] + at[index + 1]) / 2 if index + 1 < len(at) else 100.0
        said = [
            (line.label, line.tone, axes.say_y(value))
            for line, table in zip(lines, tables, strict=True)
            if (value := table.get(x)) is not None
        ]
        if said:
            found.append(Reading(at[index], start, end - start, axes.say_x(x), said))
    return found


def _summary(title: str, lines: Sequence[Line], axes: Axes) -> str:
    parts = []
    for line in lines:
        real = [value for _, value in line.points if value is not None]
        if real:
            parts.append(f"{line.label}: {axes.say_y(min(real))} to {axes.say_y(max(real))}")
    return f"{title}. {'; '.join(parts) or 'nothing was measured'}."


def _round_step(extent: float) -> float:
    raw = extent / _TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    return next(digit * power for digit in (1, 2, 2.5, 5, 10) if digit * power >= raw * 0.999)


def _step_125(value: float, *, up: bool) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    steps = [digit * power for digit in (1, 2, 5, 10)]
    if up:
        return next(step for step in steps if step >= value * 0.999)
    return next(step for step in reversed(steps) if step <= value * 1.001)
