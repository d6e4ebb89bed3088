"""Owns the way of a whole store between PostgreSQL and the file of the embedded store, row by row, in both directions.

So there is one kind of backup, each store restores the other's, and moving from one to the other is a backup and a
restore. The packs are the same bytes in both; their checksums name where they stand, so they are made anew, and a row
that is damaged stays so.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from collab.errors import ConfigError, JournalError
from collab.store import datafile, packing, schema
from collab.store.driver import Connection as FileConnection
from collab.store.driver import SqliteModule
from collab.store.postgres.driver import Connection
from collab.store.postgres.pool import Pool
from collab.store.postgres.rows import checksum_of

_AT_ONCE = 200
PLAIN: Mapping[str, str] = {
    "documents": "id, document_id, door, external_id, kind, history, lock_id, created_ms, base_version, base_hash,"
    " base_seq, base_state_vector, base_at_ms, seen_ms, name",
    "histories": "id, history_id, document, created_ms, dropped_seq, sealed_seq, retired_seq, absorbed_seq,"
    " retired_vector",
    "authors": "id, author_id, name",
    "nodes": "id, name",
    "history_authors": "history, author",
    "intents": "id, document, content_hash, seq, state_vector, if_version, base_hash, at_ms",
    "quarantine": "id, document, history, seq, connection, content, reason, at_ms",
    "shares": "share_id, document, secret_digest, role, created_by, created_ms, expires_ms, revoked_ms",
    "revocations": "subject, expires_ms",
    "keys": "name, value",
    "credentials": "document, holder, sealed, expires_ms, kept_ms",
}
"""Tables that are the same in both, in an order in which references hold."""
KEYED: Mapping[str, str] = {
    "packs": "entries, form, checksum, body",
    "snapshots": "at_ms, checksum, state",
    "points": "name, author_id, author_name, named_ms",
}
"""Tables whose rows stand under a history and a seq: two columns there, one number in the file."""
_SEQ = {"packs": "first_seq", "snapshots": "seq", "points": "seq"}


async def export(pool: Pool, target: Path) -> None:
    """Write a new file of the embedded store as of one moment. Raises: ConfigError (there is a file), JournalError."""
    driver = SqliteModule()
    if await asyncio.to_thread(target.exists):
        raise ConfigError(f"{target} exists already; a backup never overwrites.")
    try:
        with TemporaryDirectory(prefix=".backup-", dir=target.parent) as folder:
            part = Path(folder) / datafile.FILE_NAME
            file = await asyncio.to_thread(_new_file, part)
            try:
                async with pool.long_view() as connection:
                    await _Export(connection, file).run()
            finally:
                await asyncio.to_thread(file.close)
            await asyncio.to_thread(datafile.back_up, part, target, driver)
    except driver.errors as error:
        raise JournalError(f"the backup could not be written: {error}") from error
    except OSError as error:
        raise JournalError(f"the backup could not be written: {error}") from error


def _new_file(path: Path) -> FileConnection:
    file = SqliteModule().connect(path)
    schema.prepare(file)
    schema.migrate(file)
    return file


@dataclass(slots=True)
class _Export:
    connection: Connection
    file: FileConnection
    numbers: dict[int, int] = field(default_factory=dict)
    """A history's number there -> in the file, where numbers are shorter."""

    async def run(self) -> None:
        rows = await self.connection.fetch("SELECT id FROM histories ORDER BY id")
        self.numbers = {int(row[0]): place for place, row in enumerate(rows, 1)}
        for table, columns in PLAIN.items():
            await self._copy(table, columns)
        for table, columns in KEYED.items():
            await self._copy(table, f"history, {_SEQ[table]}, {columns}")
        await self._copy("contents", "content_hash, unused, content")

    async def _copy(self, table: str, columns: str) -> None:
        async for rows in _pages(self.connection, table, columns):
            made = [self._row(table, columns, tuple(row)) for row in rows]
            await asyncio.to_thread(_insert, self.file, table, columns, made)

    def _row(self, table: str, columns: str, row: tuple[Any, ...]) -> tuple[Any, ...]:
        if table in KEYED:
            return self._keyed(table, row)
        if table == "contents":
            return (row[0], int(row[1]), row[2])
        names = columns.split(", ")
        if table == "histories":
            return (self.numbers[row[0]], *row[1:])
        if "history" in names:
            at = names.index("history")
            return (*row[:at], self.numbers.get(row[at]), *row[at + 1 :])
        return row

    def _keyed(self, table: str, row: tuple[Any, ...]) -> tuple[Any, ...]:
        history, seq, *rest = row
        key = schema.pack_key(self.numbers[history], seq)
        if table == "points":
            return (key, *rest)
        *head, checksum, body = rest
        sound = checksum_of(history, seq, body) == checksum
        return (key, *head, packing.checksum(key, body) ^ (not sound), body)


def _insert(file: FileConnection, table: str, columns: str, rows: Sequence[tuple[Any, ...]]) -> None:
    names = f"id, {KEYED[table]}" if table in KEYED else columns
    marks = ", ".join("?" * len(names.split(", ")))
    file.execute("BEGIN")
    for row in rows:
        file.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", row)  # noqa: S608 constant
    file.execute("COMMIT")


async def _pages(connection: Connection, table: str, columns: str) -> AsyncIterator[Sequence[Any]]:
    """All rows of a table, a few at a time."""
    cursor = f"export_{table}"
    await connection.execute(f"DECLARE {cursor} NO SCROLL CURSOR FOR SELECT {columns} FROM {table}")  # noqa: S608
    while rows := await connection.fetch(f"FETCH {_AT_ONCE} FROM {cursor}"):
        yield rows
    await connection.execute(f"CLOSE {cursor}")


# -- the other way --


async def restore(pool: Pool, source: Path) -> None:
    """Fill an empty schema from a backup, all in one transaction. Raises: ConfigError, JournalError."""
    driver = SqliteModule()
    await asyncio.to_thread(datafile.check_copy, source, driver)
    with TemporaryDirectory(prefix="collab-") as folder:
        copy = Path(folder) / datafile.FILE_NAME
        await asyncio.to_thread(shutil.copyfile, source, copy)
        try:
            file = await asyncio.to_thread(driver.connect, copy)
            try:
                await asyncio.to_thread(schema.migrate, file)
                await pool.write(_Restore(file).run, slow=True)
            finally:
                file.close()
        except driver.errors as error:
            raise ConfigError(f"{source} cannot be read: {error}") from None


@dataclass(slots=True)
class _Restore:
    file: FileConnection

    async def run(self, connection: Connection) -> None:
        """Raises: ConfigError (there is something already)."""
        await connection.execute("LOCK TABLE documents IN EXCLUSIVE MODE")
        for table in ("documents", "keys", "shares", "contents"):
            if await connection.fetchval(f"SELECT 1 FROM {table} LIMIT 1"):  # noqa: S608 constant
                raise ConfigError("The database holds documents already; restore into an empty one or another schema.")
        for table, columns in PLAIN.items():
            there = f"{columns}, is_current" if table == "histories" else columns
            await self._copy(connection, table, there, f"SELECT {columns} FROM {table}")  # noqa: S608 constant
        for table, columns in KEYED.items():
            there = f"history, {_SEQ[table]}, {columns}"
            known = f"id >> {schema.SEQ_BITS} IN (SELECT id FROM histories)"  # noqa: S608 constant
            await self._copy(connection, table, there, f"SELECT id, {columns} FROM {table} WHERE {known}")  # noqa: S608
        columns = "content_hash, unused, content"
        await self._copy(connection, "contents", columns, f"SELECT {columns} FROM contents")  # noqa: S608 constant
        for statement in _SETTLE:
            await connection.execute(statement)

    async def _copy(self, connection: Connection, table: str, columns: str, query: str) -> None:
        marks = ", ".join(f"${number}" for number in range(1, columns.count(",") + 2))
        insert = f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE VALUES ({marks})"  # noqa: S608 constant
        offset = 0
        while rows := await asyncio.to_thread(self._page, query, offset):
            await connection.executemany(insert, [_back(table, row) for row in rows])
            offset += len(rows)

    def _page(self, query: str, offset: int) -> list[tuple[Any, ...]]:
        return self.file.execute(f"{query} ORDER BY 1 LIMIT {_AT_ONCE} OFFSET {offset}").fetchall()


def _back(table: str, row: tuple[Any, ...]) -> tuple[Any, ...]:
    if table == "contents":
        return (row[0], bool(row[1]), row[2])
    if table == "histories":
        return (*row, False)  # until all are there
    if table not in KEYED:
        return row
    key, *rest = row
    history, seq = schema.pack_history(key), schema.pack_seq(key)
    if table == "points":
        return (history, seq, *rest)
    *head, checksum, body = rest
    sound = packing.checksum(key, body) == checksum
    return (history, seq, *head, checksum_of(history, seq, body) ^ (not sound), body)


_SETTLE = (
    "UPDATE histories h SET is_current = (h.id = d.history) FROM documents d WHERE d.id = h.document",
    """
    UPDATE histories h SET last_seq = greatest(
        h.dropped_seq,
        coalesce((SELECT max(first_seq + entries - 1) FROM packs WHERE history = h.id), 0),
        coalesce((SELECT max(seq) FROM snapshots WHERE history = h.id), 0)
    )
    """,
    *(
        f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM {table}), false)"  # noqa: S608 constant
        for table in ("documents", "histories", "authors", "nodes", "intents", "quarantine")
    ),
)
