"""Owns what a run of the load test is when it is over: plain values that JSON, reports and comparisons read.

Knows no socket, no document and no terminal. Times in seconds since the start of the run, latencies in milliseconds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, TypeVar, get_type_hints

FORMAT = 1
"""Version of the JSON form."""

_Record = TypeVar("_Record")


class Verdict(StrEnum):
    """What a run is worth."""

    VALID = "valid"
    INVALID = "invalid"
    """Some client's document, or the server's, differs at the end; or edits were lost; or the server went away."""
    GENERATOR_BOUND = "generator_bound"
    """The documents agree, but the generator and not the server was the limit: latencies are not the server's."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Percentiles of one kind of delivery; from the time it was due, not the time it was sent."""

    kind: str
    """`text`, `presence`, `join`, `acknowledgement`, …"""
    count: int
    mean_ms: float
    p50_ms: float
    p90_ms: float
    p95_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float
    histogram: str = ""
    """The HDR histogram in its encoded form, so that runs and processes can be added up."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One interval of a run, for the plots."""

    at_s: float
    deliveries: int
    sent: int
    connections: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    server_cpu: float | None
    """Cores in use by the server's process tree; None when it is not on this machine."""
    server_rss_bytes: int | None
    generator_cpu: float
    """Cores in use by the busiest generator process."""
    generator_lag_ms: float
    """How late the generator's own event loop was."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A named part of a run: connect, warm-up, measure, settle, proof."""

    name: str
    start_s: float
    end_s: float
    deliveries: int
    sent: int
    bytes_in: int
    bytes_out: int
    server_cpu_s: float | None
    generator_cpu_s: float

    @property
    def cpu_s_per_100k(self) -> float | None:
        """CPU seconds of the server per 100,000 deliveries, the figure that repeats."""
        if self.server_cpu_s is None or not self.deliveries:
            return None
        return self.server_cpu_s / self.deliveries * 100_000


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether all clients and the server hold the same document at the end."""

    rooms: int
    clients: int
    agreeing: int
    server_agrees: bool
    lost_edits: int
    doubled_edits: int
    problems: Sequence[str] = ()

    @property
    def holds(self) -> bool:
        return self.agreeing == self.clients and self.server_agrees and not self.lost_edits and not self.doubled_edits


@dataclass(frozen=True, slots=True)
class Ceiling:
    """How far the generator itself was from its limit, and whether that decided the run."""

    processes: int
    busiest_cpu: float
    worst_lag_ms: float
    late_sends: int
    limited: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """One run of one scenario against one server."""

    scenario: str
    parameters: Mapping[str, Any]
    """What the scenario was run with, seed included: enough to run it again."""
    server: str
    """A name for people: `livefolder`, `y-websocket`, the URL without its query."""
    protocol: str
    command: str
    """The command that runs it again; no token in it."""
    started_at: str
    duration_s: float
    verdict: Verdict
    phases: Sequence[Phase]
    samples: Sequence[Sample]
    latencies: Sequence[Latency]
    proof: Proof
    ceiling: Ceiling
    errors: Mapping[str, int] = field(default_factory=dict)
    """What was seen, by kind: closed connections by code, refused handshakes, time-outs."""
    notes: Sequence[str] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    """What only some scenarios measure, units in the names: `server_rss_bytes_per_connection`, `join_all_s`, …"""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Python, the generator, the machine's cores; of the peer where it says so."""

    def phase(self, name: str) -> Phase | None:
        return next((phase for phase in self.phases if phase.name == name), None)

    def latency(self, kind: str) -> Latency | None:
        return next((latency for latency in self.latencies if latency.kind == kind), None)


def encode_result(result: Result) -> str:
    """The JSON form."""
    return json.dumps({"format": FORMAT, **asdict(result)}, indent=1)


def decode_result(text: str) -> Result:
    """Raises: ValueError when this is no result of this version."""
    try:
        fields = json.loads(text)
        if fields.pop("format") != FORMAT:
            raise ValueError("a result of another version")
        for name, kind in (("phases", Phase), ("samples", Sample), ("latencies", Latency)):
            fields[name] = tuple(_record(kind, item) for item in fields[name])
        fields["proof"] = _record(Proof, fields["proof"])
        fields["ceiling"] = _record(Ceiling, fields["ceiling"])
        fields["verdict"] = Verdict(fields["verdict"])
        return _record(Result, fields)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no result of a load test: {error}") from None


def _record(kind: type[_Record], fields: Mapping[str, Any]) -> _Record:
    known = get_type_hints(kind)
    return kind(
        **{name: tuple(value) if isinstance(value, list) else value for name, value in fields.items() if name in known}
    )
