"""Owns the two threads of the SQLite store: one that commits, one that reads. Knows statements only as calls.

Calls that may wait are gathered by the event loop, so that the writer's thread is woken once for all of them: each time
it wakes, it and the event loop compete for the interpreter. What is handed over together is committed together, each
call in a savepoint of its own: one that fails takes back only what it did itself. When the transaction cannot be
committed, every call in it fails and none of them has happened.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import structlog

from collab.errors import JournalError
from collab.store.driver import Connection, Driver, concerns_one_call, tells_of_damage

_Result = TypeVar("_Result")
_log = structlog.get_logger(__name__)

_WRITER_SETTINGS = (
    "PRAGMA busy_timeout=5000",
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    "PRAGMA journal_size_limit=16777216",
    "PRAGMA cache_size=-16384",
)
_READER_SETTINGS = ("PRAGMA busy_timeout=5000", "PRAGMA wal_autocheckpoint=0", "PRAGMA query_only=ON")


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """How a database is opened and how long a commit waits for company."""

    path: Path
    driver: Driver
    commit_delay_s: float
    queued_calls: int
    turn: Callable[[], AbstractContextManager[None]] = nullcontext
    """Entered round each transaction; workers that share the file take turns in it."""


@dataclass(slots=True, eq=False)
class _Call:
    run: Callable[[Connection], object]
    future: asyncio.Future[object]
    in_transaction: bool
    value: object = None
    error: Exception | None = None


class Database:
    """An open SQLite file. `on_rollback` is told, in the writer's thread, that what calls did was taken back."""

    def __init__(self, settings: DatabaseSettings, on_rollback: Callable[[], None]) -> None:
        self._settings = settings
        self._driver = settings.driver
        self._on_rollback = on_rollback
        self._calls: queue.SimpleQueue[Sequence[_Call] | None] = queue.SimpleQueue()
        self._gathered: list[_Call] = []
        """Calls that wait for company."""
        self._handing_over: asyncio.TimerHandle | None = None
        self._waiting = 0
        """Calls without an answer."""
        self._reader = ThreadPoolExecutor(1, "journal-read")
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._writing: Connection | None = None
        self._reading: Connection | None = None
        self.damaged = False
        """SQLite said that the file is not what it wrote."""

    async def open(self) -> None:
        """Connect and start both threads. Raises: JournalError."""
        self._loop = asyncio.get_running_loop()
        try:
            self._writing = await self._loop.run_in_executor(self._reader, self._connect, _WRITER_SETTINGS)
        except self._driver.errors as error:
            raise self._refused(error) from error
        self._thread = threading.Thread(target=self._work, args=(self._loop,), name="journal-write", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """Commit what is queued and disconnect."""
        if self._thread is None or self._loop is None:
            return
        thread, self._thread = self._thread, None
        self._hand_over()
        self._calls.put(None)
        await self._loop.run_in_executor(None, thread.join)
        await self._loop.run_in_executor(self._reader, self._disconnect)
        self._reader.shutdown()

    async def write(self, call: Callable[[Connection], _Result], *, patient: bool = False) -> _Result:
        """Run a call in the next commit; returns when it is durable. `patient`: the commit may wait for company.

        Raises: JournalError, what the call raises.
        """
        return await self._queue(call, in_transaction=True, patient=patient)

    async def alone(self, call: Callable[[Connection], _Result]) -> _Result:
        """Run a call on the writer's connection outside of any transaction. Raises: JournalError."""
        return await self._queue(call, in_transaction=False, patient=False)

    async def read(self, call: Callable[[Connection], _Result]) -> _Result:
        """Run a call on one consistent view of what is committed. Raises: JournalError, what the call raises."""
        if self._thread is None or self._loop is None:
            raise JournalError("the store is not open")
        return await self._loop.run_in_executor(self._reader, self._read, call)

    async def compute(self, call: Callable[[], _Result]) -> _Result:
        """Run work that needs no connection beside the reads, so that it keeps no commit waiting."""
        if self._thread is None or self._loop is None:
            raise JournalError("the store is not open")
        return await self._loop.run_in_executor(self._reader, call)

    async def _queue(self, call: Callable[[Connection], _Result], *, in_transaction: bool, patient: bool) -> _Result:
        if self._thread is None or self._loop is None:
            raise JournalError("the store is not open")
        if self._waiting >= self._settings.queued_calls:
            raise JournalError("limit queued_calls exceeded: the disk is too slow")
        queued = _Call(call, self._loop.create_future(), in_transaction)
        self._waiting += 1
        self._gathered.append(queued)
        if not patient:
            self._hand_over()
        elif self._handing_over is None:
            self._handing_over = self._loop.call_later(self._settings.commit_delay_s, self._hand_over)
        return await queued.future  # type: ignore[return-value]  # the future carries what this very call returned

    def _hand_over(self) -> None:
        """Let the writer have what was gathered, in order."""
        if self._handing_over is not None:
            self._handing_over.cancel()
            self._handing_over = None
        if self._gathered:
            gathered, self._gathered = self._gathered, []
            self._calls.put(gathered)

    # -- the writer's thread --

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        while batch := self._next_batch():
            self._commit([call for call in batch if call.in_transaction])
            for call in batch:
                if not call.in_transaction:
                    self._run_alone(call)
            self._answer(loop, batch)

    def _next_batch(self) -> list[_Call]:
        """What waits now; empty when it is time to stop."""
        batch: list[_Call] = []
        while not batch or not self._calls.empty():
            calls = self._calls.get()
            if calls is None:
                if batch:
                    self._calls.put(None)
                break
            batch += calls
        return batch

    def _commit(self, batch: Sequence[_Call]) -> None:
        batch = [call for call in batch if not call.future.cancelled()]
        if not batch:
            return
        try:
            with self._settings.turn():
                connection = self._connected()
                connection.execute("BEGIN IMMEDIATE")
                if len(batch) == 1:
                    self._run_only(batch[0], connection)
                    return
                for call in batch:
                    self._run(call, connection)
                connection.execute("COMMIT")
        except JournalError as error:
            self._give_up(batch, str(error))
        except self._driver.errors as error:
            self._give_up(batch, str(self._refused(error)))

    def _give_up(self, batch: Sequence[_Call], detail: str) -> None:
        """Nothing of a transaction has happened: all its calls fail, and the next one begins afresh."""
        for call in batch:
            call.error = JournalError(detail)
        self._recover()

    def _run_only(self, call: _Call, connection: Connection) -> None:
        """The transaction is this call's own."""
        self._attempt(call, connection)
        connection.execute("COMMIT" if call.error is None else "ROLLBACK")
        if call.error is not None:
            self._on_rollback()

    def _run(self, call: _Call, connection: Connection) -> None:
        connection.execute("SAVEPOINT one_call")
        self._attempt(call, connection)
        if call.error is not None:
            connection.execute("ROLLBACK TO one_call")
            self._on_rollback()
        connection.execute("RELEASE one_call")

    def _run_alone(self, call: _Call) -> None:
        try:
            with self._settings.turn():
                self._attempt(call, self._connected())
        except JournalError as error:
            call.error = error
        except self._driver.errors as error:
            call.error = self._refused(error)

    def _attempt(self, call: _Call, connection: Connection) -> None:
        try:
            call.value = call.run(connection)
        except Exception as error:  # as in concurrent.futures: what a call raises belongs to who called
            if self._is_fatal(error):
                raise
            call.error = self._refused(error) if isinstance(error, self._driver.errors) else error

    def _is_fatal(self, error: Exception) -> bool:
        return isinstance(error, self._driver.errors) and not concerns_one_call(self._driver.code(error))

    def _recover(self) -> None:
        """After a failed commit: nothing of it stays, and the next one begins on a fresh connection."""
        self._on_rollback()
        stale, self._writing = self._writing, None
        if stale is not None:
            self._discard(stale)

    def _discard(self, stale: Connection) -> None:
        try:
            if stale.in_transaction:
                stale.execute("ROLLBACK")
            stale.close()
        except self._driver.errors as error:
            _log.warning("journal_close_failed", error=str(error))

    def _connected(self) -> Connection:
        if self._writing is None:
            self._writing = self._connect(_WRITER_SETTINGS)
        return self._writing

    # -- both --

    def _read(self, call: Callable[[Connection], _Result]) -> _Result:
        try:
            if self._reading is None:
                self._reading = self._connect(_READER_SETTINGS)
            self._reading.execute("BEGIN")
            try:
                return call(self._reading)
            finally:
                if self._reading.in_transaction:
                    self._reading.execute("ROLLBACK")
        except self._driver.errors as error:
            stale, self._reading = self._reading, None
            if stale is not None:
                self._discard(stale)
            raise self._refused(error) from error

    def _connect(self, settings: Sequence[str]) -> Connection:
        connection = self._driver.connect(self._settings.path)
        for setting in settings:
            connection.execute(setting).fetchall()
        return connection

    def _disconnect(self) -> None:
        for connection in (self._reading, self._writing):
            if connection is not None:
                self._discard(connection)
        self._reading = self._writing = None

    def _refused(self, error: Exception) -> JournalError:
        code = self._driver.code(error)
        self.damaged = self.damaged or tells_of_damage(code)
        _log.error("journal_refused", sqlite_code=code, error=str(error))
        return JournalError(f"{type(error).__name__}: {error}")

    def _answer(self, loop: asyncio.AbstractEventLoop, batch: Sequence[_Call]) -> None:
        try:
            loop.call_soon_threadsafe(self._settle, batch)
        except RuntimeError:  # the loop was closed without closing the store: nobody waits any more
            _log.warning("journal_answer_dropped", calls=len(batch))

    def _settle(self, batch: Sequence[_Call]) -> None:
        self._waiting -= len(batch)
        for call in batch:
            _tell(call)


def _tell(call: _Call) -> None:
    if call.future.done():
        return
    if call.error is not None:
        call.future.set_exception(call.error)
    else:
        call.future.set_result(call.value)
