"""Owns the generator processes: started, told what to do, heard, and ended whatever happens."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType

from loadtest import worker
from loadtest.orders import Failed, Leave, Order, Plan, Report

_LEAVE_S = 5.0


class Crew:
    """One process for each plan; `async with` ends them."""

    def __init__(self, plans: Sequence[Plan]) -> None:
        self.reports: asyncio.Queue[Report] = asyncio.Queue()
        self._plans = plans
        self._pipes: list[Connection] = []
        self._processes: list[BaseProcess] = []

    @property
    def size(self) -> int:
        return len(self._plans)

    async def __aenter__(self) -> Crew:
        context = multiprocessing.get_context("spawn")
        loop = asyncio.get_running_loop()
        for plan in self._plans:
            pipe, theirs = context.Pipe()
            # plans go over the pipe and not along with the process: they hold the token
            process = context.Process(target=worker.main, args=(theirs,), name=f"generator {plan.process}", daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(pipe)
            self._processes.append(process)
            loop.add_reader(pipe.fileno(), self._hear, plan.process, pipe)
            self._tell(pipe, plan)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.tell(Leave())
        await asyncio.to_thread(self._end)
        for pipe in self._pipes:
            self._stop_hearing(pipe)
            pipe.close()

    def tell(self, order: Order) -> None:
        """All of them."""
        for pipe in self._pipes:
            self._tell(pipe, order)

    def _tell(self, pipe: Connection, order: Order) -> None:
        with suppress(OSError):  # it ended, which is heard from its pipe
            pipe.send(order)

    def _hear(self, number: int, pipe: Connection) -> None:
        try:
            self.reports.put_nowait(pipe.recv())
        except (EOFError, OSError):
            self._stop_hearing(pipe)
            self.reports.put_nowait(Failed(number, f"generator process {number} ended"))

    def _stop_hearing(self, pipe: Connection) -> None:
        asyncio.get_running_loop().remove_reader(pipe.fileno())

    def _end(self) -> None:
        for process in self._processes:
            process.join(_LEAVE_S)
            if process.is_alive():
                process.kill()
                process.join()
            process.close()
