"""Owns what the terminal shows of runs: live while they go, plain lines where nobody looks, a table at the end."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from loadtest import words
from loadtest.comparison import MEASURE, SAID_ALREADY, Column, Comparison
from loadtest.peers.peer import Kind
from loadtest.results import Result, Sample
from loadtest.scenarios.base import Scenario
from loadtest.turns import Turn

_STYLES = {"good": "green", "warning": "yellow", "danger": "red"}
_BARS = "▁▂▃▄▅▆▇█"
_LINE_CHARACTERS = 32
_SENTENCES = 3
_PLAIN_INTERVAL_S = 5


class View(Protocol):
    """Shows one run while it goes."""

    def __enter__(self) -> View: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, seen: Sample | str) -> None:
        """A sample of each second, or a sentence where something happened."""


class QuietView:
    """Shows nothing."""

    def __enter__(self) -> QuietView:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def show(self, seen: Sample | str) -> None:
        """Nothing."""


class PlainView(QuietView):
    """A line where something happened, and one every few seconds."""

    def __init__(self, console: Console, turn: Turn) -> None:
        self._console = console
        self._next_s = 0.0
        self._say(headline(turn))

    def show(self, seen: Sample | str) -> None:
        """Print it, if it is time."""
        if isinstance(seen, str):
            self._say(f"  {seen}")
        elif seen.at_s >= self._next_s:
            self._next_s = seen.at_s + _PLAIN_INTERVAL_S
            self._say(f"  {seen.at_s:.0f} s: {plain(seen)}")

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class LiveView:
    """A few lines that change in place."""

    def __init__(self, console: Console, turn: Turn, expected_s: float) -> None:
        self._turn = turn
        self._expected_s = expected_s
        self._samples: deque[Sample] = deque(maxlen=_LINE_CHARACTERS)
        self._sentences: deque[str] = deque(maxlen=_SENTENCES)
        self._live = Live(self._draw(), console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> LiveView:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, seen: Sample | str) -> None:
        """Draw it."""
        if isinstance(seen, str):
            self._sentences.append(seen)
        else:
            self._samples.append(seen)
        self._live.update(self._draw())

    def _draw(self) -> RenderableType:
        last = self._samples[-1] if self._samples else None
        at_s = last.at_s if last is not None else 0.0
        bar = Table.grid(padding=(0, 2))
        bar.add_row(ProgressBar(total=max(self._expected_s, at_s, 1.0), completed=at_s, width=40), f"{at_s:.0f} s")
        parts: list[RenderableType] = [Text(headline(self._turn), style="bold"), bar]
        if last is not None:
            parts.append(self._figures(last))
        parts.extend(Text(sentence, style="dim", overflow="ellipsis", no_wrap=True) for sentence in self._sentences)
        return Padding(Group(*parts), (1, 2))

    def _figures(self, last: Sample) -> Table:
        table = Table.grid(padding=(0, 3))
        table.add_column(style="dim")
        table.add_column(justify="right")
        table.add_column()
        table.add_column(style="cyan")
        deliveries = sparkline([sample.deliveries for sample in self._samples])
        tails = sparkline([sample.p99_ms for sample in self._samples])
        percentiles = f"p95 {words.milliseconds(last.p95_ms or None)}   p99 {words.milliseconds(last.p99_ms or None)}"
        table.add_row("connections", words.count(last.connections), "", "")
        table.add_row(
            "delivered", f"{words.count(last.deliveries)} /s", f"sent {words.count(last.sent)} /s", deliveries
        )
        table.add_row("latency p50", words.milliseconds(last.p50_ms or None), percentiles, tails)
        table.add_row("server", words.cores(last.server_cpu), words.size(last.server_rss_bytes), "")
        lag = f"late {words.milliseconds(last.generator_lag_ms)}"
        table.add_row("generator", words.cores(last.generator_cpu), lag, "")
        return table


def view_of(console: Console, turn: Turn, expected_s: float, *, quiet: bool) -> View:
    """The view that fits: nothing, lines, or a live one where there is a terminal."""
    if quiet:
        return QuietView()
    return LiveView(console, turn, expected_s) if console.is_terminal else PlainView(console, turn)


def headline(turn: Turn) -> str:
    """Which run this is."""
    rounds = f", round {turn.round} of {turn.rounds}" if turn.rounds > 1 else ""
    return f"{words.title(turn.settings.scenario)} on {turn.target.name}{rounds}"


def plain(sample: Sample) -> str:
    """A sample as one line."""
    parts = [
        words.plural(sample.connections, "connection"),
        f"{words.count(sample.deliveries)} delivered/s",
        f"p50 {words.milliseconds(sample.p50_ms or None)}",
        f"p99 {words.milliseconds(sample.p99_ms or None)}",
        f"generator {words.cores(sample.generator_cpu)}, late {words.milliseconds(sample.generator_lag_ms)}",
    ]
    if sample.server_cpu is not None:
        parts.append(f"server {words.cores(sample.server_cpu)}, {words.size(sample.server_rss_bytes)}")
    return ", ".join(parts)


def sparkline(values: Sequence[float]) -> str:
    """Values as a row of blocks, the largest one full."""
    top = max(values, default=0)
    return "".join(_BARS[round(value / top * (len(_BARS) - 1))] for value in values) if top > 0 else ""


def print_result(console: Console, result: Result) -> None:
    """Verdict and figures of one run."""
    verdict = words.verdict(result)
    style = _STYLES[verdict.tone]
    console.print()
    console.print(f"[bold {style}]{verdict.sign} {verdict.title}[/]  {escape(verdict.sentence)}", highlight=False)
    for problem in result.proof.problems:
        if words.sentence(problem) != verdict.sentence:
            console.print(f"  {problem}", style=style, markup=False, highlight=False)
    if result.latencies:
        console.print(_latencies(result))
    table = Table.grid(padding=(0, 3))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for label, value in _facts(result):
        table.add_row(label, Text(value))
    console.print(Padding(table, (0, 0, 1, 2)))


def _latencies(result: Result) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=True)
    table.add_column("latency, ms")
    for column in ("count", "p50", "p90", "p95", "p99", "p99.9", "largest"):
        table.add_column(column, justify="right")
    for item in words.by_weight(result.latencies):
        figures = (item.p50_ms, item.p90_ms, item.p95_ms, item.p99_ms, item.p999_ms, item.max_ms)
        cells = [words.number(value if item.count else None) for value in figures]
        table.add_row(words.kind(item.kind), words.count(item.count), *cells)
    return table


def _facts(result: Result) -> list[tuple[str, str]]:
    facts = []
    phase = result.phase(MEASURE)
    if phase is not None and phase.end_s > phase.start_s:
        length_s = phase.end_s - phase.start_s
        rate = f"{words.count(phase.deliveries / length_s)} /s" if phase.deliveries else "none"
        facts.append(("delivered", f"{rate}, {words.count(phase.deliveries)} in {words.seconds(length_s)}"))
        cpu = f"{words.seconds(phase.server_cpu_s)}, {words.seconds(phase.cpu_s_per_100k)} per 100,000 deliveries"
        facts.append(("server CPU", cpu if phase.server_cpu_s is not None else "not known: not on this machine"))
    sizes = [sample.server_rss_bytes for sample in result.samples if sample.server_rss_bytes is not None]
    if sizes:
        facts.append(("server memory", f"{words.size(max(sizes))} at its highest"))
    facts.extend(
        (words.figure_title(name).lower(), words.figure(name, value))
        for name, value in result.figures.items()
        if name not in SAID_ALREADY
    )
    ceiling = result.ceiling
    busy = f"{words.plural(ceiling.processes, 'process', 'processes')}, {words.cores(ceiling.busiest_cpu)}"
    facts.append(("generator", f"{busy}, worst lag {words.milliseconds(ceiling.worst_lag_ms)}"))
    facts.extend(("seen", f"{words.count(amount)} × {kind}") for kind, amount in result.errors.items())  # noqa: RUF001
    facts.extend(("note", note) for note in result.notes)
    facts.append(("run again", result.command))
    return facts


def print_comparison(console: Console, comparisons: Sequence[Comparison]) -> None:
    """Medians and ratios, a table for each scenario."""
    for comparison in comparisons:
        table = Table(box=SIMPLE_HEAD, title=comparison.title, title_justify="left", title_style="bold")
        table.add_column("median")
        for column in comparison.columns:
            table.add_column(Text(column.server), justify="right")
        table.add_row("rounds valid", *map(_sound, comparison.columns))
        for figure in comparison.figures:
            cells = []
            for index, column in enumerate(comparison.columns):
                value = column.values.get(figure.key)
                times = f"  [dim]{words.ratio(comparison.ratio(column, figure.key))}[/]" if index else ""
                cells.append(f"{figure.say(value.median)}{times}" if value is not None else words.UNKNOWN)
            table.add_row(figure.title, *cells)
        console.print(table)


def _sound(column: Column) -> str:
    bound = f", generator-bound {column.bound}" if column.bound else ""
    return f"{column.sound} of {len(column.results)}{bound}"


def print_line(console: Console, turn: Turn, result: Result) -> None:
    """One run of several, when it is over."""
    verdict = words.verdict(result)
    phase = result.phase(MEASURE)
    figure = words.seconds(phase.cpu_s_per_100k if phase is not None else None)
    line = f"{headline(turn)}: {verdict.title.lower()}, {figure} CPU per 100,000 deliveries"
    console.print(f"{verdict.sign} {line}", style=_STYLES[verdict.tone], markup=False, highlight=False)


def print_peers(console: Console, kinds: Sequence[Kind]) -> None:
    """The servers that can be started by name."""
    console.print("[bold]Servers that are installed and started by name[/]")
    table = Table.grid(padding=(0, 2))
    table.add_column(style="cyan", no_wrap=True)
    for kind in kinds:
        table.add_row(kind.name, kind.description, f"[dim]{kind.protocol}[/]")
    console.print(Padding(table, (0, 0, 1, 4)))


def print_scenarios(console: Console, scenarios: Sequence[Scenario]) -> None:
    """Every scenario with what can be set."""
    for scenario in scenarios:
        console.print(f"[bold]{scenario.name}[/]  {escape(scenario.description)}", highlight=False)
        table = Table.grid(padding=(0, 2))
        table.add_column(style="cyan", no_wrap=True)
        table.add_column(style="dim")
        for name, parameter in scenario.parameters.items():
            choices = f"; one of {', '.join(parameter.choices)}" if parameter.choices else ""
            table.add_row(f"{name}={parameter.default}", f"{parameter.help}{choices}")
        console.print(Padding(table, (0, 0, 1, 4)))
