"""Owns what the process of a run and its generator processes say to each other: plain values over pipes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from loadtest.settings import RunSettings, Value


class Step(StrEnum):
    """The parts of a run, in this order; all generators enter each together."""

    CONNECT = "connect"
    WARM_UP = "warm-up"
    MEASURE = "measure"
    SETTLE = "settle"
    PROOF = "proof"


@dataclass(frozen=True, slots=True)
class Plan:
    """What one generator process has to do."""

    settings: RunSettings
    parameters: Mapping[str, Value]
    process: int
    processes: int
    rooms: Sequence[str]
    first_client_id: int
    board: str
    """Path of the shared board of due times; empty when there is one process."""

    @property
    def clients(self) -> int:
        """In each room."""
        return int(self.parameters["clients"])


@dataclass(frozen=True, slots=True)
class Enter:
    """Begin this step."""

    step: Step
    begin_s: float = 0.0
    """MEASURE: when, by `time.monotonic`, warm-up included."""
    expected: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    """SETTLE: room -> client id -> next clock."""


@dataclass(frozen=True, slots=True)
class Leave:
    """The run is over."""


Order = Plan | Enter | Leave


@dataclass(frozen=True, slots=True)
class Interval:
    """What a generator did and saw since its last report."""

    process: int
    step: Step
    at_s: float
    elapsed_s: float
    deliveries: int
    sent: int
    bytes_in: int
    bytes_out: int
    connections: int
    """At this moment."""
    histograms: Mapping[str, str]
    lag_ms: float
    """The worst of its event loop."""
    cpu_s: float
    late: int
    """Sends that began long after they were due."""
    errors: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Reached:
    """A step is over in this process."""

    process: int
    step: Step
    clocks: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    """MEASURE: room -> client id -> next clock of what its own clients wrote."""
    missing: int = 0
    """SETTLE: clients that still lack edits."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What some clients of one room hold at the end."""

    room: str
    digest: str
    clients: int
    example: str
    """Name of one of them."""
    problem: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a process has for the proof."""

    process: int
    sent: Mapping[str, Sequence[bytes]]
    """Room -> all updates that its clients wrote."""
    base: Mapping[str, bytes]
    """Room -> what the first client found there."""
    edits: Mapping[str, Mapping[int, Sequence[int]]]
    """Room -> client id -> clock behind each of its inserts."""
    holdings: Sequence[Holding]
    joiners: Mapping[str, bytes | str]
    """Room -> everything that a fresh client got from the server, or why it got nothing."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The run makes no sense any more."""

    process: int
    reason: str


Report = Interval | Reached | Evidence | Failed
