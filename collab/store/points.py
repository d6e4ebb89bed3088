"""Owns the statements about points: what can be loaded of the past, and what a person called it. Knows no thread.

A point is a snapshot; a name beside it keeps it from being thinned. Both stand under the same key.
"""

from __future__ import annotations

from collections.abc import Sequence

from collab.errors import HistoryChanged
from collab.store.base import ERASED_ID, ERASED_NAME, DocumentId, HistoryId, Point, PointName, Snapshot
from collab.store.driver import Connection, changes, one
from collab.store.journal import insert_snapshot
from collab.store.reading import find_head
from collab.store.schema import SEQ_BITS, pack_key, pack_seq

_POINTS = """
    SELECT h.history_id, s.id, s.at_ms, p.name, p.author_id, p.author_name, p.named_ms
    FROM documents d JOIN histories h ON h.document = d.id
    JOIN snapshots s ON s.id >= h.id << ?2 AND s.id < (h.id + 1) << ?2
    LEFT JOIN points p ON p.id = s.id
    WHERE d.document_id = ?1 ORDER BY s.id DESC
"""


def points(connection: Connection, document_id: DocumentId) -> Sequence[Point]:
    """All points of a document, newest first."""
    found = []
    for history_id, key, at_ms, *name in connection.execute(_POINTS, (document_id, SEQ_BITS)).fetchall():
        known = None if name[0] is None else PointName(*name)
        found.append(Point(HistoryId(history_id), pack_seq(int(key)), int(at_ms), known))
    return found


def name_point(
    connection: Connection, document_id: DocumentId, history_id: HistoryId, packed: Snapshot, name: PointName
) -> Point:
    """Name the past at a seq; the packed snapshot is kept if there is none there. Raises: HistoryChanged."""
    head = find_head(connection, document_id, history_id)
    if head is None or packed.seq > head.last_seq:
        raise HistoryChanged(f"{document_id} has nothing at {packed.seq} of the history {history_id}")
    key = pack_key(head.history, packed.seq)
    kept = one(connection, "SELECT at_ms FROM snapshots WHERE id = ?", key)
    if kept is None:
        insert_snapshot(connection, head.history, packed)
    connection.execute(
        "INSERT OR REPLACE INTO points VALUES (?, ?, ?, ?, ?)",
        (key, name.text, name.author_id, name.author_name, name.at_ms),
    )
    return Point(history_id, packed.seq, packed.at_ms if kept is None else int(kept[0]), name)


def forget_point(connection: Connection, document_id: DocumentId, history_id: HistoryId, seq: int) -> bool:
    """Take the name away; False when there was none."""
    head = find_head(connection, document_id, history_id)
    if head is None:
        return False
    connection.execute("DELETE FROM points WHERE id = ?", (pack_key(head.history, seq),))
    return changes(connection) > 0


def erase_author(connection: Connection, author_id: str) -> None:
    """Take a person out of the names that they gave."""
    connection.execute(
        "UPDATE points SET author_id = ?, author_name = ? WHERE author_id = ?", (ERASED_ID, ERASED_NAME, author_id)
    )
