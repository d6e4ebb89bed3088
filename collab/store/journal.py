"""Owns the writing of histories, packs and snapshots. Knows SQL and packs, no thread and no document.

The writer is the only one who appends, so it remembers where each document stands and an append is one INSERT.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from collab.errors import HistoryChanged, InternalError
from collab.store import histories, packing, registry
from collab.store.base import (
    DocumentId,
    HistoryId,
    JournalEntry,
    Note,
    SaveBase,
    Snapshot,
)
from collab.store.driver import Connection, Row, SqlValue, one
from collab.store.packing import SEGMENT_ENTRIES, PackedEntry
from collab.store.reading import Head, find_head, named_seqs, snapshot_ages
from collab.store.retention import kept_snapshots
from collab.store.schema import pack_key

REMEMBERED = 50_000
"""So many documents, authors and nodes the writer remembers before it forgets all and asks the tables again."""


@dataclass(frozen=True, slots=True)
class NewHistory:
    """A history to be created, with its first snapshot already packed."""

    history_id: HistoryId
    state: bytes | None
    save_base: SaveBase | None
    at_ms: int
    kind: str | None = None
    """None: the kind that the document has."""
    retired_vector: bytes = b""


class Appender:
    """The writing half of the journal, used by the writer's thread only."""

    def __init__(self) -> None:
        self._heads: dict[DocumentId, Head] = {}
        self._authors: dict[tuple[int, str, str], int] = {}
        self._nodes: dict[str, int] = {}

    def forget(self) -> None:
        """What was remembered may not be so: a commit was taken back, or the tables were changed elsewhere."""
        self._heads.clear()
        self._authors.clear()
        self._nodes.clear()

    def forget_document(self, document_id: DocumentId) -> None:
        """Another process may have written this document. May be called from any thread."""
        self._heads.pop(document_id, None)

    def append(
        self,
        connection: Connection,
        document_id: DocumentId,
        history_id: HistoryId,
        entries: Sequence[JournalEntry],
        notes: Sequence[Note] = (),
    ) -> int:
        """Journal the entries and take the notes; returns the last seq. Raises: HistoryChanged."""
        head = self._current(connection, document_id, history_id)
        for note in notes:
            _take_note(connection, document_id, note)
        return self._append(connection, head, entries)

    def hand_over(
        self, connection: Connection, document_id: DocumentId, history_id: HistoryId, entry: JournalEntry
    ) -> int:
        """Journal an edit behind the end of a retired history; returns its seq. Raises: HistoryChanged."""
        head = find_head(connection, document_id, history_id)
        if head is None or not histories.is_retired(connection, head.history):
            raise HistoryChanged(f"{document_id} has no retired history {history_id}")
        return self._append(connection, head, [entry])

    def _append(self, connection: Connection, head: Head, entries: Sequence[JournalEntry]) -> int:
        for start in range(0, len(entries), SEGMENT_ENTRIES):
            packed = [self._pack(connection, head.history, one) for one in entries[start : start + SEGMENT_ENTRIES]]
            insert_pack(connection, make_pack(pack_key(head.history, head.last_seq + 1), packed, sealed=False))
            head.last_seq += len(packed)
        return head.last_seq

    def create_history(
        self, connection: Connection, document_id: DocumentId, expected: HistoryId | None, new: NewHistory
    ) -> bool:
        """Compare-and-set the current history."""
        record = registry.document(connection, document_id)
        if record is None or record.history_id != expected:
            return False
        self._begin(connection, document_id, new)
        return True

    def rebase(
        self, connection: Connection, document_id: DocumentId, expected: HistoryId, seq: int, new: NewHistory
    ) -> bool:
        """Compare-and-set a fresh history in the place of one that ends at `seq`."""
        head = find_head(connection, document_id, None)
        if head is None or (head.history_id, head.last_seq) != (expected, seq):
            return False
        if not histories.may_retire(connection, head, document_id):
            return False
        histories.retire(connection, head, new.retired_vector)
        self._begin(connection, document_id, new)
        return True

    def _begin(self, connection: Connection, document_id: DocumentId, new: NewHistory) -> None:
        history = _number(
            connection,
            "INSERT INTO histories (history_id, document, created_ms)"
            " SELECT ?2, id, ?3 FROM documents WHERE document_id = ?1 RETURNING id",
            document_id,
            new.history_id,
            new.at_ms,
        )
        connection.execute(
            "UPDATE documents SET history = ?, kind = coalesce(?, kind) WHERE document_id = ?",
            (history, new.kind, document_id),
        )
        registry.set_save_base(connection, document_id, new.save_base)
        if new.state is not None:
            insert_snapshot(connection, history, Snapshot(0, new.state, new.at_ms))
        self._heads.pop(document_id, None)

    def write_snapshot(
        self, connection: Connection, document_id: DocumentId, history_id: HistoryId, snapshot: Snapshot
    ) -> None:
        """Keep a packed snapshot and drop those that are not needed any more. Raises: HistoryChanged."""
        history = self._current(connection, document_id, history_id).history
        insert_snapshot(connection, history, snapshot)
        ages = snapshot_ages(connection, history)
        drop_snapshots(connection, history, ages, kept_snapshots(ages, 0, named_seqs(connection, history)))

    def _current(self, connection: Connection, document_id: DocumentId, history_id: HistoryId) -> Head:
        head = self._heads.get(document_id)
        if head is None:
            head = find_head(connection, document_id, None)
            if head is not None:
                self._remember(document_id, head)
        if head is None or head.history_id != history_id:
            raise HistoryChanged(f"{document_id} has not the history {history_id}")
        return head

    def _remember(self, document_id: DocumentId, head: Head) -> None:
        if len(self._heads) >= REMEMBERED:
            self._heads.clear()
        self._heads[document_id] = head

    def _pack(self, connection: Connection, history: int, entry: JournalEntry) -> PackedEntry:
        author = self._author(connection, history, entry.author_id, entry.author_name)
        return PackedEntry(entry.update, author, self._node(connection, entry.node), entry.connection, entry.at_ms)

    def _author(self, connection: Connection, history: int, author_id: str, name: str) -> int:
        known = self._authors.get((history, author_id, name))
        if known is not None:
            return known
        if len(self._authors) >= REMEMBERED:
            self._authors.clear()
        row = one(connection, "SELECT id FROM authors WHERE author_id = ? AND name = ?", author_id, name)
        insert = "INSERT INTO authors (author_id, name) VALUES (?, ?) RETURNING id"
        author = int(row[0]) if row else _number(connection, insert, author_id, name)
        connection.execute("INSERT OR IGNORE INTO history_authors VALUES (?, ?)", (history, author))
        self._authors[history, author_id, name] = author
        return author

    def _node(self, connection: Connection, name: str) -> int:
        known = self._nodes.get(name)
        if known is not None:
            return known
        if len(self._nodes) >= REMEMBERED:
            self._nodes.clear()
        connection.execute("INSERT OR IGNORE INTO nodes (name) VALUES (?)", (name,))
        self._nodes[name] = _number(connection, "SELECT id FROM nodes WHERE name = ?", name)
        return self._nodes[name]


def _take_note(connection: Connection, document_id: DocumentId, note: Note) -> None:
    if isinstance(note, SaveBase):
        registry.set_save_base(connection, document_id, note)
    else:
        histories.note_absorbed(connection, document_id, note)


# -- packs --


def make_pack(key: int, entries: Sequence[PackedEntry], *, sealed: bool) -> Row:
    """One row of the journal; slow when sealed."""
    body = packing.encode_pack(entries)
    form = packing.SEALED if sealed else packing.PLAIN
    if sealed:
        body = packing.seal(body)
    return key, len(entries), form, packing.checksum(key, body), body


def insert_pack(connection: Connection, pack: Row) -> None:
    """Write one row of the journal."""
    connection.execute("INSERT INTO packs VALUES (?, ?, ?, ?, ?)", pack)


# -- snapshots --


def pack_state(state: bytes) -> bytes:
    """A snapshot's state as it is kept; slow for a large one, so it is not done in a commit."""
    return zlib.compress(state, 1)


def drop_snapshots(connection: Connection, history: int, ages: Sequence[tuple[int, int]], keep: set[int]) -> None:
    """Remove the snapshots that are not to be kept."""
    for seq, _ in ages:
        if seq not in keep:
            connection.execute("DELETE FROM snapshots WHERE id = ?", (pack_key(history, seq),))


def insert_snapshot(connection: Connection, history: int, snapshot: Snapshot) -> None:
    """Write a packed snapshot."""
    key = pack_key(history, snapshot.seq)
    connection.execute(
        "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)",
        (key, snapshot.at_ms, packing.checksum(key, snapshot.state), snapshot.state),
    )


def _number(connection: Connection, sql: str, *parameters: SqlValue) -> int:
    """The id that a statement gives back."""
    row = one(connection, sql, *parameters)
    if row is None:
        raise InternalError(f"no id came back from {sql!r}")
    return int(row[0])
