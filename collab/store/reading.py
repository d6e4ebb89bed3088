"""Owns how a history is read back: heads, packs, snapshots. Knows SQL and packs, no thread and no document.

A damaged row costs itself only: it is named in the log and left out, and a damaged snapshot gives way to the one
before it, whose updates are still there.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import structlog

from collab.store import packing
from collab.store.base import (
    DocumentId,
    HistoryId,
    JournalEntry,
    Position,
    Since,
    Snapshot,
    StoredHistory,
    StoredUpdate,
)
from collab.store.driver import Connection, Row, one
from collab.store.packing import DamagedPack, PackedEntry
from collab.store.schema import pack_key, pack_seq

_ROWS_AT_ONCE = 64
_PACKED_RATIO = 3
"""How much larger than its packed form a snapshot is taken to be."""
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Head:
    """Where a document's current history stands."""

    history: int
    history_id: HistoryId
    last_seq: int


def open_row(row: Row) -> list[PackedEntry]:
    """The entries of a row (id, entries, form, checksum, body). Raises: DamagedPack."""
    key, count, form, checksum, body = row
    if packing.checksum(key, body) != checksum:
        raise DamagedPack("the checksum does not match")
    entries = packing.open_pack(form, body)
    if len(entries) != count:
        raise DamagedPack(f"{len(entries)} entries where {count} were written")
    return entries


def pack_rows(connection: Connection, history: int, after_seq: int) -> Iterator[Row]:
    """The rows that hold what stands behind a seq, in order, read a few at a time."""
    first = one(
        connection,
        "SELECT max(id) FROM packs WHERE id BETWEEN ? AND ?",
        pack_key(history, 0),
        pack_key(history, after_seq + 1),
    )
    key = pack_key(history, 0) if first is None or first[0] is None else int(first[0])
    while True:
        rows = connection.execute(
            "SELECT id, entries, form, checksum, body FROM packs WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
            (key, pack_key(history + 1, 0), _ROWS_AT_ONCE),
        ).fetchall()
        yield from rows
        if len(rows) < _ROWS_AT_ONCE:
            return
        key = int(rows[-1][0]) + 1


def _entries_behind(connection: Connection, history: int, after_seq: int) -> Iterator[tuple[int, PackedEntry | None]]:
    """(seq, entry) in order; None where a row is damaged or missing."""
    expected = after_seq + 1
    for row in pack_rows(connection, history, after_seq):
        first = pack_seq(int(row[0]))
        if first > expected:
            _log.error("journal_rows_missing", history=history, first_seq=expected, entries=first - expected)
            yield expected, None
        expected = first + int(row[1])
        try:
            entries = open_row(row)
        except DamagedPack as error:
            _log.error("journal_row_damaged", history=history, first_seq=first, entries=row[1], error=str(error))
            yield first, None
            continue
        yield from ((seq, entry) for seq, entry in enumerate(entries, first) if seq > after_seq)


def size_bytes(connection: Connection, document_id: DocumentId) -> int:
    """About how large the document is: as its stored file, or as its snapshot unpacked and what came behind it."""
    head = find_head(connection, document_id, None)
    if head is None:
        return 0
    first, behind = pack_key(head.history, 0), pack_key(head.history + 1, 0)
    snapshot = one(
        connection,
        "SELECT id, length(state) FROM snapshots WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT 1",
        first,
        behind,
    )
    since, packed = (first, 0) if snapshot is None else (int(snapshot[0]), int(snapshot[1]))
    updates = one(connection, "SELECT total(length(body)) FROM packs WHERE id > ? AND id < ?", since, behind)
    stored = one(
        connection,
        "SELECT length(c.content) FROM documents d JOIN contents c ON c.content_hash = d.base_hash"
        " WHERE d.document_id = ?",
        document_id,
    )
    replayed = packed * _PACKED_RATIO + int(updates[0] if updates else 0)
    return max(replayed, int(stored[0]) if stored else 0)


def find_head(connection: Connection, document_id: DocumentId, history_id: HistoryId | None) -> Head | None:
    """Where a history of the document stands; the current one by default."""
    row = one(
        connection,
        "SELECT h.id, h.history_id, h.dropped_seq FROM documents d JOIN histories h ON h.document = d.id"
        " WHERE d.document_id = ?1 AND (h.history_id = ?2 OR ?2 IS NULL AND h.id = d.history)",
        document_id,
        history_id,
    )
    if row is None:
        return None
    history, dropped = int(row[0]), int(row[2])
    last = one(
        connection,
        "SELECT id, entries FROM packs WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT 1",
        pack_key(history, 0),
        pack_key(history + 1, 0),
    )
    last_seq = dropped if last is None else pack_seq(int(last[0])) + int(last[1]) - 1
    return Head(history, HistoryId(row[1]), max(last_seq, _last_snapshot(connection, history)))


def load(
    connection: Connection, document_id: DocumentId, history_id: HistoryId | None, upto_seq: int | None
) -> StoredHistory | None:
    """The newest readable snapshot, not after `upto_seq`, and the updates behind it."""
    head = find_head(connection, document_id, history_id)
    if head is None:
        return None
    last_seq = head.last_seq if upto_seq is None else min(upto_seq, head.last_seq)
    snapshot, complete = _read_snapshot(connection, head.history, last_seq)
    start = snapshot.seq if snapshot else 0
    if start < _dropped(connection, head.history) and start != last_seq:
        return None  # between two points
    skipped = _skipped(connection, head.history)
    found = []
    authors = _Names(connection)
    for seq, entry in _entries_behind(connection, head.history, start):
        if seq > last_seq:
            break
        if entry is None:
            complete = False
        elif seq not in skipped:
            found.append(StoredUpdate(seq, authors.entry(entry)))
    return StoredHistory(head.history_id, snapshot, found, last_seq, complete)


def updates(
    connection: Connection, document_id: DocumentId, history_id: HistoryId, after_seq: int, limit: int
) -> Sequence[StoredUpdate]:
    """The kept log, sealed parts included."""
    head = find_head(connection, document_id, history_id)
    if head is None:
        return []
    skipped = _skipped(connection, head.history)
    names = _Names(connection)
    found: list[StoredUpdate] = []
    for seq, entry in _entries_behind(connection, head.history, after_seq):
        if len(found) >= limit:
            break
        if entry is not None and seq not in skipped:
            found.append(StoredUpdate(seq, names.entry(entry)))
    return found


def positions(connection: Connection, document_ids: Sequence[DocumentId]) -> dict[DocumentId, Position]:
    """Where the journals of these documents stand."""
    heads = {document_id: find_head(connection, document_id, None) for document_id in document_ids}
    return {one: Position(head.history_id, head.last_seq) for one, head in heads.items() if head is not None}


def since(
    connection: Connection, document_id: DocumentId, history_id: HistoryId, after_seq: int, limit: int
) -> Since | None:
    """What came to the current history behind a seq; None when it is another one, or no longer kept so far back."""
    head = find_head(connection, document_id, None)
    if head is None or head.history_id != history_id or after_seq < _dropped(connection, head.history):
        return None
    seq = min(head.last_seq, after_seq + limit)
    found = updates(connection, document_id, history_id, after_seq, limit)
    return Since([stored for stored in found if stored.seq <= seq], seq, head.last_seq)


class _Names:
    """Numbers of packed entries back to names, each asked once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._authors: dict[int, tuple[str, str]] = {}
        self._nodes: dict[int, str] = {}

    def entry(self, packed: PackedEntry) -> JournalEntry:
        if packed.author not in self._authors:
            row = one(self._connection, "SELECT author_id, name FROM authors WHERE id = ?", packed.author)
            self._authors[packed.author] = (row[0], row[1]) if row else ("", "")
        if packed.node not in self._nodes:
            row = one(self._connection, "SELECT name FROM nodes WHERE id = ?", packed.node)
            self._nodes[packed.node] = row[0] if row else ""
        author_id, name = self._authors[packed.author]
        return JournalEntry(packed.update, author_id, name, packed.at_ms, self._nodes[packed.node], packed.connection)


def snapshot_ages(connection: Connection, history: int) -> Sequence[tuple[int, int]]:
    """(seq, at_ms) of the kept snapshots."""
    rows = connection.execute(
        "SELECT id, at_ms FROM snapshots WHERE id >= ? AND id < ?", (pack_key(history, 0), pack_key(history + 1, 0))
    ).fetchall()
    return [(pack_seq(int(row[0])), int(row[1])) for row in rows]


def named_seqs(connection: Connection, history: int) -> set[int]:
    """Where points have names."""
    rows = connection.execute(
        "SELECT id FROM points WHERE id >= ? AND id < ?", (pack_key(history, 0), pack_key(history + 1, 0))
    ).fetchall()
    return {pack_seq(int(row[0])) for row in rows}


def _read_snapshot(connection: Connection, history: int, upto_seq: int) -> tuple[Snapshot | None, bool]:
    """The newest readable snapshot not after a seq, and whether no newer one was damaged."""
    complete = True
    rows = connection.execute(
        "SELECT id FROM snapshots WHERE id BETWEEN ? AND ? ORDER BY id DESC",
        (pack_key(history, 0), pack_key(history, upto_seq)),
    ).fetchall()
    for (key,) in rows:
        row = one(connection, "SELECT at_ms, checksum, state FROM snapshots WHERE id = ?", key)
        if row is not None and packing.checksum(key, row[2]) == row[1]:
            return Snapshot(pack_seq(key), zlib.decompress(row[2]), row[0]), True
        _log.error("journal_snapshot_damaged", history=history, seq=pack_seq(key))
        complete = False
    return None, complete


def _last_snapshot(connection: Connection, history: int) -> int:
    ages = snapshot_ages(connection, history)
    return max((seq for seq, _ in ages), default=0)


def _dropped(connection: Connection, history: int) -> int:
    row = one(connection, "SELECT dropped_seq FROM histories WHERE id = ?", history)
    return int(row[0]) if row else 0


def _skipped(connection: Connection, history: int) -> set[int]:
    rows = connection.execute("SELECT seq FROM quarantine WHERE history = ? AND seq IS NOT NULL", (history,))
    return {row[0] for row in rows.fetchall()}
