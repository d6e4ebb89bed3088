"""Latencies add up over intervals and processes."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from loadtest.board import Board
from loadtest.histogram import Histograms, Tally
from loadtest.ledger import Ledger
from loadtest.orders import Interval, Step
from loadtest.server import Usage


def test_parts_add_up_to_the_whole() -> None:
    random, parts, whole = Random(1), Histograms(), Tally()
    for _ in range(4):
        part = Tally()
        for _ in range(500):
            latency_s = random.expovariate(100)
            part.record("text", latency_s)
            whole.record("text", latency_s)
        parts.add(part.take())
    once = Histograms()
    once.add(whole.take())

    assert parts.latency("text") == once.latency("text")
    found = once.latency("text")
    assert found is not None
    assert found.count == 2_000
    assert found.p50_ms <= found.p90_ms <= found.p95_ms <= found.p99_ms <= found.p999_ms <= found.max_ms


def test_a_result_s_histogram_can_be_added_again() -> None:
    tally, first, second = Tally(), Histograms(), Histograms()
    tally.record("text", 0.005)
    first.add(tally.take())
    found = first.latency("text")
    assert found is not None

    second.add({"text": found.histogram})
    second.add({"text": found.histogram})

    twice = second.latency("text")
    assert twice is not None
    assert twice.count == 2
    assert twice.p99_ms == found.p99_ms == pytest.approx(5.0, rel=0.001)


def test_what_is_taken_is_not_taken_again() -> None:
    tally = Tally()
    tally.record("text", 0.001)

    assert tally.take().keys() == {"text"}
    assert tally.take() == {}


def test_bytes_that_are_no_histogram_are_refused() -> None:
    with pytest.raises(ValueError, match="histogram"):
        Histograms().add({"text": "bm90aGluZw=="})


def interval(process: int, step: Step, **counts: float) -> Interval:
    tally = Tally()
    for kind in ("text", "generator_lag", "late_send"):
        tally.record(kind, counts.pop(kind, 0.0001))
    values = {"deliveries": 0, "sent": 0, "cpu_s": 0.1, "elapsed_s": 1.0} | counts
    return Interval(
        process=process,
        step=step,
        at_s=0.0,
        bytes_in=0,
        bytes_out=0,
        connections=3,
        histograms=tally.take(),
        lag_ms=1.0,
        late=0,
        errors={"closed with 1011": 1},
        **values,  # type: ignore[arg-type]
    )


def test_phases_hold_what_all_processes_did_and_what_the_server_used() -> None:
    ledger = Ledger(100.0)
    ledger.enter(Step.MEASURE, 101.0, Usage(10.0, 1))
    ledger.add(interval(0, Step.MEASURE, deliveries=60_000, sent=10))
    ledger.add(interval(1, Step.MEASURE, deliveries=40_000, sent=5))
    ledger.close(103.0, Usage(12.5, 1))

    (phase,) = ledger.phases()
    assert (phase.name, phase.start_s, phase.end_s, phase.deliveries, phase.sent) == ("measure", 1.0, 3.0, 100_000, 15)
    assert phase.cpu_s_per_100k == 2.5
    assert ledger.errors == {"closed with 1011": 2}


def test_a_sample_adds_up_connections_and_shows_the_busiest_process() -> None:
    ledger = Ledger(0.0)
    ledger.enter(Step.MEASURE, 0.0, None)
    ledger.sample(1.0, Usage(1.0, 7))
    ledger.add(interval(0, Step.MEASURE, deliveries=2, cpu_s=0.2))
    ledger.add(interval(1, Step.MEASURE, deliveries=3, cpu_s=0.7))

    sample = ledger.sample(3.0, Usage(2.0, 8))

    assert (sample.deliveries, sample.connections, sample.server_cpu, sample.server_rss_bytes) == (5, 6, 0.5, 8)
    assert sample.generator_cpu == 0.7


@pytest.mark.parametrize(
    ("counts", "limited"),
    [
        ({"cpu_s": 0.5, "text": 0.010}, False),
        ({"cpu_s": 0.95, "text": 0.010}, True),
        ({"text": 0.010, "generator_lag": 0.009}, True),
        ({"text": 0.010, "late_send": 0.009}, True),
        ({"text": 0.500, "generator_lag": 0.009}, False),
    ],
)
def test_the_generator_says_when_it_was_the_limit(counts: dict[str, float], limited: bool) -> None:
    ledger = Ledger(0.0)
    ledger.enter(Step.MEASURE, 0.0, None)
    ledger.add(interval(0, Step.MEASURE, **counts))

    ceiling = ledger.ceiling(1)

    assert ceiling.limited is limited
    assert bool(ceiling.reason) is limited


def test_all_processes_see_when_an_edit_was_due() -> None:
    path = Board.create()
    mine, yours = Board(path), Board(path)

    mine.note(0, 2**31 - 5, 12345, 17.25)

    assert yours.due(0, 2**31 - 5, 12345) == 17.25
    assert yours.due(1, 2**31 - 5, 12345) is None
    assert yours.due(0, 2**31 - 5, 12346) is None
    mine.close()
    yours.close()
    Path(path).unlink()
