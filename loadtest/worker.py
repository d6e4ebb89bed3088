"""Owns a generator process: takes orders from the run over a pipe, plays the scenario with its share of the clients."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from loadtest.board import Board
from loadtest.descriptors import raise_limit
from loadtest.evidence import gather
from loadtest.fleet import Fleet, Unreachable
from loadtest.orders import Enter, Failed, Order, Plan, Reached, Report, Step
from loadtest.pipes import listen
from loadtest.scenarios.table import SCENARIOS
from loadtest.settings import SettingsError
from loadtest.statistics import Statistics

_REPORT_S = 1.0


def main(pipe: Connection) -> None:
    """Entry of the process; ends when it is told to, or when the run is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise_limit()
    gc.freeze()
    with suppress(EOFError, BrokenPipeError, ConnectionResetError), asyncio.Runner(loop_factory=_loop()) as runner:
        runner.run(_work(pipe))


def _loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop


async def _work(pipe: Connection) -> None:
    orders: asyncio.Queue[Order | None] = asyncio.Queue()
    listen(pipe, orders.put_nowait)
    plan = await orders.get()
    if not isinstance(plan, Plan):
        return
    board = Board(plan.board) if plan.board else None
    async with asyncio.TaskGroup() as tasks:
        worker = _Worker(plan, board, pipe, tasks)
        try:
            while isinstance(order := await orders.get(), Enter):
                await worker.enter(order)
        except (Unreachable, SettingsError) as error:
            pipe.send(Failed(plan.process, str(error)))
            await orders.get()
        worker.stop()


class _Worker:
    """One process' part in a run."""

    def __init__(self, plan: Plan, board: Board | None, pipe: Connection, tasks: asyncio.TaskGroup) -> None:
        self._plan = plan
        self._pipe = pipe
        self._tasks = tasks
        self._running: set[asyncio.Task[Any]] = set()
        self._statistics = Statistics(plan.process)
        self._scenario = SCENARIOS[plan.settings.scenario]
        self._fleet = Fleet(plan, self._statistics, board, self._spawn)
        self._spawn(self._statistics.watch_lag())
        self._spawn(self._report())

    async def enter(self, order: Enter) -> None:
        """Do one step and say that it is over. Raises: Unreachable, SettingsError."""
        if order.step is not Step.MEASURE:
            self._change(order.step)
        steps = {
            Step.CONNECT: self._connect,
            Step.MEASURE: self._measure,
            Step.SETTLE: self._settle,
            Step.PROOF: self._prove,
        }
        self._send(await steps[order.step](order))

    def stop(self) -> None:
        """Let everything go."""
        for client in self._fleet.clients:
            client.leave(0)
        for task in self._running:
            task.cancel()

    async def _connect(self, order: Enter) -> Report:
        await self._fleet.open()
        if self._scenario.connect is not None:
            await self._scenario.connect(self._fleet)
        else:
            await self._fleet.join(self._fleet.clients)
        return Reached(self._plan.process, Step.CONNECT)

    async def _measure(self, order: Enter) -> Report:
        fleet, warm_up_s = self._fleet, self._fleet.number("warm_up_s")
        fleet.begin_s = order.begin_s
        fleet.end_s = order.begin_s + warm_up_s + fleet.number("duration_s")
        self._change(Step.WARM_UP)
        loop = asyncio.get_running_loop()
        wait_s = max(0.0, order.begin_s - time.monotonic())
        turn = loop.call_later(wait_s + warm_up_s, self._change, Step.MEASURE)
        await asyncio.sleep(wait_s)
        await self._scenario.measure(fleet)
        turn.cancel()
        if self._statistics.step is not Step.MEASURE:
            self._change(Step.MEASURE)
        self._change(Step.SETTLE)
        fleet.finish()
        return Reached(self._plan.process, Step.MEASURE, clocks=fleet.clocks())

    async def _settle(self, order: Enter) -> Report:
        missing = await self._fleet.settle(order.expected, self._plan.settings.deadlines.settle_s)
        return Reached(self._plan.process, Step.SETTLE, missing=missing)

    async def _prove(self, order: Enter) -> Report:
        return await gather(self._fleet)

    def _change(self, step: Step) -> None:
        """What was counted so far belongs to the step before."""
        self._send(self._statistics.take(self._fleet.pacer))
        self._statistics.step = step

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(_REPORT_S)
            self._send(self._statistics.take(self._fleet.pacer))
            for room in self._fleet.rooms.values():
                room.forget_presence()

    def _send(self, report: Report) -> None:
        with suppress(OSError):  # the run is gone: the next order says so
            self._pipe.send(report)

    def _spawn(self, coroutine: Coroutine[Any, Any, object]) -> object:
        task = self._tasks.create_task(coroutine, name="generator")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task
