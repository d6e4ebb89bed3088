"""Owns the generator processes: started, told what to do, heard, and ended whatever happens."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from threading import Thread
from types import TracebackType

from loadtest import worker
from loadtest.orders import Failed, Leave, Order, Plan, Report
from loadtest.pipes import listen

_LEAVE_S = 5.0


class Crew:
    """One process for each plan; `async with` ends them."""

    def __init__(self, plans: Sequence[Plan]) -> None:
        self.reports: asyncio.Queue[Report] = asyncio.Queue()
        self._plans = plans
        self._pipes: list[Connection] = []
        self._processes: list[BaseProcess] = []
        self._listeners: list[Thread] = []

    @property
    def size(self) -> int:
        return len(self._plans)

    async def __aenter__(self) -> Crew:
        context = multiprocessing.get_context("spawn")
        for plan in self._plans:
            pipe, theirs = context.Pipe()
            # plans go over the pipe and not along with the process: they hold the token
            process = context.Process(target=worker.main, args=(theirs,), name=f"generator {plan.process}", daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(pipe)
            self._processes.append(process)
            self._listeners.append(listen(pipe, partial(self._hear, plan.process)))
            self._tell(pipe, plan)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.tell(Leave())
        await asyncio.to_thread(self._end)

    def tell(self, order: Order) -> None:
        """All of them."""
        for pipe in self._pipes:
            self._tell(pipe, order)

    def _tell(self, pipe: Connection, order: Order) -> None:
        with suppress(OSError):  # it ended, which is heard from its pipe
            pipe.send(order)

    def _hear(self, number: int, report: Report | None) -> None:
        self.reports.put_nowait(report or Failed(number, f"generator process {number} ended"))

    def _end(self) -> None:
        for process in self._processes:
            process.join(_LEAVE_S)
            if process.is_alive():
                process.kill()
                process.join()
            process.close()
        for pipe, listener in zip(self._pipes, self._listeners, strict=True):
            listener.join(_LEAVE_S)
            pipe.close()
