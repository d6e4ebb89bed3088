"""Owns one run from the settings to the result; the only entry of the engine."""

from __future__ import annotations

import asyncio
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from loadtest.board import Board
from loadtest.crew import Crew
from loadtest.ledger import Ledger
from loadtest.orders import Enter, Evidence, Failed, Interval, Plan, Reached, Report, Step
from loadtest.plan import make_plans
from loadtest.proof import no_proof, prove
from loadtest.results import Proof, Result, Sample, Verdict
from loadtest.server import ServerTree, Usage, find_server
from loadtest.settings import RunSettings as RunSettings
from loadtest.settings import SettingsError as SettingsError
from loadtest.settings import Value

Progress = Callable[[Sample | str], None]

_HEAD_START_S = 0.5
"""Between the order to measure and its begin, so that all processes have it."""
_START_S = 60.0
"""For the generator processes to start, on a machine that has other things to do."""
_CLIENT_S = 0.05
_LARGE_DOCUMENT_S = 90.0
_SAMPLE_S = 1.0


async def run_scenario(settings: RunSettings, progress: Progress) -> Result:
    """Run one scenario; always comes back with a result, also from a server that is not there.

    `progress` gets a sample each second and a sentence where something happens.

    Raises: SettingsError (what was asked for makes no sense).
    """
    plans = make_plans(settings)
    pid = settings.server_pid if settings.server_pid is not None else find_server(settings.url)
    try:
        server = ServerTree(pid) if pid is not None else None
    except ValueError as error:
        raise SettingsError(str(error)) from None
    run = _Run(settings, plans, server, progress)
    board = Board.create() if len(plans) > 1 else ""
    try:
        return await run.play([replace(plan, board=board) for plan in plans])
    finally:
        if board:
            os.unlink(board)


_QUIET_S = 1.0
_QUIET_CPU = 0.05
"""A server that uses less of a core for so long has started."""
_QUIET_AT_MOST_S = 30.0


class _GivenUp(Exception):
    """The run cannot go on; the text says why."""


class _Run:
    """One run while it lasts."""

    def __init__(
        self, settings: RunSettings, plans: Sequence[Plan], server: ServerTree | None, progress: Progress
    ) -> None:
        self._settings = settings
        self._parameters: Mapping[str, Value] = plans[0].parameters
        self._rooms = plans[0].rooms
        self._clients = plans[0].clients * len(self._rooms)
        self._server = server
        self._progress = progress
        self._begin_s = time.monotonic()
        self._started_at = datetime.now(UTC).isoformat(timespec="seconds")
        self._ledger = Ledger(self._begin_s)
        self._first_usage = self._usage()
        self._held_usage: Usage | None = None
        self._notes: list[str] = []

    async def play(self, plans: Sequence[Plan]) -> Result:
        """All steps; gives up where one fails or takes too long."""
        if self._server is None:
            self._notes.append("the server is not on this machine, or not to be seen: its CPU and memory are unknown")
        try:
            async with Crew(plans) as crew, asyncio.TaskGroup() as tasks:
                sampler = tasks.create_task(self._sample(), name="sampler")
                try:
                    proof = await self._steps(crew)
                except _GivenUp as error:
                    proof = no_proof(len(self._rooms), self._clients, str(error))
                sampler.cancel()
        finally:
            self._ledger.close(time.monotonic(), self._usage())
        return self._result(proof, len(plans))

    # -- steps --

    async def _steps(self, crew: Crew) -> Proof:
        """Raises: _GivenUp."""
        deadlines = self._settings.deadlines
        await self._await_quiet()
        self._enter(Step.CONNECT, f"{self._clients} clients join {len(self._rooms)} rooms")
        patience_s = 2 * deadlines.connect_s + self._clients * _CLIENT_S
        document_s = _LARGE_DOCUMENT_S if "document" in self._parameters else 0.0
        await self._all(crew, Enter(Step.CONNECT), _START_S + patience_s + document_s)
        reached = await self._measure(crew, patience_s + deadlines.grace_s)
        expected: dict[str, dict[int, int]] = {}
        for report in reached:
            for room, clocks in report.clocks.items():
                expected.setdefault(room, {}).update(clocks)
        self._held_usage = self._usage()
        self._enter(Step.SETTLE, "waiting until every client has every edit")
        await self._all(crew, Enter(Step.SETTLE, expected=expected), deadlines.settle_s + deadlines.grace_s)
        self._enter(Step.PROOF, "comparing the documents of all clients and the server")
        await self._all(crew, Enter(Step.PROOF), deadlines.proof_s)
        return await asyncio.to_thread(prove, self._rooms, self._evidence)

    async def _await_quiet(self) -> None:
        """A server that was just started goes on loading; what it does by itself belongs into no figure."""
        until_s = time.monotonic() + _QUIET_AT_MOST_S
        while self._settings.server_pid is not None and time.monotonic() < until_s:
            before = self._usage()
            await asyncio.sleep(_QUIET_S)
            after = self._usage()
            if before is None or after is None or after.cpu_s - before.cpu_s <= _QUIET_CPU * _QUIET_S:
                break
        self._first_usage = self._usage()

    async def _measure(self, crew: Crew, patience_s: float) -> list[Reached]:
        """Raises: _GivenUp."""
        warm_up_s, duration_s = float(self._parameters["warm_up_s"]), float(self._parameters["duration_s"])
        begin_s = time.monotonic() + _HEAD_START_S
        if warm_up_s:
            self._enter(Step.WARM_UP, f"warming up for {warm_up_s:g} s")
        turn = asyncio.get_running_loop().call_later(
            begin_s + warm_up_s - time.monotonic(), self._enter, Step.MEASURE, "measuring"
        )
        try:
            return await self._all(
                crew, Enter(Step.MEASURE, begin_s), _HEAD_START_S + warm_up_s + duration_s + patience_s
            )
        finally:
            turn.cancel()

    async def _all(self, crew: Crew, order: Enter, patience_s: float) -> list[Reached]:
        """Let all do one step. Raises: _GivenUp."""
        crew.tell(order)
        self._evidence: list[Evidence] = []
        reached: list[Reached] = []
        try:
            async with asyncio.timeout(patience_s):
                while len(reached) + len(self._evidence) < crew.size:
                    self._take(await crew.reports.get(), reached)
        except TimeoutError:
            raise _GivenUp(f"the step {order.step} was not over after {patience_s:.0f} s") from None
        return reached

    def _take(self, report: Report, reached: list[Reached]) -> None:
        if isinstance(report, Interval):
            self._ledger.add(report)
        elif isinstance(report, Failed):
            raise _GivenUp(report.reason)
        elif isinstance(report, Evidence):
            self._evidence.append(report)
        else:
            reached.append(report)
            if report.missing:
                self._say(f"{report.missing} clients of process {report.process} still lack edits")

    def _enter(self, step: Step, sentence: str) -> None:
        self._ledger.enter(step, time.monotonic(), self._usage())
        self._say(sentence)

    def _say(self, sentence: str) -> None:
        self._progress(sentence)

    async def _sample(self) -> None:
        while True:
            await asyncio.sleep(_SAMPLE_S)
            self._progress(self._ledger.sample(time.monotonic(), self._usage()))

    def _usage(self) -> Usage | None:
        return self._server.usage() if self._server is not None else None

    # -- result --

    def _result(self, proof: Proof, processes: int) -> Result:
        settings, ceiling = self._settings, self._ledger.ceiling(processes)
        verdict = Verdict.VALID if proof.holds else Verdict.INVALID
        if verdict is Verdict.VALID and ceiling.limited:
            verdict = Verdict.GENERATOR_BOUND
        address = settings.url.partition("?")[0]
        return Result(
            scenario=settings.scenario,
            parameters={**self._parameters, "seed": settings.seed, "processes": processes, "url": address},
            server=settings.server or address,
            protocol=settings.protocol,
            command=settings.command,
            started_at=self._started_at,
            duration_s=time.monotonic() - self._begin_s,
            verdict=verdict,
            phases=self._ledger.phases(),
            samples=tuple(self._ledger.samples),
            latencies=self._ledger.histograms.latencies(),
            proof=proof,
            ceiling=ceiling,
            errors=dict(self._ledger.errors),
            notes=tuple(self._notes),
            figures=self._figures(),
            versions=_versions(),
        )

    def _figures(self) -> dict[str, float]:
        figures: dict[str, float] = {}
        measured = next((phase for phase in self._ledger.phases() if phase.name == Step.MEASURE), None)
        if measured is not None and measured.end_s > measured.start_s:
            if measured.deliveries:
                figures["deliveries_per_s"] = measured.deliveries / (measured.end_s - measured.start_s)
            if measured.cpu_s_per_100k is not None:
                figures["server_cpu_s_per_100k_deliveries"] = measured.cpu_s_per_100k
        joined = self._ledger.histograms.latency("join")
        if joined is not None:
            figures["join_all_s"] = joined.max_ms / 1000
        first, held = self._first_usage, self._held_usage
        if first is not None and held is not None:
            grown = held.rss_bytes - first.rss_bytes
            figures["server_rss_bytes_at_start"] = first.rss_bytes
            figures["server_rss_bytes_held"] = held.rss_bytes
            if grown > 0:
                figures["server_rss_bytes_per_connection"] = grown / self._clients
                figures["server_rss_bytes_per_room"] = grown / len(self._rooms)
        return figures


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "cores": str(os.cpu_count() or 0), "system": sys.platform}
    for package in ("livefolder", "picows", "pycrdt", "hdrhistogram"):
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found
