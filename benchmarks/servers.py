"""Owns the table of README that sets this server beside others: `make bench`.

Installs the others, runs every scenario in turn on all of them, writes results and report into benchmarks/results,
and prints the table in Markdown. What was measured when it is interrupted is kept.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from loadtest.cli import run_all
from loadtest.comparison import compare
from loadtest.outcome import exit_code, write_html, write_json
from loadtest.peers.install import PeerError
from loadtest.peers.table import PEERS
from loadtest.report.markdown import Line, render_table
from loadtest.results import Result
from loadtest.settings import RunSettings, SettingsError, Value
from loadtest.targets import parse_target
from loadtest.turns import turns, was_interrupted

RESULTS = Path(__file__).parent / "results"
CPU, P99 = ("cpu_per_100k", "CPU per 100,000 deliveries"), ("text_p99", "text, p99")


@dataclass(frozen=True, slots=True)
class Case:
    """One scenario of the table, and the figures that stand in it."""

    title: str
    scenario: str
    clients: int | None = None
    rooms: int | None = None
    parameters: Mapping[str, Value] = field(default_factory=dict)
    figures: tuple[tuple[str, str], ...] = (CPU, P99)
    timed: bool = True
    """Its length can be set."""

    def settings(self, duration_s: float | None, seed: int) -> RunSettings:
        """Of its runs."""
        return RunSettings(
            url="",
            scenario=self.scenario,
            clients=self.clients,
            rooms=self.rooms,
            duration_s=duration_s if self.timed else None,
            parameters=self.parameters,
            seed=seed,
        )


_JOIN = (("cpu", "server CPU"), ("join_p99", "join, p99"))
CASES = (
    Case("Lock-step, 100 clients", "lock-step", clients=100),
    Case("Bursts, 100 clients", "fan-out", clients=100),
    Case("Bursts, 500 clients", "fan-out", clients=500),
    Case("100 offices of 5", "offices"),
    Case("100 offices of 5, five times as busy", "offices-x5"),
    Case("One room of 100", "big-room"),
    Case("200 join a text of 260,000 edits", "join-storm", parameters={"document": "b4"}, figures=_JOIN, timed=False),
    Case("200 join a notebook", "join-storm", parameters={"document": "notebook"}, figures=_JOIN, timed=False),
    Case(
        "1,000 idle connections in one room",
        "idle",
        clients=1000,
        rooms=1,
        figures=(("server_rss_bytes_per_connection", "memory of each"),),
    ),
    Case(
        "1,000 rooms with one idle connection",
        "idle",
        clients=1,
        rooms=1000,
        figures=(("server_rss_bytes_per_connection", "memory of each"),),
    ),
    Case(
        "Lecture, 1 writer and 500 viewers",
        "lecture",
        figures=(("text_p95", "text, p95"), ("presence_p95", "presence, p95")),
    ),
    Case("Class, 200 writers", "class", figures=(CPU, ("text_p95", "text, p95"))),
)


def bench(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; figures are their medians.")] = 3,
    duration: Annotated[float | None, typer.Option(min=1, help="Seconds of each scenario.", show_default=False)] = None,
    server: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Servers in the order of the columns. [dim]default: {', '.join(PEERS)}[/]", show_default=False
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Only cases whose title has this text; may be repeated.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed types the same.")] = 1,
    pin: Annotated[bool, typer.Option(help="One core for the server, the others for the generator.")] = True,
) -> None:
    """Measure this server beside others, in turn, and print the table for the README."""
    console = Console(highlight=False)
    cases = [case for case in CASES if not only or any(text.lower() in case.title.lower() for text in only)]
    targets = [parse_target(name) for name in server or PEERS]
    folder = RESULTS / f"{datetime.now(UTC):%Y-%m-%d-%H%M%S}"
    folder.mkdir(parents=True)
    results: list[Result] = []
    lines: list[Line] = []
    command = f"make bench ROUNDS={rounds}" + (f" DURATION={duration:g}" if duration else "")
    for case in cases:
        found = run_all(console, turns(targets, [case.settings(duration, seed)], rounds), quiet=False, pin=pin)
        results += found
        lines += [(f"{case.title}: {name}", compare(found)[0], key) for key, name in case.figures]
        write_json(folder / "results.json", results)
        write_html(folder / "report.html", results, command, compared=True)
        if was_interrupted(found[-1]):
            break
    table = render_table(lines)
    (folder / "table.md").write_text(f"{table}\n", encoding="utf-8")
    print(f"\n{table}\n")
    console.print(f"Results and report: {folder}")
    raise typer.Exit(exit_code(results))


if __name__ == "__main__":
    try:
        typer.run(bench)
    except (SettingsError, PeerError) as problem:
        sys.exit(f"bench: {problem}")
