"""Owns the comparison of servers: the figures of a run, their medians over rounds, and their ratios.

Pure: takes results, gives values. Only ratios of runs made in turn on one machine mean something, so the first server
named is the reference and the others are said as multiples of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import starmap
from statistics import median

from loadtest import words
from loadtest.results import Result, Verdict

MEASURE = "measure"
"""The phase whose figures count."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that is compared."""

    key: str
    title: str
    say: Callable[[float], str]
    read: Callable[[Result], float | None]
    lower_is_better: bool = True


@dataclass(frozen=True, slots=True)
class Value:
    """A figure of one server over all its rounds."""

    median: float
    low: float
    high: float
    rounds: int


@dataclass(frozen=True, slots=True)
class Column:
    """One server in one scenario."""

    server: str
    results: Sequence[Result]
    values: Mapping[str, Value]
    """By figure; only what is known, and of runs that are not invalid."""

    @property
    def sound(self) -> int:
        """Rounds whose documents agreed."""
        return sum(result.verdict is not Verdict.INVALID for result in self.results)

    @property
    def bound(self) -> int:
        """Rounds in which the generator was the limit."""
        return sum(result.verdict is Verdict.GENERATOR_BOUND for result in self.results)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Servers side by side in one scenario; the first column is the reference."""

    scenario: str
    parameters: str
    """Those in which it differs from other comparisons of the scenario; else empty."""
    columns: Sequence[Column]

    @property
    def title(self) -> str:
        """The scenario, and what sets this comparison apart."""
        return f"{words.title(self.scenario)} ({self.parameters})" if self.parameters else words.title(self.scenario)

    @property
    def figures(self) -> list[Figure]:
        """Those that at least one server has, in the order of their weight."""
        return [
            figure
            for figure in figures_of([result for column in self.columns for result in column.results])
            if any(figure.key in column.values for column in self.columns)
        ]

    def ratio(self, column: Column, key: str) -> float | None:
        """The figure as a multiple of the reference's; above 1: the reference has less of it."""
        own, reference = column.values.get(key), self.columns[0].values.get(key)
        if own is None or reference is None or not reference.median:
            return None
        return own.median / reference.median


def compare(results: Sequence[Result]) -> list[Comparison]:
    """One comparison for each scenario and its parameters, in the order in which they first appear."""
    cases: dict[_Case, dict[str, list[Result]]] = {}
    for result in results:
        cases.setdefault(_case(result), {}).setdefault(result.server, []).append(result)
    return [
        Comparison(scenario, _differences((scenario, parameters), cases), tuple(starmap(_column, servers.items())))
        for (scenario, parameters), servers in cases.items()
    ]


_OF_ONE_RUN = {"seed", "url"}
OF_GENERATOR = {"generator_lag", "late_send"}
"""Latencies of the generator itself."""
SAID_ALREADY = {"deliveries_per_s", "server_cpu_s_per_100k_deliveries"}
"""Figures of a scenario that every run has anyway."""
_Case = tuple[str, frozenset[tuple[str, str]]]


def _case(result: Result) -> _Case:
    parameters = {name: str(value) for name, value in result.parameters.items() if name not in _OF_ONE_RUN}
    return result.scenario, frozenset(parameters.items())


def _differences(case: _Case, cases: Iterable[_Case]) -> str:
    """What tells this case from the others of its scenario."""
    scenario, own = case
    common = frozenset.intersection(*(parameters for name, parameters in cases if name == scenario))
    return ", ".join(f"{name}={value}" for name, value in sorted(own - common))


def _column(server: str, results: Sequence[Result]) -> Column:
    sound = [result for result in results if result.verdict is not Verdict.INVALID]
    values = {}
    for figure in figures_of(sound):
        found = [value for result in sound if (value := figure.read(result)) is not None]
        if found:
            values[figure.key] = Value(median(found), min(found), max(found), len(found))
    return Column(server, results, values)


def _cpu_per_delivery(result: Result) -> float | None:
    phase = result.phase(MEASURE)
    return phase.cpu_s_per_100k if phase is not None else None


def _cpu(result: Result) -> float | None:
    phase = result.phase(MEASURE)
    return phase.server_cpu_s if phase is not None else None


def _rate(result: Result) -> float | None:
    phase = result.phase(MEASURE)
    if phase is None or phase.end_s <= phase.start_s or not phase.deliveries:
        return None
    return phase.deliveries / (phase.end_s - phase.start_s)


def _memory(result: Result) -> float | None:
    sizes = [sample.server_rss_bytes for sample in result.samples if sample.server_rss_bytes is not None]
    return max(sizes) if sizes else None


def _percentile(kind: str, name: str) -> Callable[[Result], float | None]:
    def read(result: Result) -> float | None:
        latency = result.latency(kind)
        value: float | None = getattr(latency, name) if latency is not None and latency.count else None
        return value

    return read


def _own(name: str) -> Callable[[Result], float | None]:
    return lambda result: result.figures.get(name)


def kinds_of(results: Sequence[Result]) -> list[str]:
    """The kinds of latency that tell of the server."""
    latencies = words.by_weight(latency for result in results for latency in result.latencies)
    return list(dict.fromkeys(latency.kind for latency in latencies if latency.kind not in OF_GENERATOR))


def figures_of(results: Sequence[Result]) -> list[Figure]:
    """What these runs can be compared by."""
    kinds = kinds_of(results)
    own = dict.fromkeys(name for result in results for name in result.figures if name not in SAID_ALREADY)
    return [
        Figure("cpu_per_100k", "Server CPU per 100,000 deliveries", words.seconds, _cpu_per_delivery),
        Figure("cpu", "Server CPU while measuring", words.seconds, _cpu),
        *(
            Figure(f"{kind}_{name}", f"{words.kind(kind)}, {name}", words.milliseconds, _percentile(kind, f"{name}_ms"))
            for kind in kinds
            for name in ("p50", "p95", "p99")
        ),
        *(
            Figure(
                name,
                words.figure_title(name),
                partial(words.figure, name),
                _own(name),
                lower_is_better=not name.endswith("_per_s"),
            )
            for name in own
        ),
        Figure("rate", "Deliveries a second", words.count, _rate, lower_is_better=False),
        Figure("memory", "Server memory, highest", words.size, _memory),
    ]
