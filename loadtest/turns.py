"""Owns making several runs one after the other: every server once in each round, each time freshly started.

In turn, because a machine is not equally quick at all times: only neighbours can be compared.
"""

from __future__ import annotations

import asyncio
import os
import platform
import signal
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from loadtest.recorder import record_session
from loadtest.results import Ceiling, Proof, Result, Sample, Verdict
from loadtest.run import run_scenario
from loadtest.settings import RunSettings, SettingsError
from loadtest.targets import Target, halves, opened

INTERRUPTED = "The run was interrupted before the documents were compared."
Progress = Callable[[Sample | str], None]


@dataclass(frozen=True, slots=True)
class Turn:
    """One run of a comparison."""

    target: Target
    settings: RunSettings
    round: int
    rounds: int


class Interrupted(Exception):
    """Somebody pressed Ctrl-C; what was measured up to then is in `result`."""

    def __init__(self, result: Result) -> None:
        super().__init__(INTERRUPTED)
        self.result = result


def turns(targets: Sequence[Target], settings: Sequence[RunSettings], rounds: int) -> list[Turn]:
    """All runs in their order: scenario by scenario, round by round, server by server."""
    return [Turn(target, each, index + 1, rounds) for each in settings for index in range(rounds) for target in targets]


def run_turn(turn: Turn, progress: Progress, *, pin: bool = False) -> Result:
    """Start the server if need be and run. Raises: SettingsError, PeerError, Interrupted."""
    server_cores, own_cores = halves() if pin else (frozenset[int](), frozenset[int]())
    started_at = datetime.now(UTC)
    samples: list[Sample] = []

    def note(seen: Sample | str) -> None:
        if isinstance(seen, Sample):
            samples.append(seen)
        progress(seen)

    try:
        with opened(turn.target, turn.settings, server_cores) as (settings, peer), _on_cores(own_cores):
            result = asyncio.run(run_scenario(settings, note))
            versions = {**result.versions, **(peer.versions if peer is not None else {})}
            return replace(result, versions=versions)
    except KeyboardInterrupt:
        raise Interrupted(_unfinished(turn, samples, started_at)) from None


def was_interrupted(result: Result) -> bool:
    """Whether somebody ended it before its proof."""
    return INTERRUPTED in result.proof.problems


def record_session_until_interrupted(
    target: Target, settings: RunSettings, path: Path, say: Callable[[str], None]
) -> int:
    """Write down what happens in a room until Ctrl-C; the number of updates. Raises: SettingsError."""
    recorded = replace(
        settings, url=target.url, protocol=target.protocol, credentials=target.credentials, server=target.name
    )

    async def record() -> int:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
        return await record_session(recorded, path, stop, say)

    try:
        return asyncio.run(record())
    except OSError as error:
        raise SettingsError(f"{target.name} cannot be recorded: {error}.") from None


@contextmanager
def _on_cores(cores: Collection[int]) -> Iterator[None]:
    """The generator and its children stay on these cores; none: wherever they like."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _unfinished(turn: Turn, samples: Sequence[Sample], started_at: datetime) -> Result:
    """What was measured so far; never valid, because nothing was proved."""
    settings = turn.settings
    parameters = {"clients": settings.clients, "rooms": settings.rooms, "duration_s": settings.duration_s}
    return Result(
        scenario=settings.scenario,
        parameters={name: value for name, value in parameters.items() if value is not None} | {"seed": settings.seed},
        server=turn.target.name,
        protocol=turn.target.protocol,
        command=settings.command,
        started_at=started_at.isoformat(timespec="seconds"),
        duration_s=samples[-1].at_s if samples else 0.0,
        verdict=Verdict.INVALID,
        phases=(),
        samples=tuple(samples),
        latencies=(),
        proof=Proof(0, 0, 0, False, 0, 0, (INTERRUPTED,)),
        ceiling=Ceiling(
            processes=settings.processes,
            busiest_cpu=max((sample.generator_cpu for sample in samples), default=0.0),
            worst_lag_ms=max((sample.generator_lag_ms for sample in samples), default=0.0),
            late_sends=0,
            limited=False,
        ),
        versions={"python": platform.python_version()},
    )
