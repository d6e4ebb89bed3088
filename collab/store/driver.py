"""Owns how SQLite is reached: the standard library's module behind two small protocols, and what its errors mean.

Tests reach the same SQL through another SQLite binding whose file layer they control.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

Row = tuple[Any, ...]  # what a column holds is known to the statement, not to the type checker
SqlValue = int | float | str | bytes | None

_OWN_FAULT = frozenset(
    {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH}
    | {sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_RANGE}
)
"""Result codes that speak of one statement; all others speak of the disk or of the whole transaction."""
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class Cursor(Protocol):
    """What a statement gave."""

    def fetchall(self) -> list[Row]: ...


class Connection(Protocol):
    """One connection in autocommit mode."""

    @property
    def in_transaction(self) -> bool: ...

    def execute(self, sql: str, parameters: Sequence[SqlValue] = ..., /) -> Cursor: ...

    def close(self) -> None: ...


class Driver(Protocol):
    """A way to open SQLite files."""

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """The base classes of what its connections raise."""
        ...

    def connect(self, path: Path) -> Connection: ...

    def code(self, error: Exception) -> int:
        """SQLite's primary result code."""
        ...


class SqliteModule:
    """The standard library's sqlite3."""

    errors: tuple[type[Exception], ...] = (sqlite3.Error,)

    def connect(self, path: Path) -> Connection:
        return sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)

    def code(self, error: Exception) -> int:
        return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE)) & 0xFF


def concerns_one_call(code: int) -> bool:
    """The statement itself was wrong; others of its transaction may go on."""
    return code in _OWN_FAULT


def tells_of_damage(code: int) -> bool:
    """The file is not what SQLite wrote."""
    return code in _DAMAGE


def one(connection: Connection, sql: str, *parameters: SqlValue) -> Row | None:
    """The first row; the statement is finished afterwards and holds no read transaction open."""
    rows = connection.execute(sql, parameters).fetchall()
    return rows[0] if rows else None


def changes(connection: Connection) -> int:
    """How many rows the last statement changed."""
    row = one(connection, "SELECT changes()")
    return int(row[0]) if row else 0
