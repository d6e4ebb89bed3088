"""Owns results that tests make up: a plausible run, and its variations."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

from hdrh.histogram import HdrHistogram

from loadtest.results import Ceiling, Latency, Phase, Proof, Result, Sample, Verdict

LENGTH_S = 30


@cache
def latency(kind: str = "text", scale: float = 1.0) -> Latency:
    """A distribution with a tail."""
    histogram = HdrHistogram(1, 60_000_000, 3)
    for index in range(20_000):
        histogram.record_value(round(scale * (200 + 100 * math.sin(index) ** 2 + (4000 if index % 400 == 0 else 0))))

    def at(percentile: float) -> float:
        return float(histogram.get_value_at_percentile(percentile)) / 1000

    return Latency(
        kind=kind,
        count=20_000,
        mean_ms=histogram.get_mean_value() / 1000,
        p50_ms=at(50),
        p90_ms=at(90),
        p95_ms=at(95),
        p99_ms=at(99),
        p999_ms=at(99.9),
        max_ms=at(100),
        histogram=histogram.encode().decode(),
    )


def sample(at_s: int, scale: float = 1.0) -> Sample:
    """One second of a run."""
    busy = 2 < at_s <= 27
    wave = 1 + 0.2 * math.sin(at_s)
    return Sample(
        at_s=float(at_s),
        deliveries=round(20_000 * wave) if busy else 0,
        sent=round(200 * wave) if busy else 0,
        connections=min(100, 60 * at_s),
        p50_ms=0.25 * wave * scale if busy else 0.0,
        p95_ms=0.6 * wave * scale if busy else 0.0,
        p99_ms=(1.1 if at_s != 17 else 9.5) * wave * scale if busy else 0.0,
        server_cpu=0.55 * wave * scale if busy else 0.02,
        server_rss_bytes=round((52 + at_s * 0.3) * 1024 * 1024 * scale),
        generator_cpu=0.62 * wave if busy else 0.1,
        generator_lag_ms=1.5 * wave,
    )


def result(server: str = "livefolder", scale: float = 1.0, scenario: str = "lock-step") -> Result:
    """A valid run; everything that costs grows with `scale`."""
    return Result(
        scenario=scenario,
        parameters={"clients": 100, "rooms": 1, "duration_s": 25.0, "seed": 7},
        server=server,
        protocol="y-websocket",
        command=f"collab loadtest ws://127.0.0.1:8000/ws --scenario {scenario} --clients 100 --seed 7",
        started_at="2026-11-22T10:00:00+00:00",
        duration_s=float(LENGTH_S),
        verdict=Verdict.VALID,
        phases=(
            Phase("connect", 0.0, 1.0, 0, 0, 40_000, 12_000, 0.03, 0.1),
            Phase("warm-up", 1.0, 3.0, 9_000, 90, 700_000, 8_000, 0.1 * scale, 0.4),
            Phase("measure", 3.0, 27.0, 480_000, 4_800, 38_000_000, 420_000, 1.45 * scale, 14.2),
            Phase("settle", 27.0, 28.0, 0, 0, 900, 900, 0.01, 0.1),
            Phase("proof", 28.0, 30.0, 0, 0, 90_000, 4_000, 0.02, 0.3),
        ),
        samples=tuple(sample(second, scale) for second in range(1, LENGTH_S + 1)),
        latencies=(latency("text", scale), latency("presence", 3 * scale)),
        proof=Proof(1, 100, 100, True, 0, 0),
        ceiling=Ceiling(1, 0.74, 2.1, 0, False),
        versions={"python": "3.11.7", "cores": "2"},
    )


def invalid() -> Result:
    """Clients that do not agree."""
    proof = Proof(1, 100, 97, False, 4, 1, ("client 12 lacks 4 edits of client 3",))
    return replace(result(), verdict=Verdict.INVALID, proof=proof, errors={"closed with 1006": 3})


def bound() -> Result:
    """A run whose generator was the limit."""
    ceiling = Ceiling(1, 0.99, 180.0, 420, True, "The generator used 99 % of its core.")
    return replace(result(), verdict=Verdict.GENERATOR_BOUND, ceiling=ceiling)


def unseen() -> Result:
    """A server on another machine, and a run that measured nothing."""
    samples = tuple(
        replace(item, server_cpu=None, server_rss_bytes=None, deliveries=0, sent=0, p50_ms=0.0, p95_ms=0.0, p99_ms=0.0)
        for item in result().samples
    )
    phases = tuple(replace(phase, server_cpu_s=None, deliveries=0) for phase in result().phases)
    return replace(result(), samples=samples, phases=phases, latencies=())
