"""Owns what keeps the SQLite store small: sealing, retention, sweeping, purging, erasing. Knows no thread.

Reading and compressing happens beside the commits; what changes rows is one small call each, so that appends of
other rooms come in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import structlog

from collab.store.base import ERASED_ID, ERASED_NAME, DocumentId
from collab.store.driver import Connection, Row, changes, one
from collab.store.journal import drop_snapshots, insert_pack, make_pack
from collab.store.packing import SEALED, SEGMENT_ENTRIES, DamagedPack, PackedEntry
from collab.store.points import erase_author
from collab.store.reading import named_seqs, open_row, pack_rows, snapshot_ages
from collab.store.retention import DAY_MS, Cutoffs, kept_snapshots, log_horizon
from collab.store.schema import SEQ_BITS, pack_key, pack_seq

SEGMENT_BYTES = 4 << 20
"""A segment is closed when it holds so much, compressed or not, however few entries that are."""
_FREE_PAGES_AT_ONCE = 1000
_USED = (
    "SELECT base_hash FROM documents WHERE base_hash IS NOT NULL"
    " UNION SELECT content_hash FROM intents"
    " UNION SELECT base_hash FROM intents WHERE base_hash IS NOT NULL"
)
_log = structlog.get_logger(__name__)


# -- sealing --


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows of one history that become one; `rows` is how many they are, to see that they still stand."""

    history: int
    first_key: int
    last_key: int
    rows: int
    pack: Row
    full: bool

    @property
    def last_seq(self) -> int:
        return pack_seq(self.first_key) + int(self.pack[1]) - 1


def to_seal(connection: Connection) -> Sequence[tuple[int, int]]:
    """(history, seq sealed so far) of the histories with more than one row that is not in a full segment."""
    rows = connection.execute(
        "SELECT h.id, h.sealed_seq FROM histories h WHERE (SELECT count(*) FROM (SELECT 1 FROM packs"
        " WHERE id > ((h.id << ?1) | h.sealed_seq) AND id < ((h.id + 1) << ?1) LIMIT 2)) = 2",
        (SEQ_BITS,),
    ).fetchall()
    return [(int(row[0]), int(row[1])) for row in rows]


def next_segment(connection: Connection, history: int, sealed_seq: int, at_ms: int) -> Segment | None:
    """The next rows to become one: a full segment, or what has lain for a day. None when there is nothing to do."""
    rows: list[Row] = []
    entries: list[PackedEntry] = []
    size = 0
    for row in pack_rows(connection, history, sealed_seq):
        if pack_seq(int(row[0])) <= sealed_seq:
            continue
        try:
            entries += open_row(row)
        except DamagedPack:
            break
        rows.append(row)
        size += len(row[4])
        if len(entries) >= SEGMENT_ENTRIES or size >= SEGMENT_BYTES:
            return _segment(history, rows, entries, full=True)
    is_old = bool(entries) and entries[-1].at_ms < at_ms - DAY_MS
    return _segment(history, rows, entries, full=False) if is_old and len(rows) > 1 else None


def seal(connection: Connection, segment: Segment) -> None:
    """Put a segment in the place of its rows. Raises: SegmentChanged."""
    connection.execute("DELETE FROM packs WHERE id BETWEEN ? AND ?", (segment.first_key, segment.last_key))
    if changes(connection) != segment.rows:
        raise SegmentChanged(f"rows of history {segment.history} changed meanwhile")
    insert_pack(connection, segment.pack)
    if segment.full:
        connection.execute("UPDATE histories SET sealed_seq = ? WHERE id = ?", (segment.last_seq, segment.history))


class SegmentChanged(Exception):
    """The rows of a segment were purged or dropped between reading and sealing; nothing was done."""


def _segment(history: int, rows: Sequence[Row], entries: Sequence[PackedEntry], *, full: bool) -> Segment:
    first, last = int(rows[0][0]), int(rows[-1][0])
    return Segment(history, first, last, len(rows), make_pack(first, entries, sealed=True), full)


# -- retention --


@dataclass(frozen=True, slots=True)
class Retention:
    """What a history may lose now."""

    history: int
    horizon: int
    ages: Sequence[tuple[int, int]]
    keep: set[int]


def to_retain(connection: Connection, cutoffs: Cutoffs) -> Sequence[Retention]:
    """The histories that have something to lose."""
    rows = connection.execute(
        "SELECT h.id, h.dropped_seq, h.id = d.history, h.absorbed_seq"
        " FROM histories h JOIN documents d ON d.id = h.document"
    ).fetchall()
    return [one for row in rows for one in _retention(connection, row, cutoffs)]


def retain(connection: Connection, retention: Retention) -> None:
    """Drop the updates up to the horizon and the snapshots that nobody needs."""
    history, horizon = retention.history, retention.horizon
    _drop_updates(connection, history, horizon)
    drop_snapshots(connection, history, retention.ages, retention.keep)
    connection.execute(
        "UPDATE histories SET dropped_seq = max(dropped_seq, ?1), sealed_seq = max(sealed_seq, ?1) WHERE id = ?2",
        (horizon, history),
    )


def _retention(connection: Connection, row: Row, cutoffs: Cutoffs) -> Iterator[Retention]:
    history, dropped, is_current, absorbed = int(row[0]), int(row[1]), bool(row[2]), row[3]
    ages = snapshot_ages(connection, history)
    horizon = log_horizon(ages, is_current, cutoffs.log_ms)
    if absorbed is not None:
        horizon = min(horizon, int(absorbed))  # what waits to be merged stays
    keep = kept_snapshots(ages, max(horizon, dropped), named_seqs(connection, history), cutoffs.points_ms)
    if horizon > dropped or len(keep) < len(ages):
        yield Retention(history, max(horizon, dropped), ages, keep)


def _drop_updates(connection: Connection, history: int, horizon: int) -> None:
    """Delete the rows up to the horizon; the row that crosses it is cut."""
    crossing = next(pack_rows(connection, history, horizon), None)
    end = pack_key(history + 1, 0) if crossing is None else int(crossing[0])
    connection.execute("DELETE FROM packs WHERE id >= ? AND id < ?", (pack_key(history, 0), end))
    if crossing is None or pack_seq(end) > horizon:
        return
    try:
        entries = open_row(crossing)
    except DamagedPack as error:
        _log.error("journal_row_damaged", history=history, first_seq=pack_seq(end), error=str(error))
        return
    connection.execute("DELETE FROM packs WHERE id = ?", (end,))
    kept = entries[horizon - pack_seq(end) + 1 :]
    if kept:
        key = pack_key(history, horizon + 1)
        insert_pack(connection, make_pack(key, kept, sealed=crossing[2] == SEALED))


# -- sweeping --


def sweep(connection: Connection, at_ms: int) -> None:
    """Drop contents that nobody used twice in a row, and revocations that are over."""
    connection.execute(f"DELETE FROM contents WHERE unused = 1 AND content_hash NOT IN ({_USED})")  # noqa: S608 constant
    connection.execute(f"UPDATE contents SET unused = content_hash NOT IN ({_USED})")  # noqa: S608 constant
    connection.execute("DELETE FROM revocations WHERE expires_ms <= ?", (at_ms,))
    connection.execute("DELETE FROM credentials WHERE expires_ms <= ?", (at_ms,))


def shrink(connection: Connection) -> bool:
    """Give free pages back to the file system, a few at a time; False when there are few left."""
    free, pages = (one(connection, f"PRAGMA {name}") or (0,) for name in ("freelist_count", "page_count"))
    if int(free[0]) * 10 < int(pages[0]) or not free[0]:
        return False
    for _ in range(min(int(free[0]), _FREE_PAGES_AT_ONCE)):
        # The standard library's module takes a single step of this statement, which frees a single page.
        connection.execute("PRAGMA incremental_vacuum(1)").fetchall()
    return True


def empty_log(connection: Connection) -> None:
    """Move everything from the write-ahead log into the file, so that no older page stays behind in it."""
    row = one(connection, "PRAGMA wal_checkpoint(TRUNCATE)")
    if row is not None and row[0]:
        _log.warning("journal_checkpoint_busy", frames=row[1])


# -- purging and erasing --


def purge(connection: Connection, document_id: DocumentId) -> None:
    """Remove a document and everything that is only its own."""
    row = one(connection, "SELECT id FROM documents WHERE document_id = ?", document_id)
    if row is None:
        return
    number = int(row[0])
    for (history,) in connection.execute("SELECT id FROM histories WHERE document = ?", (number,)).fetchall():
        first, behind = pack_key(history, 0), pack_key(history + 1, 0)
        connection.execute("DELETE FROM packs WHERE id >= ? AND id < ?", (first, behind))
        connection.execute("DELETE FROM snapshots WHERE id >= ? AND id < ?", (first, behind))
        connection.execute("DELETE FROM points WHERE id >= ? AND id < ?", (first, behind))
        connection.execute("DELETE FROM history_authors WHERE history = ?", (history,))
    connection.execute("DELETE FROM histories WHERE document = ?", (number,))
    connection.execute("DELETE FROM intents WHERE document = ?", (number,))
    connection.execute("DELETE FROM quarantine WHERE document = ?", (document_id,))
    connection.execute("DELETE FROM shares WHERE document = ?", (document_id,))
    connection.execute("DELETE FROM credentials WHERE document = ?", (document_id,))
    connection.execute("DELETE FROM documents WHERE id = ?", (number,))
    connection.execute("DELETE FROM authors WHERE id NOT IN (SELECT author FROM history_authors)")


def erase_person(connection: Connection, author_id: str) -> set[int]:
    """Take a person's id and name out; returns the numbers under which packs know them."""
    rows = connection.execute("SELECT id FROM authors WHERE author_id = ?", (author_id,)).fetchall()
    connection.execute(
        "UPDATE authors SET author_id = ?, name = ? WHERE author_id = ?", (ERASED_ID, ERASED_NAME, author_id)
    )
    connection.execute("UPDATE shares SET created_by = ? WHERE created_by = ?", (ERASED_ID, author_id))
    connection.execute("DELETE FROM credentials WHERE holder = ?", (author_id,))
    erase_author(connection, author_id)
    return {int(row[0]) for row in rows}


def count_entries(connection: Connection, authors: set[int]) -> int:
    """How many kept entries those authors wrote."""
    rows = connection.execute("SELECT history, author FROM history_authors").fetchall()
    histories = {int(history) for history, author in rows if author in authors}
    return sum(_count(connection, history, authors) for history in histories)


def _count(connection: Connection, history: int, authors: set[int]) -> int:
    total = 0
    for row in pack_rows(connection, history, 0):
        try:
            total += sum(entry.author in authors for entry in open_row(row))
        except DamagedPack as error:
            _log.error("journal_row_damaged", history=history, first_seq=pack_seq(int(row[0])), error=str(error))
    return total
