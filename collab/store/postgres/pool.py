"""Owns the connections of the PostgreSQL store and the two kinds of calls on them: read, write. Knows no statement.

Every call has a time limit of its own, whatever the server or the network between does: a connection that does not
answer in time is cut off and never used again. When a commit was sent and no answer came, the server is asked for the
fate of that transaction, so that a call has happened or has not.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import structlog

from collab.errors import JournalError
from collab.store.postgres.driver import (
    ERRORS,
    RETRIED,
    Connection,
    ConnectionPool,
    Target,
    check_server,
    connect,
    is_away,
    open_pool,
    without_password,
)
from collab.store.postgres.schema import migrate

_Result = TypeVar("_Result")
_log = structlog.get_logger(__name__)

_ATTEMPTS = 4
"""So often a transaction that lost against another one is tried."""
_LONG_S = 24 * 3600.0
_SLOW_CALLS = 30
"""Maintenance may take so many times as long as a call of a room."""


class Unresolved(JournalError):
    """The database went away at a commit, and it cannot be asked yet what became of it."""

    def __init__(self, xid: str, detail: str) -> None:
        super().__init__(detail)
        self.xid = xid


class Pool:
    """The connections to one database."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._pool: ConnectionPool | None = None

    @property
    def is_open(self) -> bool:
        return self._pool is not None

    async def open(self) -> None:
        """Connect, look what is there, migrate. Raises: JournalError, ConfigError."""
        limit_s = self._target.timeout_s
        try:
            async with asyncio.timeout(limit_s * _SLOW_CALLS):
                connection = await connect(self._target)
                try:
                    await check_server(connection)
                    await connection.execute("SET statement_timeout = 0")
                    await connection.execute("SET lock_timeout = 0")
                    await migrate(connection, self._target.schema)
                finally:
                    connection.terminate()
                self._pool = await open_pool(self._target)
        except ERRORS as error:
            raise self.refused(error) from error

    async def close(self) -> None:
        """May be called twice. Connections that do not answer are cut off."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            async with asyncio.timeout(self._target.timeout_s):
                await pool.close()
        except ERRORS:
            pool.terminate()

    @asynccontextmanager
    async def connection(self, limit_s: float | None = None) -> AsyncIterator[Connection]:
        """A connection for one call; when the time is over it is cut off, which ends whatever waits on it.

        Raises: what the block raises, ERRORS, JournalError.
        """
        pool, limit_s = self._pool, limit_s or self._target.timeout_s
        if pool is None:
            raise JournalError("the store is not open")
        taken = await pool.acquire(timeout=self._target.timeout_s)
        cut = asyncio.get_running_loop().call_later(limit_s, taken.terminate)
        try:
            yield taken
        except ERRORS as error:
            if asyncio.get_running_loop().time() >= cut.when():
                raise TimeoutError from error
            if is_away(error):
                taken.terminate()
            raise
        finally:
            cut.cancel()
            await _give_back(pool, taken)

    @asynccontextmanager
    async def alone(self, lock: int) -> AsyncIterator[bool]:
        """Whether an advisory lock is ours for the block; who dies in it gives it back. Raises: JournalError."""
        try:
            async with self.connection(_LONG_S) as connection:
                had = bool(await connection.fetchval("SELECT pg_try_advisory_lock($1)", lock))
                try:
                    yield had
                finally:
                    if had:
                        await connection.fetchval("SELECT pg_advisory_unlock($1)", lock)
        except ERRORS as error:
            raise self.refused(error) from error

    @asynccontextmanager
    async def long_view(self) -> AsyncIterator[Connection]:
        """One consistent view for as long as a backup takes. Raises: JournalError, what the block raises."""
        try:
            async with self.connection(_LONG_S) as connection:
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    await connection.execute("SET LOCAL statement_timeout = 0")
                    await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
                    yield connection
        except ERRORS as error:
            raise self.refused(error) from error

    async def read(self, call: Callable[[Connection], Awaitable[_Result]]) -> _Result:
        """Run a call on one consistent view of what is committed. Raises: JournalError, what the call raises."""
        try:
            async with self.connection() as connection:
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    return await call(connection)
        except ERRORS as error:
            raise self.refused(error) from error

    async def glance(self, call: Callable[[Connection], Awaitable[_Result]]) -> _Result:
        """Run a call of a single statement. Raises: JournalError, what the call raises."""
        try:
            async with self.connection() as connection:
                return await call(connection)
        except ERRORS as error:
            raise self.refused(error) from error

    async def write(self, call: Callable[[Connection], Awaitable[_Result]], *, slow: bool = False) -> _Result:
        """Run a call in a transaction of its own; returns when it is durable.

        Raises: JournalError (nothing has happened, or for `Unresolved` it is not known), what the call raises.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await self._write_once(call, slow)
            except RETRIED as error:
                if attempt == _ATTEMPTS:
                    raise self.refused(error) from error
            except ERRORS as error:
                raise self.refused(error) from error
        raise JournalError("not reached")

    async def _write_once(self, call: Callable[[Connection], Awaitable[_Result]], slow: bool) -> _Result:
        xid: str | None = None
        try:
            async with self.connection(self._target.timeout_s * (_SLOW_CALLS if slow else 1)) as connection:
                async with connection.transaction():
                    if slow:
                        await connection.execute("SET LOCAL statement_timeout = 0")
                    result = await call(connection)
                    xid = await connection.fetchval("SELECT pg_current_xact_id_if_assigned()::text")
                return result
        except ERRORS as error:
            if xid is None or not is_away(error):
                raise
            if await self.landed(xid, self.refused(error)):
                return result
            raise

    async def landed(self, xid: str, reason: JournalError) -> bool:
        """Whether a transaction whose commit got no answer has happened. Raises: Unresolved (cannot be told now)."""
        try:
            async with self.connection() as connection:
                for _ in range(_ATTEMPTS):
                    status = await connection.fetchval("SELECT pg_xact_status($1::text::xid8)", xid)
                    if status != "in progress":
                        _log.warning("commit_resolved", status=status)
                        return bool(status == "committed")
                    await connection.execute(_END_ITS_SESSION, xid)
                    await asyncio.sleep(0.1)
        except ERRORS as error:
            raise Unresolved(xid, f"{reason}; then {self.refused(error)}") from error
        raise Unresolved(xid, str(reason))

    def refused(self, error: Exception) -> JournalError:
        """The error of a database that refused or is away, as ours."""
        if isinstance(error, TimeoutError):
            text = f"no answer in {self._target.timeout_s:g} s"
        else:
            text = without_password(f"{type(error).__name__}: {error}", self._target)
        _log.error("journal_refused", error=text)
        return JournalError(text)


_END_ITS_SESSION = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE backend_xid = ($1::text::xid8)::xid AND pid <> pg_backend_pid()
"""


async def _give_back(pool: ConnectionPool, taken: Connection) -> None:
    """A connection that is cut off or does not come to rest is dropped by the pool."""
    try:
        await pool.release(taken)
    except ERRORS:
        taken.terminate()
