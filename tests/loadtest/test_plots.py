"""A plot shows what was measured: no peak is lost, no gap is bridged, every mark is on its axis."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from loadtest.report.distribution import percentile_points
from loadtest.report.plots import MOST_POINTS, Axes, Line, Linear, Log, draw, thin
from tests.loadtest import made


def plot(points: list[tuple[float, float | None]], scale: type[Linear] | type[Log] = Linear):  # type: ignore[no-untyped-def]
    there = [value for _, value in points if value is not None]
    axes = Axes(Linear.over([x for x, _ in points]), scale.over(there), str, str, str)
    return draw("Title", [Line("line", "s1", points, filled=True)], axes)


def test_thinning_out_keeps_the_highest_peak() -> None:
    points = [(float(at), 1.0) for at in range(5000)]
    points[1234] = (1234.0, 99.0)

    thinned = thin(points, max)

    assert len(thinned) <= MOST_POINTS
    assert max(value or 0 for _, value in thinned) == 99.0
    assert thinned[-1][0] == 4999.0


def test_a_gap_is_not_bridged() -> None:
    [stroke] = plot([(0.0, 1.0), (1.0, 2.0), (2.0, None), (3.0, 1.0), (4.0, 2.0)]).strokes

    assert stroke.path.count("M") == 2


def test_a_lone_value_can_be_seen() -> None:
    [stroke] = plot([(0.0, None), (1.0, 2.0), (2.0, None)]).strokes

    assert stroke.path.count("L") == 1


@pytest.mark.parametrize("scale", [Linear, Log])
@pytest.mark.parametrize("seed", range(20))
def test_every_value_and_mark_lies_inside(scale: type[Linear] | type[Log], seed: int) -> None:
    rng = random.Random(seed)
    values = [10 ** rng.uniform(-3, 5) for _ in range(rng.randint(1, 8))]

    axis = scale.over(values)

    assert all(-1e-9 <= axis.place(value) <= 1 + 1e-9 for value in [*values, *axis.ticks()])
    assert 2 <= len(axis.ticks()) <= 10
    assert axis.ticks() == sorted(axis.ticks())


@pytest.mark.parametrize("scale", [Linear, Log])
@pytest.mark.parametrize("values", [[], [0.0], [0.0, 0.0], [1.0], [5e-324]])
def test_an_axis_of_next_to_nothing_is_still_an_axis(scale: type[Linear] | type[Log], values: list[float]) -> None:
    axis = scale.over(values)

    assert axis.high > axis.low
    assert axis.ticks()
    assert all(math.isfinite(axis.place(value)) for value in values)


def test_the_distribution_comes_from_the_histogram_and_ends_where_the_count_ends() -> None:
    latency = made.latency()

    points = percentile_points(latency)

    assert points[-1][0] == pytest.approx(100 - 100 / latency.count, rel=1e-3)
    assert points[-1][1] == pytest.approx(latency.max_ms, rel=0.01)
    assert [value for _, value in points] == sorted(value for _, value in points)


@pytest.mark.parametrize("histogram", ["", "no histogram", "HISTFAAAADp4"])
def test_without_a_readable_histogram_the_percentiles_are_drawn(histogram: str) -> None:

    latency = replace(made.latency(), histogram=histogram)

    points = percentile_points(latency)

    assert (50.0, latency.p50_ms) in points
    assert (99.0, latency.p99_ms) in points
    assert points[-1][1] == latency.max_ms
