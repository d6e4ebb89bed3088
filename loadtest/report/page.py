"""Owns the HTML reports: one run, and several side by side; each one file that needs nothing else.

Every name in a result is a stranger's text: the templates escape all of it, and the page's own policy allows neither
scripts nor anything from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import DictLoader, Environment, StrictUndefined, Template

from loadtest import words
from loadtest.comparison import MEASURE, OF_GENERATOR, SAID_ALREADY, Column, Comparison, Figure, compare, kinds_of
from loadtest.report import charts
from loadtest.report.plots import Plot
from loadtest.results import Latency, Result, Verdict

_CLEAR_LEAD = 0.05
"""Share by which a figure must be better before it is marked: what repeats of one run differ by."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure of one server, as the comparison shows it."""

    text: str
    spread: str
    ratio: str
    share: float
    """Of the largest in its row, in per cent."""
    best: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of all servers."""

    title: str
    better: str
    cells: Sequence[Cell | None]


@dataclass(frozen=True, slots=True)
class Part:
    """One scenario of a comparison."""

    comparison: Comparison
    rows: Sequence[Row]
    plots: Sequence[Plot]


def render_run(result: Result) -> str:
    """The report of one run."""
    return _template("run.html").render(
        page_title=f"{words.title(result.scenario)}: {result.server}",
        result=result,
        verdict=words.verdict(result),
        key_figures=_key_figures(result),
        latencies=words.by_weight(result.latencies),
        own_figures=_own_figures(result),
        latency_plots=_there(
            [
                charts.latency_over_time(result),
                charts.distribution([(words.kind(latency.kind), latency) for latency in _of_server(result)]),
            ]
        ),
        load_plots=_there([charts.throughput(result), charts.connections(result)]),
        server_plots=_there([charts.server_cpu(result), charts.server_memory(result)]),
        generator_plots=_there([charts.generator_cpu(result), charts.generator_lag(result)]),
    )


def render_comparison(results: Sequence[Result], command: str = "") -> str:
    """The report of several runs side by side; the first server named is the reference."""
    parts = [_part(comparison) for comparison in compare(results)]
    servers = list(dict.fromkeys(result.server for result in results))
    return _template("compare.html").render(
        page_title=f"Comparison: {', '.join(servers)}",
        parts=parts,
        servers=servers,
        results=results,
        command=command,
        bad=[result for result in results if result.verdict is Verdict.INVALID],
    )


def _part(comparison: Comparison) -> Part:
    shown = [_typical(column) for column in comparison.columns]
    drawn = [result for result in shown if result is not None]
    plots = [
        charts.distribution(
            [(result.server, latency) for result in drawn if (latency := result.latency(kind)) is not None],
            f"{words.kind(kind)}: latency distribution",
        )
        for kind in kinds_of(drawn)
    ]
    plots += [charts.cpu_beside(drawn), charts.memory_beside(drawn)]
    return Part(comparison, [_row(comparison, figure) for figure in comparison.figures], _there(plots))


def _typical(column: Column) -> Result | None:
    """The run that is drawn: of the sound ones, the one in the middle by its server's CPU."""
    sound = [result for result in column.results if result.verdict is not Verdict.INVALID]

    def cpu(result: Result) -> float:
        phase = result.phase(MEASURE)
        return (phase.server_cpu_s if phase is not None else None) or 0.0

    return sorted(sound, key=cpu)[(len(sound) - 1) // 2] if sound else None


def _row(comparison: Comparison, figure: Figure) -> Row:
    medians = [column.values[figure.key].median for column in comparison.columns if figure.key in column.values]
    ranked = sorted(medians, reverse=not figure.lower_is_better)
    leads = len(ranked) > 1 and abs(ranked[1] - ranked[0]) > _CLEAR_LEAD * max(ranked[:2])
    largest = max(medians) or 1.0
    cells: list[Cell | None] = []
    for index, column in enumerate(comparison.columns):
        value = column.values.get(figure.key)
        if value is None:
            cells.append(None)
            continue
        spread = f"{figure.say(value.low)} to {figure.say(value.high)}" if value.rounds > 1 else ""
        times = words.ratio(comparison.ratio(column, figure.key)) if index else ""
        share = 100 * value.median / largest
        cells.append(Cell(figure.say(value.median), spread, times, share, leads and value.median == ranked[0]))
    return Row(figure.title, "less is better" if figure.lower_is_better else "more is better", cells)


def _key_figures(result: Result) -> list[tuple[str, str, str]]:
    """Label, value, and what it is of."""
    phase = result.phase(MEASURE)
    found = []
    if phase is not None and phase.cpu_s_per_100k is not None:
        found.append(("Server CPU", words.seconds(phase.cpu_s_per_100k), "per 100,000 deliveries"))
    if phase is not None and phase.end_s > phase.start_s:
        found.append(
            ("Delivered", f"{words.count(phase.deliveries / (phase.end_s - phase.start_s))} /s", "updates to others")
        )
    for latency in _of_server(result)[:2]:
        kind = words.kind(latency.kind)
        most = f"at most {words.milliseconds(latency.max_ms)}"
        found.append((f"{kind}, p50", words.milliseconds(latency.p50_ms), f"of {words.count(latency.count)}"))
        found.append((f"{kind}, p99", words.milliseconds(latency.p99_ms), most))
    sizes = [sample.server_rss_bytes for sample in result.samples if sample.server_rss_bytes is not None]
    if sizes:
        found.append(("Server memory", words.size(max(sizes)), "at its highest"))
    return found


def _of_server(result: Result) -> list[Latency]:
    """Kinds that were measured, those that tell of the server, the most telling first."""
    there = [latency for latency in result.latencies if latency.count and latency.kind not in OF_GENERATOR]
    return [latency for latency in words.by_weight(there) if latency.kind != "text_last"]


def _own_figures(result: Result) -> list[tuple[str, str]]:
    own = [(name, value) for name, value in result.figures.items() if name not in SAID_ALREADY]
    return [(words.figure_title(name), words.figure(name, value)) for name, value in own]


def _there(plots: Iterable[Plot | None]) -> list[Plot]:
    return [plot for plot in plots if plot is not None]


@cache
def _environment() -> Environment:
    folder = Path(str(files("loadtest.report"))) / "templates"
    sources = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir()) if path.is_file()}
    environment = Environment(
        loader=DictLoader(sources), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(words=words, asdict=asdict)
    return environment


def _template(name: str) -> Template:
    return _environment().get_template(name)
