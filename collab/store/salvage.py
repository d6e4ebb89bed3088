"""Owns what can still be read of a damaged journal file: row by row, around the holes. Knows only tables.

Every row that carries a checksum or a hash must match it. A history whose registry row is lost gets a new name, so
that its numbers are not given away again; its clients are told that the history changed.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

import structlog

from collab.store import packing
from collab.store.base import ContentHash, hash_content
from collab.store.driver import Connection, Driver, Row, one
from collab.store.graft import graft_schema
from collab.store.packing import DamagedPack
from collab.store.reading import open_row
from collab.store.schema import SEQ_BITS

TABLES = (
    "documents",
    "histories",
    "authors",
    "nodes",
    "history_authors",
    "packs",
    "snapshots",
    "points",
    "contents",
    "intents",
    "quarantine",
    "shares",
    "revocations",
    "keys",
    "credentials",
)
_MOST_RANGES = 5_000
"""So many ranges of one table are tried before the rest of it is given up."""
_MOST_EMPTY_RANGES = 200
"""So many when not a single row was found."""
_ROWS_AT_ONCE = 200
_LOWEST, _HIGHEST = -(1 << 62), 1 << 62
_log = structlog.get_logger(__name__)


def salvage(source: Path, empty: Path, target: Connection, driver: Driver) -> dict[str, int]:
    """Copy what can be read into a new, empty store; returns how many rows of each table came over.

    `source` is a copy that may be changed, `empty` a file of the current schema without rows.
    """
    if not _lists_its_tables(source, driver):
        _log.error("salvage_grafts_schema", source=str(source))
        graft_schema(source, empty)
    connection = driver.connect(source)
    try:
        connection.execute("PRAGMA writable_schema=ON").fetchall()  # or a file that was cut short is not read at all
        counts = {table: _copy_table(connection, target, driver, table) for table in TABLES}
        return counts | {"renamed_histories": _name_lost_histories(target)}
    finally:
        connection.close()


def _lists_its_tables(source: Path, driver: Driver) -> bool:
    connection = driver.connect(source)
    try:
        connection.execute("PRAGMA writable_schema=ON").fetchall()
        return one(connection, "SELECT count(*) FROM sqlite_schema WHERE name = 'packs'") == (1,)
    except driver.errors:
        return False
    finally:
        connection.close()


def _copy_table(source: Connection, target: Connection, driver: Driver, table: str) -> int:
    columns = [row[1] for row in target.execute(f"PRAGMA table_info({table})").fetchall()]
    try:
        known = {row[1] for row in source.execute(f"PRAGMA table_info({table})").fetchall()}
    except driver.errors as error:
        _log.error("salvage_table_lost", table=table, error=str(error))
        return 0
    columns = [column for column in columns if column in known]
    if not columns:
        return 0
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    insert = f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 names are the schema's
    count = 0
    target.execute("BEGIN IMMEDIATE")
    for row in _Table(source, driver, table, names).rows():
        if _CHECKS.get(table, _is_anything)(row) and _insert(target, driver, insert, row):
            count += 1
    target.execute("COMMIT")
    return count


def _insert(target: Connection, driver: Driver, insert: str, row: Row) -> bool:
    try:
        target.execute(insert, row)
    except driver.errors as error:
        _log.warning("salvage_row_refused", error=str(error))
        return False
    return True


class _Table:
    """The readable rows of a table, whose damaged pages are narrowed down by halving."""

    def __init__(self, connection: Connection, driver: Driver, table: str, names: str) -> None:
        self._connection = connection
        self._driver = driver
        self._key = "history" if table == "history_authors" else "rowid"
        self._sql = f"SELECT {self._key}, {names} FROM {table} WHERE {self._key}"  # noqa: S608 names are the schema's

    def rows(self) -> Iterator[Row]:
        """Every row that can be read; the widest unread range is tried first."""
        ranges = deque([(_LOWEST, _HIGHEST)])
        found = 0
        for attempt in range(_MOST_RANGES):
            if not ranges or (attempt >= _MOST_EMPTY_RANGES and not found):
                break
            low, high = ranges.popleft()
            for row in self._ends(low, high, ranges):
                found += 1
                yield row
        if ranges:
            _log.error("salvage_ranges_given_up", statement=self._sql, ranges=len(ranges))

    def _ends(self, low: int, high: int, ranges: deque[tuple[int, int]]) -> Iterator[Row]:
        """Rows from both ends of a range; the halves of what lies between are left to try."""
        low = yield from self._ascend(low, high)
        high = yield from self._descend(low, high)
        if low < high:
            middle = (low + high) // 2
            ranges += [(low, middle), (middle + 1, high)]

    def _ascend(self, low: int, high: int) -> Generator[Row, None, int]:
        """Rows from below up to the first that cannot be read; returns where the unread rest begins."""
        limit = _ROWS_AT_ONCE
        sql = f"{self._sql} BETWEEN ? AND ? ORDER BY {self._key} LIMIT ?"
        while low <= high:
            try:
                rows = self._connection.execute(sql, (low, high, limit)).fetchall()
            except self._driver.errors:
                if limit == 1:
                    return low
                limit = 1
                continue
            if not rows:
                return high + 1
            for row in rows:
                yield from self._all_of(row)
            low = int(rows[-1][0]) + 1
        return low

    def _descend(self, low: int, high: int) -> Generator[Row, None, int]:
        """Rows from above down to the first that cannot be read; returns where the unread rest ends."""
        while low <= high:
            try:
                row = one(self._connection, f"{self._sql} BETWEEN ? AND ? ORDER BY {self._key} DESC LIMIT 1", low, high)
            except self._driver.errors:
                return high
            if row is None:
                return low - 1
            yield from self._all_of(row)
            high = int(row[0]) - 1
        return high

    def _all_of(self, row: Row) -> Sequence[Row]:
        """The row, or all that share its key where the key is not unique."""
        if self._key == "rowid":
            return [row[1:]]
        try:
            return [one[1:] for one in self._connection.execute(f"{self._sql} = ?", (row[0],)).fetchall()]
        except self._driver.errors:
            return []


def _name_lost_histories(target: Connection) -> int:
    lost = target.execute(
        "SELECT history FROM (SELECT history FROM documents UNION SELECT id >> ?1 FROM packs"
        " UNION SELECT id >> ?1 FROM snapshots)"
        " WHERE history IS NOT NULL AND history NOT IN (SELECT id FROM histories)",
        (SEQ_BITS,),
    ).fetchall()
    for (history,) in lost:
        owner = one(target, "SELECT id FROM documents WHERE history = ?", history) or (0,)
        target.execute(
            "INSERT INTO histories (id, history_id, document, created_ms) VALUES (?, ?, ?, 0)",
            (history, uuid.uuid4().hex, owner[0]),
        )
    return len(lost)


# -- which rows are whole --


def _is_anything(row: Row) -> bool:
    return True


def _is_pack(row: Row) -> bool:
    try:
        open_row(row)
    except (DamagedPack, TypeError):
        return False
    return True


def _is_snapshot(row: Row) -> bool:
    key, _, checksum, state = row
    return isinstance(state, bytes) and packing.checksum(key, state) == checksum


def _is_content(row: Row) -> bool:
    content = row[-1]
    return isinstance(content, bytes) and hash_content(content) == ContentHash(row[1])


_CHECKS: dict[str, Callable[[Row], bool]] = {"packs": _is_pack, "snapshots": _is_snapshot, "contents": _is_content}
