"""Owns the group commit of the PostgreSQL store: appends that wait together share one transaction.

One transaction at a time in each process; while it is on its way the next ones gather. A commit that got no answer is
looked into before anything else is appended, so that nothing is journalled twice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from collab.errors import CollabError, InternalError, JournalError
from collab.store.postgres.appending import Append, Batch, Landed, Place
from collab.store.postgres.driver import ERRORS, RETRIED, concerns_one_call, is_away
from collab.store.postgres.numbers import Numbers
from collab.store.postgres.pool import Pool, Unresolved

_AT_ONCE = 2_000
"""So many calls share a transaction at most."""
_BYTES_AT_ONCE = 32 << 20
_ATTEMPTS = 4


@dataclass(slots=True, eq=False)
class _Waiting:
    append: Append
    future: asyncio.Future[int]

    @property
    def size_bytes(self) -> int:
        return sum(len(entry.update) for entry in self.append.entries)


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A transaction of which is not known whether it happened."""

    xid: str
    calls: Sequence[Append]


class Committer:
    """Takes appends from any task; its own task commits them."""

    def __init__(self, pool: Pool, numbers: Numbers, delay_s: float, queued_calls: int) -> None:
        self._pool = pool
        self._numbers = numbers
        self._delay_s = delay_s
        self._queued_calls = queued_calls
        self._queue: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self._doubts: deque[_Doubt] = deque()
        self._landed: dict[Place, Landed] = {}

    def start(self) -> None:
        """Begin to commit."""
        self._closing = False
        self._task = asyncio.get_running_loop().create_task(self._work(), name="journal: commit")

    async def stop(self) -> None:
        """Commit what is queued and end; may be called twice."""
        task, self._task = self._task, None
        if task is not None:
            self._closing = True
            self._wake.set()
            await task

    async def append(self, append: Append) -> int:
        """The last seq, once it is durable. Raises: HistoryChanged, LeaseLost, JournalError."""
        if self._task is None or self._task.done():
            raise JournalError("the store is not open")
        if len(self._queue) >= self._queued_calls:
            raise JournalError("limit queued_calls exceeded: the database is too slow")
        waiting = _Waiting(append, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._wake.set()
        return await waiting.future

    async def _work(self) -> None:
        while True:
            await self._wake.wait()
            if self._queue and not self._closing and self._delay_s:
                await asyncio.sleep(self._delay_s)
            batch = self._next_batch()
            if batch:
                await self._settle(batch)
            elif self._closing:
                return
            else:
                self._wake.clear()

    def _next_batch(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        size = 0
        while (
            self._queue and len(batch) < _AT_ONCE and (not batch or size + self._queue[0].size_bytes < _BYTES_AT_ONCE)
        ):
            waiting = self._queue.popleft()
            if not waiting.future.done():
                batch.append(waiting)
                size += waiting.size_bytes
        return batch

    async def _settle(self, batch: Sequence[_Waiting]) -> None:
        """Commit a batch and answer everybody in it."""
        calls = [waiting.append for waiting in batch]
        failed: CollabError | None = InternalError("commit")
        try:
            await self._look_into_doubts()
            await self._commit(calls)
            failed = None
        except JournalError as error:
            failed = error
        finally:
            for waiting in batch:
                _answer(waiting, failed or waiting.append.error)

    async def _commit(self, calls: Sequence[Append]) -> None:
        """Raises: JournalError (of all; nothing has happened, or is in doubt)."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await self._commit_once(calls)
            except RETRIED as error:
                if attempt == _ATTEMPTS:
                    raise self._pool.refused(error) from error
            except ERRORS as error:
                self._numbers.forget()
                if not concerns_one_call(error):
                    raise self._pool.refused(error) from error
                return await self._commit_apart(calls, error)

    async def _commit_apart(self, calls: Sequence[Append], error: Exception) -> None:
        """The values of one call were refused: the others are not to suffer from it."""
        if len(calls) == 1:
            raise self._pool.refused(error) from error
        for call in calls:
            try:
                await self._commit([call])
            except JournalError as own:
                call.error = own

    async def _commit_once(self, calls: Sequence[Append]) -> None:
        batch = Batch(calls, self._numbers, self._landed)
        try:
            async with self._pool.connection() as connection:
                await batch.learn(connection)
                async with connection.transaction():
                    await batch.write(connection)
        except ERRORS as error:
            if not batch.xid or not is_away(error):
                raise
            await self._resolve(batch, error)
        for call in calls:
            self._landed.pop(call.place, None)

    async def _resolve(self, batch: Batch, error: Exception) -> None:
        """The commit may have happened. Returns when it has. Raises: JournalError when not, or when it is in doubt."""
        reason = self._pool.refused(error)
        try:
            if not await self._pool.landed(batch.xid, reason):
                raise reason
        except Unresolved:
            self._doubts.append(_Doubt(batch.xid, batch.calls))
            raise

    async def _look_into_doubts(self) -> None:
        """Raises: JournalError while the database cannot tell."""
        while self._doubts:
            doubt = self._doubts[0]
            if await self._pool.landed(doubt.xid, JournalError("a commit is in doubt")):
                for call in doubt.calls:
                    if call.seq:
                        self._landed[call.place] = _joined(self._landed.get(call.place), call)
            self._doubts.popleft()


def _joined(before: Landed | None, call: Append) -> Landed:
    """A document may have had several calls in one transaction."""
    earlier = [] if before is None else list(before.entries)
    return Landed([*earlier, *call.entries], call.seq)


def _answer(waiting: _Waiting, error: CollabError | None) -> None:
    if waiting.future.done():
        return
    if error is None:
        waiting.future.set_result(waiting.append.seq)
    else:  # an object of its own for everybody who gets it: a traceback belongs to one
        waiting.future.set_exception(
            type(error)(str(error)) if type(error) is not Unresolved else JournalError(str(error))
        )
